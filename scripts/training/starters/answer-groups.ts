import { answerTarget, answerTurns, readingWindow, refusalTarget } from '../../../src/chat/prompt/answer-recipe.ts';
import type { AnswerRecipe } from '../../../src/storage/schema.ts';
import { shuffled } from '../../../src/engine/training/random.ts';
import type { Dialogue } from './branched.ts';
import type { ParagraphLibrary } from './paragraphs.ts';

/** Most questions about one set of passages, and most of them that the passages do not answer. */
const QUESTIONS = 12;
const REFUSALS = 3;
/** Shares: the question's own paragraph is missing; its neighbours come from a search rather than from its article. */
const WITHOUT_GOLD = 0.4;
const BY_SEARCH = 0.6;
const WITH_HEADINGS = 0.6;
const SHORT_WINDOWS = 0.25;
const SHORT_CHARACTERS = 320;

/**
 * One set of passages with many questions about it: those that it answers, each with the number of its passage, and
 * some near misses that it does not. Sets differ in size, length of passages, headings, order and in how hard the wrong
 * passages are: of the same article, or what a search brings for the question.
 */
export function answerGroup(library: ParagraphLibrary, recipe: AnswerRecipe, random: () => number): Dialogue[] {
  const own = pick(library.paragraphs, random);
  const question = pick(own.questions, random);
  const withGold = random() >= WITHOUT_GOLD;
  const count = 1 + Number(random() < 0.9) + Number(random() < 0.8);
  const article = library.paragraphs.filter((other) => other !== own && other.article === own.article);
  const near = library.nearest(question.text).filter((other) => other !== own);
  const wrong = random() < BY_SEARCH ? near : shuffled(article, random);
  const characters = random() < SHORT_WINDOWS ? SHORT_CHARACTERS : recipe.passageCharacters;
  const chosen = withGold ? [own, ...wrong.slice(0, count - 1)] : wrong.slice(0, count);
  const shown = shuffled(chosen, random).map((paragraph) => {
    const about = paragraph === own ? question : pick(paragraph.questions, random);
    return { paragraph, text: readingWindow(paragraph.text, about.text, characters) };
  });
  const headings = random() < WITH_HEADINGS;
  const passages = shown.map(({ paragraph, text }) => ({ headings: headings ? [paragraph.article] : [], text }));
  const dialogue = (text: string, target: string) => ({ turns: answerTurns(recipe, passages, text), target });

  const answerable = shown.flatMap(({ paragraph, text }, i) =>
    paragraph.questions
      .filter(({ answers }) => text.includes(answers[0]!))
      .map(({ text: asked, answers }) => dialogue(asked, answerTarget(withoutFullStop(answers[0]!), [i + 1]))),
  );
  const missing = [own, ...article, ...near]
    .filter((paragraph) => !shown.some((passage) => passage.paragraph === paragraph))
    .flatMap((paragraph) => paragraph.questions)
    .filter(({ answers }) => !shown.some(({ text }) => mentions(text, answers)));
  // The question that these passages were found for comes first: it is the nearest miss of all.
  const refused = withGold
    ? shuffled(missing, random)
    : [...missing.filter((other) => other === question), ...shuffled(missing, random)];
  const refusals = [...new Set(refused)].slice(0, REFUSALS).map(({ text }) => dialogue(text, refusalTarget(recipe)));
  return shuffled([...shuffled(answerable, random).slice(0, QUESTIONS - refusals.length), ...refusals], random);
}

/** Whether a passage holds an answer of a question that is not its own: such a question is no miss for certain. */
function mentions(text: string, answers: readonly string[]): boolean {
  const plain = text.toLowerCase();
  return answers.some((answer) => plain.includes(withoutFullStop(answer).toLowerCase()));
}

function withoutFullStop(answer: string): string {
  return answer.trim().replace(/[.,;]+$/, '');
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)]!;
}
