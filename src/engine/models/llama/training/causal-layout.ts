import type { CausalBatch, CausalExample, TeacherScores } from '../../../training/batches.ts';

/** Lengths are padded to a multiple of this: new shapes cost WebGPU new pipelines, and kernels like whole vectors. */
const STEP = 8;

/** A token that is to be predicted, or one of the tokens that a teacher holds likely. */
export interface Target {
  token: number;
  /** All shares of a row add up to 1. */
  share: number;
}

/** What the hidden state at one token is to predict. */
export interface LossRow {
  /** Place in the chunk, 0 to rows·length-1. */
  at: number;
  targets: readonly Target[];
  /** Share of the batch's mean loss; those of all rows of a batch add up to 1. */
  weight: number;
  /** What the loss comes to at best: the entropy of the teacher's part. */
  floor: number;
  /** Place among the tokens of the batch that have a loss. */
  index: number;
}

/** Rows of a batch that run together: [rows, length] tokens. */
export interface CausalChunk {
  rows: number;
  length: number;
  /** [rows·length], 0 where there is no token. */
  ids: Int32Array;
  /** Place of each token in its own sequence. */
  positions: Int32Array;
  /** Which example a token belongs to, and which branch of it (-1: the trunk, which all branches see; no token). */
  examples: Int32Array;
  branches: Int32Array;
  loss: LossRow[];
  /** Where each example begins. */
  starts: { example: CausalExample; at: number; length: number }[];
}

export interface CausalLayout {
  chunks: CausalChunk[];
  /** Tokens computed, padding left out. */
  tokens: number;
  /** Sequences that have a loss; a branch is one with its trunk. */
  sequences: number;
  /** Tokens that have a loss. */
  targets: number;
}

export interface LayoutOptions {
  /** What counts the same: every sequence, or every token. */
  mean: 'example' | 'token';
  /** Short examples share a row no longer than the longest; attention still sees its own sequence alone. */
  packing: boolean;
  /** Rows run together up to so many tokens; fewer take less memory, more use wide devices better. */
  chunkTokens: number;
  /** Share of a teacher's scores in the loss, where an example has them; the rest is the text itself. */
  teacherShare: number;
}

/**
 * Lays a batch out in chunks of rows, rows of like length together. How a batch is cut changes no gradient: the weights
 * of the rows are those of the whole batch.
 */
export function layOut({ examples }: CausalBatch, options: LayoutOptions): CausalLayout {
  const lengths = examples.map(tokenCount);
  const rows = (options.packing ? firstFit(lengths) : lengths.map((_, i) => [i]))
    .map((members) => ({ members, length: members.reduce((sum, i) => sum + lengths[i]!, 0) }))
    .sort((a, b) => b.length - a.length);
  const losses = examples.map((example) => lossesOf(example, options));
  const firstIndex = runningSum(losses.map(({ rows: own }) => own.length));
  const layout: CausalLayout = { chunks: [], tokens: 0, sequences: 0, targets: 0 };
  for (let from = 0; from < rows.length;) {
    const length = Math.ceil(Math.max(1, rows[from]!.length) / STEP) * STEP;
    const count = Math.min(rows.length - from, Math.max(1, Math.floor(options.chunkTokens / length)));
    const chunk = emptyChunk(count, length);
    rows.slice(from, from + count).forEach(({ members }, row) => {
      let at = row * length;
      for (const i of members) {
        place(chunk, examples[i]!, i, at);
        losses[i]!.rows.forEach((loss, k) => chunk.loss.push({ ...loss, at: at + loss.at, index: firstIndex[i]! + k }));
        at += lengths[i]!;
      }
    });
    layout.chunks.push(chunk);
    from += count;
  }
  layout.tokens = lengths.reduce((sum, n) => sum + n, 0);
  layout.sequences = losses.reduce((sum, { sequences }) => sum + sequences, 0);
  layout.targets = losses.reduce((sum, { rows: own }) => sum + own.length, 0);
  const all = layout.chunks.flatMap(({ loss }) => loss);
  const total = all.reduce((sum, { weight }) => sum + weight, 0);
  for (const row of all) row.weight /= total;
  return layout;
}

