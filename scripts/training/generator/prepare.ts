/**
 * Writes the examples on which the generator's training is held against PyTorch: questions of XQuAD, three passages,
 * a short answer with a citation. Both sides read the same tokens in the same order.
 *
 * Run: npx tsx scripts/training/generator/prepare.ts -> .cache/generator/{train,test}.json
 *
 * `plain-*.json` and `reasons-*.json` beside them hold the same questions in the form of the app's recipe, without and
 * with a reason before the answer: the sentence of the passage that holds it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { ChatTokenizer } from '../../../src/generation/local/chat-tokenizer.ts';
import {
  ANSWER_RECIPE,
  answerTarget,
  answerTurns,
  reasonedTarget,
  withReasons,
} from '../../../src/chat/prompt/answer-recipe.ts';
import { splitSentences } from '../../../src/chat/text/sentences.ts';
import type { AnswerRecipe } from '../../../src/storage/schema.ts';
import { loadModel } from '../../../src/generation/local/load.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { shuffled } from '../../../src/engine/training/random.ts';
import { seededRandom } from '../seeded-random.ts';
import { xquadByArticle, type XquadItem } from '../xquad.ts';

export interface PreparedExample {
  question: string;
  answers: string[];
  /** Whether a reason stands before the answer. */
  reasons?: boolean;
  /** Number of the passage that holds the answer, from 1. */
  passage: number;
  prompt: number[];
  /** The target, with the token that ends a turn. */
  completion: number[];
}

const EXAMPLES = 392;
const PASSAGE_CHARACTERS = 700;

const { tokenizer: files } = await loadModel(await starterModelFiles('SmolLM2-135M-Instruct-Q4_1'));
const tokenizer = new ChatTokenizer(files);
const end = tokenizer.encode('<|im_end|>');

function prepare(item: XquadItem, random: () => number): PreparedExample {
  const { passages, passage } = shown(item, random);
  const context = passages.map((text, i) => `[${i + 1}] ${text.slice(0, PASSAGE_CHARACTERS)}`).join('\n');
  return {
    question: item.question,
    answers: item.answers,
    passage,
    prompt: tokenizer.encodeChat([
      { role: 'system', content: 'You answer briefly from the passages and cite them like [1].' },
      {
        role: 'user',
        content: `Answer the question with the passages. Cite the passage.\n${context}\nQuestion: ${item.question}`,
      },
    ]),
    completion: [...tokenizer.encode(`${item.answers[0]!} [${passage}]`), ...end],
  };
}

/** The paragraph among two others of its article, and its number. */
function shown(item: XquadItem, random: () => number): { passages: string[]; passage: number } {
  const passages = shuffled([item.paragraph, ...shuffled(item.others, random).slice(0, 2)], random);
  return { passages, passage: passages.indexOf(item.paragraph) + 1 };
}

/** In the form of a recipe of the app. */
function prepareBy(recipe: AnswerRecipe, item: XquadItem, random: () => number): PreparedExample {
  const { passages, passage } = shown(item, random);
  const { question, answers, paragraph } = item;
  const at = paragraph.indexOf(answers[0]!);
  const sentence = splitSentences(paragraph).find(({ start, end }) => start <= at && at < end);
  const reason = sentence && paragraph.slice(sentence.start, sentence.end);
  const { reasons = false } = recipe;
  const target = reasons ? reasonedTarget(answers[0]!, [passage], reason) : answerTarget(answers[0]!, [passage]);
  const turns = answerTurns(
    recipe,
    passages.map((text) => ({ headings: [], text })),
    question,
  );
  return {
    question,
    answers,
    reasons,
    passage,
    prompt: tokenizer.encodeChat(turns),
    completion: [...tokenizer.encode(target), ...end],
  };
}

const { train, test } = xquadByArticle();
const random = seededRandom(3);
const write = (name: string, examples: PreparedExample[]) => {
  writeFileSync(`.cache/generator/${name}.json`, JSON.stringify(examples));
  const tokens = examples.reduce((sum, { prompt, completion }) => sum + prompt.length + completion.length, 0);
  console.log(`${name}: ${examples.length} examples, ${Math.round(tokens / examples.length)} tokens each`);
};
mkdirSync('.cache/generator', { recursive: true });
write(
  'train',
  shuffled(train, random)
    .slice(0, EXAMPLES)
    .map((item) => prepare(item, random)),
);
write(
  'test',
  shuffled(test, random).map((item) => prepare(item, random)),
);
for (const [name, recipe] of [
  ['plain', ANSWER_RECIPE],
  ['reasons', withReasons(ANSWER_RECIPE)],
] as const) {
  // The same questions, passages and order for both.
  const random = seededRandom(4);
  const chosen = shuffled(train, random).slice(0, EXAMPLES);
  write(
    `${name}-train`,
    chosen.map((item) => prepareBy(recipe, item, random)),
  );
  write(
    `${name}-test`,
    test.map((item) => prepareBy(recipe, item, random)),
  );
}
