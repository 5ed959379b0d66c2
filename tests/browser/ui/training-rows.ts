import { database } from '../../../src/storage/database.ts';
import type { DatasetRow, ExampleRow, RunPointRow, RunRow } from '../../../src/storage/schema.ts';

/** Rows as the training worker leaves them, for screens that only read them. */

export const HASH = 'ab12cd34ef56'.padEnd(64, '0');

export async function addDataset(workspaceId: string, id = 'ds1', name = 'Handbook questions'): Promise<DatasetRow> {
  const examples = Array.from({ length: 40 }, (_, n): ExampleRow => {
    const split = n < 32 ? 'train' : n < 36 ? 'validation' : 'test';
    return {
      ...{ id: `${id}-${n}`, datasetId: id, workspaceId, ordinal: n, split, negatives: [], headings: ['Leave'] },
      question: `How many days does country ${n} give?`,
      answer: `${n} days`,
      passage: `In country ${n} everybody gets ${n} days.`,
      documentKey: `leave/${n % 8}.md`,
    };
  });
  const row: DatasetRow = {
    ...{ id, workspaceId, name, source: 'leave.jsonl', hash: HASH, createdAt: 1, updatedAt: 1 },
    counts: { train: 32, validation: 4, test: 4 },
  };
  await database().datasets.add(row);
  await database().examples.bulkAdd(examples);
  return row;
}

/** A run with its points: a check every ten steps, the best at step `peak`. */
export async function addRun(workspaceId: string, id: string, changes: Partial<RunRow> = {}, peak = 30): Promise<void> {
  const step = changes.step ?? 40;
  const scoreAt = (at: number) => 0.5 + 0.2 * (1 - Math.abs(at - peak) / 40);
  const points: RunPointRow[] = [];
  for (let at = 1; at <= step; at++) {
    points.push({
      ...{ runId: id, step: at, kind: 'step', loss: 2 / at, learningRate: 1e-3, gradientNorm: 1 },
      ...{ tokensPerSecond: 2000, seconds: 1.5 },
    });
  }
  for (let at = 10; at <= step; at += 10) {
    points.push({ runId: id, step: at, kind: 'validation', score: scoreAt(at), figures: { 'recall@5': 0.8 } });
  }
  const row: RunRow = {
    ...{ id, workspaceId, name: `Run ${id}`, task: 'embedder', modelId: 'all-MiniLM-L6-v2', datasetId: 'ds1' },
    ...{
      datasetHash: HASH,
      seed: 1,
      settings: { rank: 8, validateEvery: 10, patience: 3 },
      state: 'done',
      step,
      steps: 40,
    },
    ...{ best: { step: peak, score: scoreAt(peak) }, scoreName: 'MRR@10', baseScore: 0.5, seconds: 60 },
    ...{ device: 'wasm, 2 threads', createdAt: Date.now(), updatedAt: Date.now() },
    ...changes,
  };
  await database().runPoints.bulkAdd(points);
  await database().runs.add(row);
}
