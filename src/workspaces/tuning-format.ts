import * as v from 'valibot';

/**
 * The part of an exported workspace that tuning made, all of it optional:
 *
 * - `datasets.jsonl`, `examples.jsonl` (rows in `laboratory-format.ts`), `runs.jsonl`, `run-points.jsonl`, `adapters.jsonl`: a row per line as in
 *   `storage/schema.ts`, without the workspace's id. Runs come without their checkpoints.
 * - `adapters/<id>/<file>`: the files of each adapter.
 */
const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const id = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/));
const text = v.string();
const texts = v.array(text);
const task = v.picklist(['embedder', 'reranker', 'generator', 'linear']);
const hash = v.pipe(text, v.regex(/^[0-9a-f]{64}$/));
const plain = v.record(text, v.union([text, v.number(), v.boolean()]));
const problem = v.object({ code: text, message: text, wayOut: text });

export const runSchema = v.object({
  id,
  name: text,
  task,
  modelId: text,
  datasetId: text,
  datasetHash: text,
  questions: v.optional(whole),
  seed: v.number(),
  settings: plain,
  searchAdapterId: v.optional(text),
  state: v.picklist(['waiting', 'running', 'paused', 'done', 'cancelled', 'failed']),
  step: whole,
  steps: whole,
  best: v.optional(v.object({ step: whole, score: v.number() })),
  scoreName: text,
  baseScore: v.optional(v.number()),
  ended: v.optional(v.picklist(['finished', 'early', 'stopped'])),
  adapterId: v.optional(text),
  sweepId: v.optional(text),
  sweep: v.optional(
    v.object({
      method: v.picklist(['grid', 'halving']),
      values: v.record(text, v.union([text, v.number()])),
      trial: whole,
    }),
  ),
  seconds: v.number(),
  device: text,
  problem: v.optional(problem),
  createdAt: whole,
  updatedAt: whole,
});

export const runPointSchema = v.object({
  runId: id,
  step: whole,
  kind: v.picklist(['step', 'validation']),
  loss: v.optional(v.number()),
  learningRate: v.optional(v.number()),
  gradientNorm: v.optional(v.number()),
  tokensPerSecond: v.optional(v.number()),
  seconds: v.optional(v.number()),
  score: v.optional(v.number()),
  figures: v.optional(v.record(text, v.number())),
});

export const adapterSchema = v.object({
  id,
  name: text,
  description: text,
  task,
  modelId: text,
  modelName: text,
  rank: v.number(),
  alpha: v.number(),
  targets: texts,
  bytes: whole,
  sha256: hash,
  baseLicence: text,
  dataLicence: v.optional(text),
  scores: v.array(v.object({ name: text, base: v.optional(v.number()), tuned: v.number() })),
  runId: v.optional(text),
  datasetHash: v.optional(text),
  source: text,
  denseWeight: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  recipe: v.optional(
    v.object({
      system: text,
      passages: whole,
      passageCharacters: whole,
      refusal: text,
      reasons: v.optional(v.boolean()),
    }),
  ),
  createdAt: whole,
});

/** Names of files in an adapter's folder: nothing that leads out of it. */
export const adapterFilePattern = /^adapters\/([\w-]{1,64})\/([\w.-]{1,80})$/;

/** Key `adapters` of a workspace's settings. */
export const workspaceAdaptersSchema = v.object({
  embedder: v.optional(text),
  reranker: v.optional(text),
  generator: v.optional(v.nullable(text)),
});
