import { citedNumbers } from '../evaluation/metrics/citations.ts';
import { refuses } from '../evaluation/metrics/refusal.ts';
import type { ExampleProvenance, MessageRow, PassageSnapshot } from '../storage/schema.ts';
import type { FromUseOptions, FromUseReport } from './contract.ts';
import type { DatasetStore, ExampleDraft } from './store.ts';
import { plainWords, wordsOf } from './words.ts';

/** With the space before them, which nobody wants in front of a full stop. */
const CITATIONS = /\s*\[\d+(?:\s*,\s*\d+)*\]/g;

/** An answer as it was given, on its way to a row. */
interface Given {
  question: string;
  answer: string;
  thought?: string | undefined;
  passages: readonly PassageSnapshot[];
  /** Numbers of the passages that hold it; none: found by its words. */
  cited: readonly number[];
  provenance: ExampleProvenance;
  /** A person saw it and said that it is right. */
  approved: boolean;
}

/** Rows from answers with a thumb up or a correction; see the contract. */
export async function fromChats(
  store: DatasetStore,
  workspaceId: string,
  options: FromUseOptions,
): Promise<FromUseReport> {
  const messages = await store.db.messages.where('workspaceId').equals(workspaceId).sortBy('createdAt');
  const skipped = new Counter();
  const asked = new Map<string, MessageRow>();
  const given = messages.flatMap((message): Given[] => {
    if (message.role === 'user') asked.set(message.chatId, message);
    const question = asked.get(message.chatId);
    if (message.role !== 'assistant' || !message.feedback || !question) return [];
    const read = ratedAnswer(question, message);
    if (typeof read !== 'string') return [read];
    skipped.add(read);
    return [];
  });
  const source = 'from rated and corrected answers';
  return addGiven(store, workspaceId, { name: 'Answers from chats', ...options }, source, given, skipped);
}

/** Rows from what the recorder kept; see the contract. */
export async function fromRecordings(
  store: DatasetStore,
  workspaceId: string,
  options: FromUseOptions,
): Promise<FromUseReport> {
  const recordings = await store.db.recordings.where('workspaceId').equals(workspaceId).sortBy('createdAt');
  const given = recordings.map(({ question, answer, passages, model }): Given => ({
    question,
    answer,
    passages,
    cited: citedNumbers(answer),
    provenance: { origin: 'recorded', generator: model },
    approved: false,
  }));
  const source = 'recorded from answers of larger models';
  return addGiven(store, workspaceId, { name: 'Recorded answers', ...options }, source, given, new Counter());
}

/** A rated answer, or why it makes no row. */
function ratedAnswer(question: MessageRow, message: MessageRow): Given | string {
  const { feedback, kind, passages = [], support = [], stats, searchedAs, reason } = message;
  const corrected = feedback!.correctedAnswer?.trim();
  if (feedback!.vote === 'down' && !corrected) return 'marked as wrong, without a correction';
  if (!corrected && (kind === 'failed' || kind === 'stopped')) return 'not finished';
  return {
    question: searchedAs ?? question.text,
    answer: corrected ?? (kind === 'notFound' ? '' : message.text),
    thought: corrected ? undefined : reason,
    passages,
    // What held up the answer that was wrong says nothing of the right one.
    cited: corrected ? citedNumbers(corrected) : [...new Set(support.flatMap((sentence) => sentence.passages))],
    provenance: { origin: 'chat', ...(stats && !corrected && { generator: stats.model }) },
    approved: true,
  };
}

async function addGiven(
  store: DatasetStore,
  workspaceId: string,
  { datasetId, name }: FromUseOptions & { name: string },
  source: string,
  given: readonly Given[],
  skipped: Counter,
): Promise<FromUseReport> {
  const known = new Set((datasetId ? await store.rows(datasetId) : []).map(keyOf));
  const drafts: ExampleDraft[] = [];
  for (const each of given) {
    const draft = draftOf(each);
    if (typeof draft === 'string') skipped.add(draft);
    else if (known.has(keyOf(draft))) skipped.add('already in the data set');
    else {
      known.add(keyOf(draft));
      drafts.push(draft);
    }
  }
  if (drafts.length === 0) return { datasetId: datasetId ?? null, added: 0, skipped: skipped.counts };
  const id = datasetId ?? (await store.create({ workspaceId, name, source }, [])).id;
  await store.append(id, drafts);
  return { datasetId: id, added: drafts.length, skipped: skipped.counts };
}

/** A row, or why there is none. */
function draftOf({ question, answer, thought, passages, cited, provenance, approved }: Given): ExampleDraft | string {
  if (passages.length === 0) return 'answered from no passages';
  const plain = answer.replace(CITATIONS, '').trim();
  const refusal = refuses(plain);
  const right = cited.flatMap((number) => passages.find((passage) => passage.number === number) ?? []);
  const [best, ...more] = right.length > 0 && !refusal ? right : [bestFor(plain, passages)];
  return {
    question,
    answer: refusal ? '' : plain,
    ...(thought && !refusal && { thought }),
    passage: best!.text,
    headings: best!.headings,
    documentKey: best!.path,
    chunkId: best!.chunkId,
    negatives: [],
    ...(refusal && { kind: 'unanswerable' as const }),
    ...(more.length > 0 && { kind: 'multi-passage' as const, morePassages: more.map(passageOf) }),
    provenance,
    ...(approved && { review: 'accepted' as const }),
  };
}

function passageOf({ text, headings, path: documentKey, chunkId }: PassageSnapshot) {
  return { text, headings, documentKey, chunkId };
}

/** The passage with most of the answer's words; of a refusal, the first one that was found. */
function bestFor(answer: string, passages: readonly PassageSnapshot[]): PassageSnapshot {
  const words = wordsOf(answer);
  const score = (text: string) => {
    const there = new Set(wordsOf(text));
    return words.filter((word) => there.has(word)).length;
  };
  return passages.reduce((a, b) => (score(b.text) > score(a.text) ? b : a));
}

function keyOf({ question, answer }: Pick<ExampleDraft, 'question' | 'answer'>): string {
  return plainWords(question) + plainWords(answer);
}

class Counter {
  readonly counts: Record<string, number> = {};

  add(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}
