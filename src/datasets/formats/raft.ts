import type { ExampleRow } from '../../storage/schema.ts';
import { isObject } from './is-object.ts';

/** RAFT (Zhang et al. 2024): a question among the passages that hold its answer and others, with a reasoned answer. */
const ANSWER = '<ANSWER>: ';

interface RaftPassage {
  text: string;
  documentKey: string;
}

/** @param others wrong passages; @param place of the right one among all */
export function raftRecord(
  { id, question, answer, thought, passage, documentKey }: ExampleRow,
  others: readonly RaftPassage[],
  place: number,
): object {
  const shown = [...others.slice(0, place), { text: passage, documentKey }, ...others.slice(place)];
  return {
    id,
    type: 'general',
    question,
    context: { title: [shown.map((each) => each.documentKey)], sentences: [shown.map(({ text }) => text)] },
    oracle_context: passage,
    cot_answer: `${thought ? `${thought}\n` : ''}${ANSWER}${answer}`,
  };
}

/** A row of RAFT as columns; undefined where it is none. */
export function readRaft(record: Record<string, unknown>): Record<string, unknown> | undefined {
  const { question, context, oracle_context: passage, cot_answer: reasoned } = record;
  if (typeof passage !== 'string' || typeof reasoned !== 'string') return undefined;
  const at = reasoned.lastIndexOf(ANSWER);
  const sentences = isObject(context) ? texts(context['sentences']) : [];
  const titles = isObject(context) ? texts(context['title']) : [];
  const place = sentences.indexOf(passage);
  return {
    question,
    passage,
    answer: at < 0 ? reasoned : reasoned.slice(at + ANSWER.length),
    ...(at > 0 && { thought: reasoned.slice(0, at).replace(/^##Reason:\s*/, '') }),
    negatives: sentences.filter((_, i) => i !== place),
    ...(titles[place] && { document: titles[place] }),
  };
}

function texts(value: unknown): string[] {
  const flat = Array.isArray(value) ? (value.flat() as unknown[]) : [];
  return flat.filter((item) => typeof item === 'string');
}
