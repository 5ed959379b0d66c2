import type { ExampleRow } from '../../storage/schema.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import { distinctPassages, type PoolPassage } from '../examples.ts';
import { mineNegatives } from '../negatives.ts';
import { embeddingSeconds } from './embedding-time.ts';
import type { TaskInput } from './task.ts';
import type { Encode, TextForm } from './text-form.ts';
import { workspaceShare } from './workspace-share.ts';

interface MiningSettings {
  hardNegatives: number;
  negativesFrom: 'dataset' | 'workspace';
  negativeMargin: number;
}

type MiningInput = Pick<TaskInput, 'memo' | 'onProgress' | 'probing' | 'seed' | 'signal' | 'workspacePassages'>;

/** More of a large library would take longer to embed than the training takes. */
const WORKSPACE_LIMIT = 3000;
const MEMO = 'negatives';

/**
 * Hard negatives of training examples, mined with the untuned search model: those that the data set names come first.
 * What was mined is remembered, so that a run that goes on after a crash sees the same ones.
 *
 * @param encode must embed as the untuned model does
 * @returns for each example `hardNegatives` passages
 */
export async function hardNegatives<Text>(
  input: MiningInput,
  settings: MiningSettings,
  train: readonly ExampleRow[],
  texts: TextForm<Text>,
  encode: Encode<Text>,
): Promise<PoolPassage[][]> {
  const { hardNegatives: count } = settings;
  if (count === 0) return train.map(() => []);
  const pool = await miningPool(input, settings, train);
  const mined = input.probing ? train.map((_, i) => neighbours(i, pool.length, count)) : await mine();
  return train.map((example, i) => {
    const named = example.negatives.map((text) => ({ text, headings: [], documentKey: '' }));
    const chosen = [...named, ...mined[i]!.map((p) => pool[p]!)].slice(0, count);
    // A batch needs the same number for every question; a tiny pool may not have them.
    while (chosen.length < count) chosen.push(chosen[chosen.length - 1] ?? pool[(i + 1) % pool.length]!);
    return chosen;
  });

  async function mine(): Promise<number[][]> {
    const remembered = input.memo?.get(MEMO) as { pool: number; mined: number[][] } | undefined;
    if (remembered && remembered.pool === pool.length && remembered.mined.length === train.length)
      return remembered.mined;
    const [queryVectors, poolVectors] = await embeddedInParts(
      input,
      [train.map(({ question }) => texts.query(question)), pool.map((passage) => texts.passage(passage))],
      encode,
    );
    const mined = mineNegatives({
      examples: train,
      pool,
      queryVectors,
      poolVectors,
      dimensions: poolVectors.length / pool.length,
      count,
      margin: settings.negativeMargin,
      seed: input.seed,
    });
    await input.memo?.set(MEMO, { pool: pool.length, mined });
    return mined;
  }
}

/**
 * Seconds that {@link hardNegatives} would take, for an estimate, which mines none.
 *
 * @param encode as there
 */
export async function miningSeconds<Text>(
  input: MiningInput,
  settings: MiningSettings,
  train: readonly ExampleRow[],
  texts: TextForm<Text>,
  encode: Encode<Text>,
): Promise<number> {
  if (settings.hardNegatives === 0) return 0;
  // A probe leaves the workspace alone; what would be embedded of it counts.
  const passages = await miningPool({ ...input, probing: false }, settings, train);
  return embeddingSeconds({ questions: train.map(({ question }) => question), passages }, texts, encode, input.signal);
}

/** Passages among which wrong ones are looked for: those of the training part, and of the workspace where that is wanted. */
export async function miningPool(
  input: Pick<TaskInput, 'memo' | 'probing' | 'workspacePassages'>,
  { negativesFrom }: Pick<MiningSettings, 'negativesFrom'>,
  train: readonly ExampleRow[],
): Promise<PoolPassage[]> {
  const own = distinctPassages(train);
  const known = new Set(own.map(passageText));
  if (negativesFrom === 'dataset' || input.probing) return own;
  const others = (all: readonly PoolPassage[]) => all.filter((passage) => !known.has(passageText(passage)));
  return [...own, ...(await workspaceShare(input, 'mined passages', (all) => others(all).slice(0, WORKSPACE_LIMIT)))];
}

/** Vectors of two lists of texts, in small parts, with progress over both. */
export async function embeddedInParts<Text>(
  { onProgress, signal }: Pick<TaskInput, 'onProgress' | 'signal'>,
  [questions, passages]: readonly [readonly Text[], readonly Text[]],
  encode: Encode<Text>,
): Promise<[Float32Array, Float32Array]> {
  const total = questions.length + passages.length;
  const all = async (texts: readonly Text[], before: number, kind: 'query' | 'passage') => {
    const parts: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += 64) {
      onProgress?.({ stage: 'Searching the passages', done: before + at, total });
      parts.push(await encode(texts.slice(at, at + 64), signal, kind));
    }
    return joined(parts);
  };
  return [await all(questions, 0, 'query'), await all(passages, questions.length, 'passage')];
}

/** Stand-ins for an estimate: as long as real ones. */
export function neighbours(i: number, size: number, count: number): number[] {
  return Array.from({ length: Math.min(count, size - 1) }, (_, n) => (i + n + 1) % size);
}

export function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
