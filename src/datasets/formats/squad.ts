import type { NumberedRecord } from './records.ts';

interface SquadFile {
  data: {
    title?: string;
    paragraphs?: {
      context?: string;
      qas?: { question?: string; is_impossible?: boolean; answers?: { text?: string }[] }[];
    }[];
  }[];
}

/** SQuAD (Rajpurkar et al. 2016): articles with paragraphs with questions. Unanswerable ones have an empty answer. */
export function squadRecords(value: unknown): NumberedRecord[] | undefined {
  const { data } = (value ?? {}) as Partial<SquadFile>;
  if (!Array.isArray(data)) return undefined;
  let row = 0;
  return data.flatMap(({ title, paragraphs }) =>
    (paragraphs ?? []).flatMap(({ context, qas }) =>
      (qas ?? []).map(({ question, answers }) => ({
        row: ++row,
        record: { question, answer: (answers ?? []).map(({ text }) => text ?? ''), passage: context, document: title },
      })),
    ),
  );
}
