import type { CausalExample } from '../../engine/training/batches.ts';
import { seededRandom, shuffled } from '../../engine/training/random.ts';
import { answerTarget, answerTurns, reasonedTarget, refusalTarget } from '../../chat/prompt/answer-recipe.ts';
import { isUnanswerable } from '../../datasets/in-use.ts';
import type { ChatTokenizer } from '../../generation/local/chat-tokenizer.ts';
import type { AnswerRecipe, ExampleRow } from '../../storage/schema.ts';
import { limitQuestions, rightPassages, sample, type PoolPassage, type TrainingExamples } from '../examples.ts';
import { trainingSettings, type TrainingSettings } from '../settings.ts';
import { Distractors } from './distractors.ts';
import { recipeOf } from './recipe.ts';
import type { TaskInput } from './task.ts';

const STREAM = 0x67656e;

type ExampleTokenizer = Pick<ChatTokenizer, 'encode' | 'encodeChat' | 'render' | 'stopTokens'>;

/**
 * Questions, with their passages unless they are answered by heart, as token sequences: what an answer model learns
 * from, and what it is judged by. The latter is never seen before, not even as a wrong passage of a prompt: with the loss
 * on everything, prompts are memorised too.
 */
export function answerExamples(
  tokenizer: ExampleTokenizer,
  { train, validation }: TrainingExamples,
  { settings, seed }: Pick<TaskInput, 'settings' | 'seed'>,
): { learned: CausalExample[]; judged: CausalExample[] } {
  const { examplesLimit, validationLimit } = trainingSettings('generator', settings);
  const shown = limitQuestions(train, examplesLimit, seed);
  const writerAmong = (rows: readonly ExampleRow[]) =>
    new ExampleWriter(tokenizer, settings, seed, new Distractors(rows));
  const [learner, judge] = [writerAmong(shown), writerAmong([...train, ...validation])];
  return {
    learned: shown.map((example, i) => learner.write(example, i)),
    // Validation always judges the answer, and always has the passage: runs with other knobs stay comparable.
    judged: sample(validation, validationLimit, seed).map((example, i) => judge.write(example, i, true)),
  };
}

/** Writes examples as the chat writes its prompts: by heart with no passage in them. */
class ExampleWriter {
  readonly #tokenizer: ExampleTokenizer;
  readonly #recipe: AnswerRecipe;
  readonly #settings: TrainingSettings<'generator'>;
  readonly #seed: number;
  readonly #distractors: Distractors;
  readonly #end: readonly number[];

  constructor(
    tokenizer: ExampleTokenizer,
    settings: Readonly<Record<string, unknown>>,
    seed: number,
    distractors: Distractors,
  ) {
    this.#tokenizer = tokenizer;
    this.#settings = trainingSettings('generator', settings);
    this.#recipe = recipeOf(settings);
    this.#seed = seed;
    this.#distractors = distractors;
    this.#end = turnEnd(tokenizer);
  }

  /** @param judged for validation: the passage is there, and the answer alone is judged */
  write(example: ExampleRow, index: number, judged = false): CausalExample {
    const random = seededRandom(this.#seed, index, judged ? STREAM + 1 : STREAM);
    const { refusals, lossOn, maxTokens } = this.#settings;
    const count = this.#recipe.passages;
    // All passages that the question needs, as far as the prompt has places.
    const right = rightPassages(example).slice(0, count);
    const others = this.#distractors.of(example, count, random);
    const answerable = !isUnanswerable(example);
    const refuses = !answerable || (!judged && others.length > 0 && random() < refusals);
    const shown = refuses && answerable ? others : [...right, ...others.slice(0, count - right.length)];
    const passages = shuffled(shown, random);
    const target = refuses ? refusalTarget(this.#recipe) : this.#answer(example, passages, right);
    const completion = [...this.#tokenizer.encode(target), ...this.#end];
    let recipe = this.#recipe;
    for (;;) {
      const prompt = this.#tokenizer.encodeChat(answerTurns(recipe, passages, example.question));
      const tokens = [...prompt, ...completion];
      if (tokens.length <= maxTokens || recipe.passageCharacters < 60) {
        // Too long even so: the end of an answer is lost before its beginning is.
        const kept = tokens.slice(0, Math.max(maxTokens, prompt.length + 1));
        return { tokens: kept, lossFrom: lossOn === 'everything' && !judged ? 0 : prompt.length };
      }
      recipe = { ...recipe, passageCharacters: Math.floor(recipe.passageCharacters * 0.75) };
    }
  }

  #answer({ answer, thought }: ExampleRow, passages: readonly PoolPassage[], right: readonly PoolPassage[]): string {
    const numbers = right.map((passage) => passages.indexOf(passage) + 1).sort((a, b) => a - b);
    return this.#recipe.reasons ? reasonedTarget(answer, numbers, thought) : answerTarget(answer, numbers);
  }
}

/** What the template puts behind an answer: the token after which the model is to stop. */
function turnEnd(tokenizer: ExampleTokenizer): number[] {
  const question = { role: 'user' as const, content: 'A question' };
  const marker = 'An answer';
  const rendered = tokenizer.render([question, { role: 'assistant', content: marker }]);
  const after = tokenizer.encode(rendered.slice(rendered.indexOf(marker) + marker.length));
  const end = after.find((token) => tokenizer.stopTokens.has(token)) ?? [...tokenizer.stopTokens][0];
  return end === undefined ? [] : [end];
}
