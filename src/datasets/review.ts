import { AttuneError } from '../errors/attune-error.ts';
import type { ExampleRow } from '../storage/schema.ts';
import type { ExampleEdit, LabelledExample } from './contract.ts';
import type { DatasetStore, ExampleDraft } from './store.ts';
import { applyRules, scoreOf } from './quality/apply-rules.ts';

/** Rules that look at a row by itself and need no search: an edited row is looked at again by these at once. */
const ROW_RULES = ['wellFormed', 'length', 'selfContained', 'support'] as const;

/** Decides on rows; see the contract. */
export async function reviewExamples(
  store: DatasetStore,
  exampleIds: readonly string[],
  decision: ExampleRow['review'],
): Promise<void> {
  await eachDataset(store, exampleIds, (rows) => ({
    put: rows.map(({ review: _, ...row }) => ({ ...row, ...(decision && { review: decision }) })),
  }));
}

/** Deletes rows for good. */
export async function removeExamples(store: DatasetStore, exampleIds: readonly string[]): Promise<void> {
  await eachDataset(store, exampleIds, (rows) => ({ remove: rows.map(({ id }) => id) }));
}

/** Changes a row by hand; see the contract. */
export async function editExample(store: DatasetStore, exampleId: string, edit: ExampleEdit): Promise<void> {
  const before = await exampleOf(store, exampleId);
  const judged = await judgeAgain(store, before, edited(before, edit));
  await store.change(before.datasetId, async () => {
    const { removedBy: _, ...row } = edited(await exampleOf(store, exampleId), edit);
    return { put: [{ ...row, ...judged, editedAt: Date.now() }] };
  });
}

/** Takes decisions and edits back; see the contract. */
export async function restoreExamples(store: DatasetStore, rows: readonly ExampleRow[]): Promise<void> {
  const before = new Map(rows.map((row) => [row.id, row]));
  await eachDataset(store, [...before.keys()], (now) => ({
    put: now.map((row) => asBefore(row, before.get(row.id)!)),
  }));
}

/** Adds a row written by a person; see the contract. */
export async function addLabelled(store: DatasetStore, datasetId: string, example: LabelledExample): Promise<string> {
  const chunk = example.chunkId ? await store.db.chunks.get(example.chunkId) : undefined;
  const document = chunk && (await store.db.documents.get(chunk.documentId));
  const passage = example.passage ?? chunk?.text ?? '';
  if (passage.trim() === '') {
    throw new AttuneError(
      'datasets/no-passage',
      'The passage of this question is no longer there.',
      'Select a passage of a document again.',
    );
  }
  const question = example.question.trim();
  if (question === '') throw emptyQuestion();
  const answer = example.answer.trim();
  const moreAnswers = answer === '' ? [] : otherThan(answer, example.moreAnswers ?? []);
  const kind = example.kind ?? (answer === '' ? 'unanswerable' : undefined);
  const draft: ExampleDraft = {
    question,
    answer,
    ...(moreAnswers.length > 0 && { moreAnswers }),
    ...(example.thought?.trim() && { thought: example.thought.trim() }),
    passage,
    headings: example.headings ?? chunk?.headings ?? [],
    documentKey: example.documentKey ?? document?.path ?? '',
    ...(chunk && { chunkId: chunk.id }),
    negatives: [],
    ...(kind && { kind }),
    // No words hold an answer that is not there.
    ...(example.evidence && answer !== '' && { evidence: within(example.evidence, passage) }),
    ...(example.morePassages?.length && { morePassages: example.morePassages }),
    provenance: { origin: 'labelled' },
    review: 'accepted',
  };
  const [row] = await store.append(datasetId, [draft]);
  return row!.id;
}

function edited(row: ExampleRow, edit: ExampleEdit): ExampleRow {
  const { question, answer, moreAnswers, thought, kind, evidence, negatives, split } = edit;
  if (split !== undefined && row.split === 'test') {
    throw new AttuneError(
      'datasets/test-locked',
      'This question belongs to the test part, which stays as it was dealt.',
      'Split the data set anew if questions must change their part.',
    );
  }
  if (question?.trim() === '') throw emptyQuestion();
  const next: ExampleRow = {
    ...row,
    ...(question !== undefined && { question: question.trim() }),
    ...(answer !== undefined && { answer: answer.trim() }),
    ...(moreAnswers !== undefined && { moreAnswers }),
    ...(thought !== undefined && { thought: thought.trim() }),
    ...(kind !== undefined && { kind }),
    ...(evidence !== undefined && { evidence: within(evidence, row.passage) }),
    ...(negatives !== undefined && { negatives }),
    ...(split !== undefined && { split }),
  };
  if (next.thought === '') delete next.thought;
  if (next.moreAnswers) next.moreAnswers = otherThan(next.answer, next.moreAnswers);
  if (next.answer === '' || next.moreAnswers?.length === 0) delete next.moreAnswers;
  if (kind === undefined) kindByAnswer(next, row.answer);
  return next;
}

