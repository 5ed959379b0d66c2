import type { ExampleOrigin, QuestionKind } from '../../../storage/schema.ts';

/** Question kinds and origins in words. */

const kinds: Record<QuestionKind, string> = {
  fact: 'Fact',
  definition: 'Definition',
  procedure: 'How-to',
  comparison: 'Comparison',
  'multi-passage': 'Several passages',
  unanswerable: 'Not answerable',
};

const origins: Record<ExampleOrigin, string> = {
  writer: 'Question writer',
  engine: 'Written by a model',
  extracted: 'By rules',
  imported: 'Imported',
  chat: 'From chats',
  recorded: 'Recorded',
  labelled: 'By hand',
};

/** What a person can say of a question; that the passage does not answer it is said by its empty answer. */
export const answeredKinds = (Object.keys(kinds) as QuestionKind[]).filter((kind) => kind !== 'unanswerable');
export const kindLabel = (kind: QuestionKind): string => kinds[kind];
export const originLabel = (origin: ExampleOrigin): string => origins[origin];
