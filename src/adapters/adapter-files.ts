import { writePeft } from '../engine/adapters/write-peft.ts';
import { PEFT_CONFIG, PEFT_WEIGHTS } from '../engine/adapters/peft-config.ts';
import { readPeft, type AdaptableModel } from '../engine/adapters/read-peft.ts';
import type { LoraAdapter } from '../engine/adapters/lora-adapter.ts';
import {
  LINEAR_CONFIG,
  LINEAR_WEIGHTS,
  readLinearAdapter,
  writeLinearAdapter,
  type LinearAdapter,
} from '../engine/adapters/linear-adapter.ts';
import { AttuneError } from '../errors/attune-error.ts';
import type { ModelFiles } from '../models/contract.ts';
import type { AdapterRow, TuningTask } from '../storage/schema.ts';
import { modelShape } from './model-shape.ts';

/** An adapter in memory, of either kind. */
export type TunedAdapter = ({ kind: 'lora'; adapter: LoraAdapter } | { kind: 'linear'; adapter: LinearAdapter }) & {
  /** A search model's: see {@link AdapterRow.denseWeight}. */
  denseWeight?: number;
};

/** The card of an adapter: its row, for people and for whoever gets the folder. */
export const CARD = 'card.json';

/** How PEFT wraps the base of each task. */
const PEFT_TASK = { embedder: 'FEATURE_EXTRACTION', reranker: 'SEQ_CLS', generator: 'CAUSAL_LM' } as const;

/** Every file of an adapter's folder but the card: full precision, so that it serves as it was trained. */
export function adapterFiles(tuned: TunedAdapter, task: TuningTask, modelName: string): Map<string, Blob> {
  if (tuned.kind === 'linear') {
    const { config, weights } = writeLinearAdapter(tuned.adapter);
    return new Map([
      [LINEAR_CONFIG, new Blob([config])],
      [LINEAR_WEIGHTS, weights],
    ]);
  }
  if (task === 'linear') throw new TypeError('A linear task makes a linear adapter.');
  const { config, weights } = writePeft(tuned.adapter, {
    task: PEFT_TASK[task],
    baseModel: modelName,
    dtype: 'F32',
  });
  return new Map([
    [PEFT_CONFIG, new Blob([config])],
    [PEFT_WEIGHTS, weights],
  ]);
}

/**
 * Reads an adapter's files for a model.
 *
 * @param read undefined for a file that is not there
 * @param model its files, or what of it can be adapted where that is known already; absent: it is behind an endpoint, or a
 *   matrix is read, which asks nothing of it
 * @throws AttuneError `adapters/*` naming the file or the tensor that is missing or does not fit
 */
export async function readAdapterFiles(
  read: (name: string) => Promise<Blob | undefined>,
  task: TuningTask,
  model: ModelFiles | AdaptableModel | undefined,
): Promise<TunedAdapter> {
  const need = async (name: string) => {
    const file = await read(name);
    if (file) return file;
    throw new AttuneError(
      'adapters/incomplete',
      `The adapter has no ${name}.`,
      'Choose the whole folder or the zip that the adapter was saved as.',
    );
  };
  const json = async (name: string): Promise<unknown> => {
    try {
      return JSON.parse(await (await need(name)).text());
    } catch (error) {
      if (error instanceof AttuneError) throw error;
      throw new AttuneError('adapters/bad-config', `${name} is not JSON.`, 'Save the adapter anew where it was made.');
    }
  };
  if (task === 'linear') {
    return { kind: 'linear', adapter: await readLinearAdapter(await json(LINEAR_CONFIG), await need(LINEAR_WEIGHTS)) };
  }
  if (!model) {
    throw new AttuneError(
      'adapters/wrong-model',
      'The adapter changes layers of a model, which cannot be reached behind an endpoint.',
      'Choose a linear adapter, or the model on this machine that it was made for.',
    );
  }
  const shape = 'modules' in model ? model : await modelShape(model, task);
  return { kind: 'lora', adapter: await readPeft(await json(PEFT_CONFIG), await need(PEFT_WEIGHTS), shape) };
}

/** Rank, alpha and layers as lists and cards show them. */
export function describeTuned({ kind, adapter }: TunedAdapter): Pick<AdapterRow, 'rank' | 'alpha' | 'targets'> {
  if (kind === 'linear') return { rank: adapter.rank, alpha: adapter.rank, targets: [] };
  const { rank, alpha, targets } = adapter.settings;
  return { rank, alpha, targets: [...targets] };
}
