import type { MessageRow } from '../../../storage/schema.ts';

/** Two answers to one question from the same passages: by the model as it is, and by the tuned one. */

/** Whether an adapter wrote a stored answer. */
export function wasTuned({ stats }: Pick<MessageRow, 'stats'>): boolean {
  return (stats?.adapters.length ?? 0) > 0;
}

/** The second answer as a message of its own: question and passages are those of the first. */
export function otherOf(message: MessageRow): MessageRow | undefined {
  if (!message.other) return undefined;
  const { text: _text, kind: _kind, replacedText: _replaced, support: _support, stats: _stats, ...shared } = message;
  const { problem: _problem, byHeart: _byHeart, other: _other, ...rest } = shared;
  return { ...rest, ...message.other };
}

/** Whether a model of ours wrote it from passages, so that it can be written once more without or with an adapter. */
export function otherReady({ stats, passages }: MessageRow): boolean {
  return stats?.engine === 'local' && (passages?.length ?? 0) > 0;
}
