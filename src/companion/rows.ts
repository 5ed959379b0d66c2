import type { ExampleRow, TuningTask } from '../storage/schema.ts';
import { AttuneError } from '../errors/attune-error.ts';
import { learnedExamples, type LearningRun } from '../training/examples.ts';
import { learnsOf } from '../training/settings.ts';
import type { CompanionShipment } from './contract.ts';

/**
 * Rows of a data set as a file for a node, and what is in it. Only what training reads goes along: no names of
 * documents, no history; documents are numbered, so that the node can keep them apart.
 *
 * @param withPassages false: questions and answers alone (a generator that learns without passages)
 * @param withThoughts for a generator that learns to give its reason first
 * @throws AttuneError `training/test-part`
 */
export function shipment(rows: readonly ExampleRow[], withPassages = true, withThoughts = false): CompanionShipment {
  const leaked = rows.some(({ split }) => split === 'test');
  if (leaked) {
    throw new AttuneError(
      'training/test-part',
      'Rows of the test part were about to be sent to the node.',
      'Send the parts for training and validation; the test part is for the final score.',
    );
  }
  const documents = new Map<string, string>();
  const lines = rows.map(({ question, answer, thought, passage, headings, documentKey, negatives, split }) => {
    const document = documents.get(documentKey) ?? `d${documents.size}`;
    documents.set(documentKey, document);
    const seen = withPassages ? { passage, headings, negatives } : {};
    const why = withThoughts && thought ? { thought } : {};
    return JSON.stringify({ question, answer, ...why, document, split, ...seen });
  });
  const file = new Blob([`${lines.join('\n')}\n`], { type: 'application/jsonl' });
  const passages = withPassages ? new Set(rows.flatMap(({ passage, negatives }) => [passage, ...negatives])).size : 0;
  return { rows: rows.length, passages, bytes: file.size, file };
}

/**
 * What a run sends: the rows that it would learn from here, those for validation among them, with their reasons where
 * its settings say that it learns them.
 *
 * @throws AttuneError `training/test-part`, `training/too-few`
 */
export function shipmentOf(run: LearningRun, rows: readonly ExampleRow[]): CompanionShipment {
  const { train, validation } = learnedExamples(run, rows);
  const withPassages = learnsOf(run.task, run.settings) !== 'closed-book';
  return shipment([...train, ...validation], withPassages, learnsReasons(run.task, run.settings));
}

/** Whether the reasons of rows go along. */
export function learnsReasons(task: TuningTask, settings: Readonly<Record<string, unknown>>): boolean {
  return task === 'generator' && settings['reasons'] === true && learnsOf(task, settings) === 'passages';
}