function tokenCount({ tokens, branches = [] }: CausalExample): number {
  return branches.reduce((sum, branch) => sum + branch.tokens.length, tokens.length);
}

function emptyChunk(rows: number, length: number): CausalChunk {
  const size = rows * length;
  return {
    rows,
    length,
    ids: new Int32Array(size),
    positions: new Int32Array(size),
    examples: new Int32Array(size).fill(-1),
    branches: new Int32Array(size).fill(-1),
    loss: [],
    starts: [],
  };
}

function place(chunk: CausalChunk, example: CausalExample, number: number, start: number): void {
  const { tokens, branches = [] } = example;
  let at = start;
  const write = (ids: readonly number[], position: number, branch: number) => {
    ids.forEach((id, i) => {
      chunk.ids[at] = id;
      chunk.positions[at] = position + i;
      chunk.examples[at] = number;
      chunk.branches[at++] = branch;
    });
  };
  write(tokens, 0, -1);
  branches.forEach((branch, b) => write(branch.tokens, tokens.length, b));
  chunk.starts.push({ example, at: start, length: at - start });
}

/** Rows of the loss with places counted from the example's start; weights not yet divided by their sum. */
function lossesOf({ tokens, lossFrom, teacher, branches = [] }: CausalExample, { mean, teacherShare }: LayoutOptions) {
  const row = (at: number, token: number, scores: TeacherScores | undefined, i: number) => ({
    at,
    ...targetsOf(token, scores, i, teacherShare),
  });
  const first = Math.max(1, lossFrom);
  const trunk = tokens.slice(first).map((token, i) => row(first + i - 1, token, teacher, i));
  let start = tokens.length;
  const own = branches.map((branch) => {
    const from = start;
    start += branch.tokens.length;
    return branch.tokens.slice(branch.lossFrom).map((token, i) => {
      // A branch's first token follows the end of the trunk.
      const place = branch.lossFrom + i === 0 ? tokens.length - 1 : from + branch.lossFrom + i - 1;
      return row(place, token, branch.teacher, i);
    });
  });
  // Written out one by one, every branch would have the trunk's loss too.
  const sequences = (own.length ? own : [[]]).filter((branch) => trunk.length + branch.length > 0);
  const weights = sequences.map((branch) => (mean === 'example' ? 1 / (trunk.length + branch.length) : 1));
  const trunkWeight = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    sequences: sequences.length,
    rows: [
      ...trunk.map((loss) => ({ ...loss, weight: trunkWeight })),
      ...sequences.flatMap((branch, i) => branch.map((loss) => ({ ...loss, weight: weights[i]! }))),
    ],
  };
}

function targetsOf(token: number, scores: TeacherScores | undefined, i: number, share: number) {
  if (!scores || share === 0) return { targets: [{ token, share: 1 }], floor: 0 };
  const from = i * scores.k;
  const likely = Array.from(scores.logProbabilities.subarray(from, from + scores.k), Math.exp);
  const total = likely.reduce((sum, p) => sum + p, 0);
  const chances = likely.map((p) => p / total);
  return {
    targets: [
      ...chances.map((p, k) => ({ token: scores.tokens[from + k]!, share: share * p })),
      ...(share < 1 ? [{ token, share: 1 - share }] : []),
    ],
    floor: -share * chances.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0),
  };
}

/** Examples that share a row, none longer than the longest example: first fit by decreasing length. */
function firstFit(lengths: readonly number[]): number[][] {
  const capacity = Math.max(0, ...lengths);
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const rows: { free: number; members: number[] }[] = [];
  for (const i of order) {
    let row = rows.find(({ free }) => free >= lengths[i]!);
    if (!row) rows.push((row = { free: capacity, members: [] }));
    row.free -= lengths[i]!;
    row.members.push(i);
  }
  return rows.map(({ members }) => members);
}

function runningSum(counts: readonly number[]): number[] {
  let sum = 0;
  return counts.map((count) => (sum += count) - count);
}
