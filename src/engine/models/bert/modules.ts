import type { LinearModule } from '../../training/lora-parameters.ts';
import type { BertConfig } from './config.ts';
import { LINEARS, linearShape } from './weights.ts';

/**
 * The linear layers of an encoder that can be adapted, by their path in the Hugging Face model.
 *
 * @param prefix `bert.` within a `BertForSequenceClassification`, nothing for a bare `BertModel`
 */
export function bertModules(config: BertConfig, prefix = ''): LinearModule[] {
  return Array.from({ length: config.layers }, (_, block) =>
    LINEARS.map((name) => {
      const [inFeatures, outFeatures] = linearShape(name, config);
      return { path: `${blockPath(block, prefix)}.${name}`, inFeatures, outFeatures };
    }),
  ).flat();
}

export function blockPath(block: number, prefix = ''): string {
  return `${prefix}encoder.layer.${block}`;
}
