import * as v from 'valibot';
import { datasetFields, exampleFields } from '../datasets/formats/native.ts';

/**
 * The part of an exported workspace that the studio and the laboratory keep beside data sets and runs, all of it
 * optional: `dataset-versions.jsonl`, `recordings.jsonl`, `evaluations.jsonl`, `evaluation-scores.jsonl`, `votes.jsonl`,
 * a row per line as in `storage/schema.ts`, without the workspace's id. Cached results and unfinished runs of the
 * question writer stay behind: both can be made again.
 */
const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const id = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/));
const text = v.string();
const split = v.picklist(['train', 'validation', 'test']);
const counts = v.object({ train: whole, validation: whole, test: whole });
const numbers = v.record(text, v.number());
const plain = v.record(text, v.union([text, v.number(), v.boolean()]));

/** A data set's own row; older archives lack what came later. */
export const datasetSchema = v.object({
  id,
  name: text,
  source: text,
  hash: text,
  counts,
  version: v.optional(whole),
  ...datasetFields,
  createdAt: whole,
  updatedAt: whole,
});

export const exampleSchema = v.object({ id: text, datasetId: id, ordinal: whole, ...exampleFields });

const { seed, split: dealt, rules } = datasetFields;
export const versionSchema = v.object({
  datasetId: id,
  version: whole,
  hash: text,
  counts,
  note: text,
  examples: v.array(exampleSchema),
  settings: v.optional(v.object({ seed, split: dealt, rules })),
  createdAt: whole,
});

const passage = v.looseObject({ chunkId: text, documentId: text, number: whole, text });

export const recordingSchema = v.object({
  question: text,
  answer: text,
  passages: v.array(passage),
  model: text,
  createdAt: whole,
});

const model = v.object({
  modelId: text,
  adapterId: v.optional(v.nullable(text)),
  engine: v.optional(v.picklist(['local', 'transformers', 'webllm', 'endpoint'])),
});

export const evaluationSchema = v.object({
  id,
  name: text,
  datasetId: text,
  datasetHash: text,
  split,
  exampleIds: v.array(text),
  seed: v.number(),
  settings: plain,
  configurations: v.array(
    v.object({
      id: text,
      name: text,
      embedder: v.nullable(model),
      reranker: v.nullable(model),
      generator: v.nullable(model),
    }),
  ),
  judge: v.optional(model),
  voting: v.optional(v.object({ judge: model, first: text, second: text })),
  passageCount: v.optional(whole),
  machines: v.optional(
    v.record(
      text,
      v.object({ search: v.optional(text), answer: v.optional(text), memoryBytes: v.optional(v.number()) }),
    ),
  ),
  state: v.picklist(['waiting', 'running', 'paused', 'done', 'cancelled', 'failed']),
  seconds: v.number(),
  device: text,
  problem: v.optional(v.object({ code: text, message: text, wayOut: text })),
  createdAt: whole,
  updatedAt: whole,
});

export const scoreSchema = v.object({
  evaluationId: id,
  configurationId: text,
  exampleId: text,
  passages: v.array(v.object({ chunkId: text, documentKey: text, text, relevant: v.boolean() })),
  rank: v.optional(whole),
  answer: v.optional(text),
  scores: numbers,
  failure: v.optional(v.picklist(['notRetrieved', 'rankedLow', 'wrongFromRight', 'unsupported', 'refused'])),
  judgement: v.optional(v.object({ scores: numbers, reason: text })),
  opinion: v.optional(v.picklist(['right', 'wrong'])),
  cost: v.optional(
    v.object({
      searchSeconds: v.optional(v.number()),
      rerankSeconds: v.optional(v.number()),
      answerSeconds: v.optional(v.number()),
      firstTokenSeconds: v.optional(v.number()),
      promptTokens: v.optional(v.number()),
      outputTokens: v.optional(v.number()),
      tokensPerSecond: v.optional(v.number()),
    }),
  ),
});

const votedAnswer = v.object({ configurationId: text, name: text, answer: text, prompt: v.optional(text) });

export const voteSchema = v.object({
  question: text,
  answers: v.tuple([votedAnswer, votedAnswer]),
  winner: v.union([v.literal(0), v.literal(1), v.literal('tie'), v.literal('neither')]),
  blind: v.boolean(),
  by: text,
  reason: v.optional(text),
  createdAt: whole,
});
