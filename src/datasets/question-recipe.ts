import type { ChatTurn } from '../generation/contract.ts';

/**
 * The form in which the starter adapter `questions` was tuned to write question and answer for a passage. The answer
 * comes first: a stretch of the passage that can be checked against it, and a prompt that gives it asks for a question
 * about just that. Tokens are few, since reading the prompt is what takes the time on a laptop.
 */
const SYSTEM = 'Write a short answer that stands in the passage, then the question that it answers.';
const LONGEST_PASSAGE = 1200;

export interface QuestionAndAnswer {
  question: string;
  answer: string;
}

/** The conversation up to what is to be written. Of a longer passage the first 1,200 characters are shown. */
export function questionTurns(passage: string): [system: ChatTurn, user: ChatTurn] {
  return [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: oneLine(passage).slice(0, LONGEST_PASSAGE) },
  ];
}

/** What the model is trained to write. */
export function questionTarget({ question, answer }: QuestionAndAnswer): string {
  return `${questionPrefix(answer)} ${oneLine(question)}`;
}

/** What the model is made to begin with, so that it asks for just this answer; what it goes on with is the question. */
export function questionPrefix(answer: string): string {
  return `Answer: ${oneLine(answer)}\nQuestion:`;
}

/** Reads what it wrote; undefined where it kept to no form, or the answer does not stand in the passage. */
export function parseQuestion(text: string, passage: string): QuestionAndAnswer | undefined {
  const match = /^\s*Answer:[ \t]*(\S.*?)[ \t]*\n+\s*Question:[ \t]*(\S[^\n]*?)[ \t]*(?:\n|$)/.exec(text);
  if (!match) return undefined;
  const [, answer, question] = match as unknown as [string, string, string];
  return plain(passage).includes(plain(answer)) ? { question, answer } : undefined;
}

function plain(text: string): string {
  return ` ${text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
