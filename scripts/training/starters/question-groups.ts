import { questionTarget, questionTurns } from '../../../src/datasets/question-recipe.ts';
import { splitSentences } from '../../../src/chat/text/sentences.ts';
import type { Dialogue } from './branched.ts';
import type { Paragraph } from './paragraphs.ts';

/** Share of passages that are a part of a paragraph: people's chunks are often shorter than encyclopedia's paragraphs. */
const PARTS = 0.35;

/** A passage with all questions that annotators asked about it, each with its answer. */
export function questionGroup({ text, questions }: Paragraph, random: () => number): Dialogue[] {
  const passage = random() < PARTS ? partOf(text, random) : text;
  const dialogues = (shown: string) =>
    questions
      .filter(({ answers }) => shown.includes(answers[0]!))
      .map(({ text: question, answers }) => ({
        turns: questionTurns(shown),
        target: questionTarget({ question: question.trim(), answer: answers[0]!.trim().replace(/[.,;]+$/, '') }),
      }));
  const about = dialogues(passage);
  return about.length > 0 ? about : dialogues(text);
}

/** Half or more of its sentences, in a row. */
function partOf(text: string, random: () => number): string {
  const sentences = splitSentences(text);
  const count = Math.max(1, Math.ceil(sentences.length * (0.5 + random() / 2)));
  const first = Math.floor(random() * (sentences.length - count + 1));
  return text.slice(sentences[first]!.start, sentences[first + count - 1]!.end);
}
