import type { CausalBatch } from '../../../training/batches.ts';

/** Lengths are padded to a multiple of this: new shapes cost WebGPU new pipelines, and kernels like whole vectors. */
const STEP = 8;

/** What a row of the loss says: the hidden state at `token` (0 to B·T-1) is to predict `target`. */
export interface LossRow {
  token: number;
  target: number;
  /** Its share of the batch's mean loss; all of them add up to 1. */
  weight: number;
}

/** A batch laid out as B rows of T tokens. */
export interface CausalLayout {
  rows: number;
  length: number;
  /** [B·T], 0 where there is none. */
  ids: Int32Array;
  /** Place of each token in its own sequence, [B·T]. */
  positions: Int32Array;
  /** Which sequence a token belongs to, and which branch of it (-1: the trunk that all of them see); [B·T]. */
  trees: Int32Array;
  branches: Int32Array;
  loss: LossRow[];
  /** Tokens computed, padding left out, and sequences that have a loss. */
  tokens: number;
  sequences: number;
}

/** `example`: every sequence counts the same; `token`: every token does. */
export type LossMean = 'example' | 'token';

/**
 * Lays examples out in rows. Without packing each has a row of its own; with packing short ones share rows, first fit by
 * decreasing length, no longer than the longest example: attention sees its own sequence alone.
 */
export function layOut(batch: CausalBatch, mean: LossMean, packing: boolean): CausalLayout {
  const lengths = batch.examples.map(
    ({ tokens, branches = [] }) => tokens.length + branches.reduce((sum, branch) => sum + branch.tokens.length, 0),
  );
  const length = Math.ceil(Math.max(1, ...lengths) / STEP) * STEP;
  const rows = packing ? firstFit(lengths, length) : lengths.map((_, i) => [i]);
  const size = rows.length * length;
  const layout: CausalLayout = {
    rows: rows.length,
    length,
    ids: new Int32Array(size),
    positions: new Int32Array(size),
    trees: new Int32Array(size).fill(-1),
    branches: new Int32Array(size).fill(-1),
    loss: [],
    tokens: lengths.reduce((sum, n) => sum + n, 0),
    sequences: 0,
  };
  rows.forEach((examples, row) => {
    let at = row * length;
    for (const i of examples) at = place(layout, batch.examples[i]!, i, at);
  });
  const total = mean === 'example' ? layout.sequences : layout.loss.reduce((sum, { weight }) => sum + weight, 0);
  for (const row of layout.loss) row.weight /= total;
  return layout;

  function place(out: CausalLayout, example: CausalBatch['examples'][number], tree: number, start: number): number {
    const { tokens, lossFrom, branches = [] } = example;
    let at = start;
    const write = (ids: readonly number[], position: number, branch: number) => {
      ids.forEach((id, i) => {
        out.ids[at] = id;
        out.positions[at] = position + i;
        out.trees[at] = tree;
        out.branches[at++] = branch;
      });
    };
    write(tokens, 0, -1);
    const trunk: { token: number; target: number }[] = [];
    for (let i = Math.max(1, lossFrom); i < tokens.length; i++)
      trunk.push({ token: start + i - 1, target: tokens[i]! });
    const sequences = branches.map((branch, b) => {
      const from = at;
      write(branch.tokens, tokens.length, b);
      const own: { token: number; target: number }[] = [];
      for (let i = branch.lossFrom; i < branch.tokens.length; i++) {
        own.push({ token: i === 0 ? start + tokens.length - 1 : from + i - 1, target: branch.tokens[i]! });
      }
      return own;
    });
    // Written out one by one, every branch would have the trunk's loss too.
    let trunkWeight = 0;
    for (const own of branches.length ? sequences : [[]]) {
      const count = trunk.length + own.length;
      if (count === 0) continue;
      out.sequences++;
      const weight = mean === 'example' ? 1 / count : 1;
      trunkWeight += weight;
      for (const row of own) out.loss.push({ ...row, weight });
    }
    for (const row of trunk) out.loss.push({ ...row, weight: trunkWeight });
    return at;
  }
}

function firstFit(lengths: readonly number[], capacity: number): number[][] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const rows: { free: number; examples: number[] }[] = [];
  for (const i of order) {
    let row = rows.find(({ free }) => free >= lengths[i]!);
    if (!row) rows.push((row = { free: capacity, examples: [] }));
    row.free -= lengths[i]!;
    row.examples.push(i);
  }
  return rows.map(({ examples }) => examples);
}

/** Scores of the future, of other sequences and of other branches; small enough that their softmax is 0. */
const HIDDEN = -1e9;

/**
 * What each token may look at, [B, 1, T, T]: itself and what comes before it in its own sequence, within the window.
 * Padding at the end of a row need not be hidden: nobody before it can see it.
 */
export function attentionMask(layout: CausalLayout, window = Infinity): Float32Array<ArrayBuffer> {
  const { rows, length, trees, branches, positions } = layout;
  const mask = new Float32Array(rows * length * length).fill(HIDDEN);
  for (let token = 0; token < rows * length; token++) {
    const first = token - (token % length);
    const to = token * length - first;
    for (let other = first; other <= token; other++) {
      const same = trees[other] === trees[token] && (branches[other] === -1 || branches[other] === branches[token]);
      if (same && positions[token]! - positions[other]! < window) mask[to + other] = 0;
    }
  }
  return mask;
}