function otherThan(answer: string, others: readonly string[]): string[] {
  const trimmed = others.map((other) => other.trim());
  return [...new Set(trimmed)].filter((other) => other !== '' && other !== answer);
}

/** An answer that a person takes away says that the passage lacks it; one that never was is merely unknown. */
function kindByAnswer(row: ExampleRow, before: string): void {
  if (row.answer === '' && before !== '') {
    row.kind = 'unanswerable';
    delete row.evidence;
  } else if (row.answer !== '' && row.kind === 'unanswerable') delete row.kind;
}

/**
 * Findings of the rules that need nothing but the row, in the place of those from before the edit. Others look at the
 * question beside a search or other rows: what they found stands while the question does.
 */
async function judgeAgain(
  store: DatasetStore,
  before: ExampleRow,
  after: ExampleRow,
): Promise<Pick<ExampleRow, 'quality' | 'removedBy'>> {
  const { quality, removedBy } = before;
  const same = before.question === after.question;
  if (!quality) return same && removedBy !== undefined ? { removedBy } : {};
  const { rules } = await store.dataset(after.datasetId);
  // What a model said of another question or answer says nothing of this one.
  const { quality: _, ...anew } = after;
  const asked = same && before.answer === after.answer ? after : anew;
  const own = (await applyRules([asked], { rules, only: ROW_RULES }))[0]!;
  const isOwn = (rule: string) => ROW_RULES.some((key) => key === rule);
  const kept = quality.findings.filter(({ rule }) => !isOwn(rule) && (same || rule === 'language'));
  const findings = [...own.quality.findings, ...kept];
  const stillOut = same && removedBy !== undefined && !isOwn(removedBy) ? removedBy : undefined;
  const out = own.removedBy ?? stillOut;
  return { quality: { score: scoreOf(findings), findings }, ...(out !== undefined && { removedBy: out }) };
}

/** What was dealt and mined since stays, and so does what rules have found where only a decision is taken back. */
function asBefore(now: ExampleRow, before: ExampleRow): ExampleRow {
  const { review: _, ...row } = now;
  const { review } = before;
  if (now.editedAt === before.editedAt) return { ...row, ...(review && { review }) };
  const { split, negatives, ordinal } = now;
  return { ...before, split, negatives, ordinal };
}

function within(span: { start: number; end: number }, passage: string): { start: number; end: number } {
  const start = Math.min(Math.max(0, Math.floor(span.start)), passage.length);
  return { start, end: Math.min(Math.max(start, Math.floor(span.end)), passage.length) };
}

async function exampleOf(store: DatasetStore, id: string): Promise<ExampleRow> {
  const row = await store.db.examples.get(id);
  if (row) return row;
  throw new AttuneError('datasets/missing-row', 'This question no longer exists.', 'Go on with the next one.');
}

/** Rows of several data sets may be selected; each data set changes by itself. */
async function eachDataset(
  store: DatasetStore,
  exampleIds: readonly string[],
  change: (rows: ExampleRow[]) => { put?: ExampleRow[]; remove?: string[] },
): Promise<void> {
  const known = (await store.db.examples.bulkGet([...exampleIds])).filter((row) => row !== undefined);
  for (const datasetId of new Set(known.map((row) => row.datasetId))) {
    const ids = known.filter((row) => row.datasetId === datasetId).map(({ id }) => id);
    await store.change(datasetId, async () => {
      // Read again inside: a decision must not bring back what an edit a moment ago changed.
      const rows = (await store.db.examples.bulkGet(ids)).filter((row) => row !== undefined);
      return change(rows);
    });
  }
}

function emptyQuestion(): AttuneError {
  return new AttuneError('datasets/empty-question', 'The question is empty.', 'Write a question, or reject the row.');
}
