import { openModel } from '../models/catalogue.ts';
import { passageText } from '../retrieval/passage-text.ts';
import { database } from '../storage/database.ts';
import type { ExampleRow, NodeRow } from '../storage/schema.ts';
import { adviceFor } from '../training/advice.ts';
import type { TrainingEstimate, TrainingRequest } from '../training/contract.ts';
import { learnedExamples, type TrainingExamples } from '../training/examples.ts';
import { trainingRows } from '../training/run.ts';
import type { CompanionEstimate, CompanionRowsShape } from './contract.ts';
import { modelThere } from './model-there.ts';
import { clientOf } from './nodes.ts';
import { weightsHash } from './weights-hash.ts';

/**
 * What a run would take on a node: it measures a step there. Told are the settings, how many rows there are and how long
 * they are on average; none of them is sent.
 *
 * @throws AttuneError `companion/*`, `training/too-few`; AbortError
 */
export async function estimateThere(
  node: Pick<NodeRow, 'id' | 'name'>,
  request: TrainingRequest,
  signal: AbortSignal,
): Promise<TrainingEstimate> {
  const { task, modelId, settings, seed } = request;
  if (task === 'linear') throw new TypeError('Nodes make no linear adapters.');
  const client = await clientOf(node.id);
  const rows = await trainingRows(database(), request.datasetId);
  const examples = learnedExamples(request, rows);
  const hash = await weightsHash((await openModel(modelId)).description);
  const model = await modelThere(client, hash, { model: modelId, node: node.name }, signal);
  const found = await client.estimate({ task, model, settings, seed }, shapeOf(examples), signal);
  return estimateOf(found, request, node.name, examples.train.length);
}

/** Counts and mean lengths. */
export function shapeOf({ train, validation }: TrainingExamples): CompanionRowsShape {
  const mean = (read: (row: ExampleRow) => string) =>
    Math.max(1, Math.round(train.reduce((sum, row) => sum + read(row).length, 0) / train.length));
  return {
    rows: train.length,
    validation_rows: validation.length,
    characters: {
      question: mean(({ question }) => question),
      answer: mean(({ answer }) => answer),
      passage: mean(({ headings, passage }) => passageText({ headings, text: passage })),
    },
  };
}

/** As the tab's own estimates are. */
export function estimateOf(
  found: CompanionEstimate,
  request: Pick<TrainingRequest, 'task' | 'settings'>,
  nodeName: string,
  examples: number,
): TrainingEstimate {
  const { fits, steps = 0, seconds = 0 } = found;
  return {
    device: found.device ? `${found.device} of ${nodeName}` : nodeName,
    examples,
    steps,
    secondsPerStep: found.seconds_per_step ?? 0,
    seconds,
    memoryBytes: found.memory_bytes ?? 0,
    ...(found.memory_limit !== null && { memoryLimit: found.memory_limit }),
    fits,
    // How a node keeps the frozen weights is its own affair.
    advice: adviceFor(request, { fits, steps, seconds }).filter(({ knob }) => knob !== 'weights'),
  };
}
