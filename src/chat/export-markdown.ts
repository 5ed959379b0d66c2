import { AttuneError } from '../errors/attune-error.ts';
import { database } from '../storage/database.ts';
import type { MessageRow, PassageSnapshot } from '../storage/schema.ts';
import { listMessages } from './chats.ts';

/**
 * A chat as a Markdown document: questions as headings, answers with their citations, and under each answer the
 * passages that it cites, quoted with file, headings and page.
 *
 * @throws AttuneError `chat/missing` when the chat is gone.
 */
export async function exportChat(chatId: string, db = database()): Promise<string> {
  const chat = await db.chats.get(chatId);
  if (!chat) throw new AttuneError('chat/missing', 'This chat no longer exists.', 'Choose another chat.');
  const messages = await listMessages(chatId, db);
  return [`# ${chat.title}`, ...messages.map(messageToMarkdown)].join('\n\n') + '\n';
}

function messageToMarkdown(message: MessageRow): string {
  if (message.role === 'user') return `## ${message.text.replace(/\s+/g, ' ')}`;
  const parts = [note(message), message.text, sources(message), origin(message)];
  const corrected = message.feedback?.correctedAnswer;
  if (corrected) parts.push(`*Corrected answer:* ${corrected}`);
  return parts.filter(Boolean).join('\n\n');
}

function note(message: MessageRow): string {
  switch (message.kind) {
    case 'extractive':
      return message.replacedText === undefined
        ? '*Sentences from the documents; no answer model was loaded.*'
        : '*Sentences from the documents; what the answer model wrote had no support in them.*';
    case 'stopped':
      return '*Stopped before its end.*';
    case 'failed':
      return `*No answer: ${message.problem?.message ?? 'unknown problem'}*`;
    default:
      return message.byHeart ? '*Answered by heart, without the passages.*' : '';
  }
}

function sources(message: MessageRow): string {
  const cited = new Set(message.support?.flatMap((sentence) => sentence.passages));
  const passages = message.passages?.filter(({ number }) => message.kind === 'notFound' || cited.has(number)) ?? [];
  if (passages.length === 0) return '';
  const title = message.kind === 'notFound' ? 'Nearest passages:' : 'Sources:';
  return `${title}\n\n${passages.map(source).join('\n\n')}`;
}

function source(passage: PassageSnapshot): string {
  const place = [passage.path, ...passage.headings, ...(passage.page ? [`page ${passage.page}`] : [])].join(' › ');
  return `[${passage.number}] ${place}\n\n${passage.text.trim().replace(/^/gm, '> ')}`;
}

function origin(message: MessageRow): string {
  if (!message.stats) return '';
  const { model, adapters } = message.stats;
  return `*Answered by ${[model, ...adapters].join(' + ')}*`;
}
