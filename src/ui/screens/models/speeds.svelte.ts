import { generation } from '../../../generation/client.ts';
import { GENERATION_KNOBS } from '../../../generation/settings.ts';
import { valuesOf } from '../../../settings/knob.ts';
import { retrieval } from '../../../retrieval/client.ts';
import { database } from '../../../storage/database.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';

/** How fast a model was when it was last measured on this machine. */
export interface MeasuredSpeed {
  value: number;
  unit: 'tokens/s' | 'passages/s';
  device: string;
  at: number;
  /** Of an answer model, as it said when it was loaded. */
  contextTokens?: number;
  memoryBytes?: number;
}

const PREFIX = 'speed:';
const PASSAGES = 32;
const TOKENS = 48;

/** About the length of a real passage; every one differs, so that nothing can be answered from a cache. */
const passage = (n: number) =>
  `Paragraph ${n}. ${'A passage of a document is a few sentences long and says one thing, with its reasons. '.repeat(9)}`;

/** Measured speeds of all models, kept across sessions. */
class Speeds {
  #rows = new LiveQuery(async () => {
    const rows = await database().settings.where('key').startsWith(PREFIX).toArray();
    return new Map(rows.map((row) => [row.key.slice(PREFIX.length), row.value as MeasuredSpeed]));
  }, new Map<string, MeasuredSpeed>());

  of(modelId: string): MeasuredSpeed | undefined {
    return this.#rows.current.get(modelId);
  }

  /** Embeds passages with the search model in use. */
  async measureEmbedder(modelId: string, device: string): Promise<void> {
    // The first call may load the model; it is not what is measured.
    await retrieval.similarities([passage(0)], [passage(0)]);
    const texts = Array.from({ length: PASSAGES }, (_, n) => passage(n + 1));
    const started = performance.now();
    await retrieval.similarities(texts.slice(0, 1), texts.slice(1));
    const seconds = (performance.now() - started) / 1000;
    await keep(modelId, { value: PASSAGES / seconds, unit: 'passages/s', device, at: Date.now() });
  }

  /** Lets the loaded answer model write some words. */
  async measureGenerator(modelId: string, signal: AbortSignal): Promise<void> {
    const options = { ...valuesOf(GENERATION_KNOBS), maxNewTokens: TOKENS, seed: undefined };
    const turns = [{ role: 'user' as const, content: 'Tell me about libraries and how they keep books, in detail.' }];
    for await (const piece of generation.stream(turns, options, signal)) {
      if (!piece.stats) continue;
      const info = await generation.current();
      await keep(modelId, {
        value: piece.stats.tokensPerSecond,
        unit: 'tokens/s',
        device: info?.device ?? '',
        at: Date.now(),
        ...(info && { contextTokens: info.contextTokens, memoryBytes: info.memoryBytes }),
      });
    }
  }
}

async function keep(modelId: string, speed: MeasuredSpeed): Promise<void> {
  await database().settings.put({ key: PREFIX + modelId, value: speed });
}

export const speeds = new Speeds();
