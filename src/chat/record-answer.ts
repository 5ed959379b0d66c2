import type { AttuneDatabase } from '../storage/database.ts';
import type { MessageRow } from '../storage/schema.ts';
import type { KnobValues } from '../settings/knob.ts';
import type { CHAT_KNOBS } from './settings.ts';

/** Engines of models too large to be tuned here: what they answer is worth learning from. */
const TEACHERS = new Set(['endpoint', 'webllm', 'transformers']);

/**
 * Keeps an answer with its question and passages while recording is on: the data from which a small model learns to
 * answer as the large one does (`src/datasets` makes rows of them). Answers that were stopped, failed or taken from the
 * documents word for word teach nothing and are not kept.
 */
export async function recordAnswer(
  question: MessageRow,
  answer: MessageRow,
  { recordAnswers }: Pick<KnobValues<typeof CHAT_KNOBS>, 'recordAnswers'>,
  db: AttuneDatabase,
): Promise<void> {
  const { stats, passages, kind, byHeart, workspaceId } = answer;
  if (recordAnswers === 'never' || kind !== 'answer' || byHeart || !stats || !passages?.length) return;
  if (recordAnswers === 'teachers' && !TEACHERS.has(stats.engine)) return;
  await db.recordings.add({
    id: crypto.randomUUID(),
    workspaceId,
    // A follow-up means nothing without what was said before.
    question: answer.searchedAs ?? question.text,
    answer: answer.text,
    passages,
    model: [stats.model, ...stats.adapters].join(' with '),
    createdAt: Date.now(),
  });
}
