import type { LoraSettings } from '../../../src/engine/adapters/lora-adapter.ts';
import { LLAMA_LINEARS } from '../../../src/engine/models/llama/linears.ts';
import { llamaTarget } from '../../../src/engine/models/llama/lora.ts';
import type { CausalBatch, CausalExample } from '../../../src/engine/training/batches.ts';
import type { TrainOptions } from '../../../src/engine/training/train-options.ts';
import type { ChatTokenizer } from '../../../src/generation/local/chat-tokenizer.ts';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import type { AnswerRecipe } from '../../../src/storage/schema.ts';
import { ANSWER_RECIPE } from '../../../src/chat/prompt/answer-recipe.ts';
import { shuffled } from '../../../src/engine/training/random.ts';
import { seededRandom } from '../seeded-random.ts';
import { xquadByArticle, type XquadItem } from '../xquad.ts';
import { answerGroup } from './answer-groups.ts';
import { branchedExample } from './branched.ts';
import { ParagraphLibrary } from './paragraphs.ts';
import { questionGroup } from './question-groups.ts';

/** Everything that makes a starter adapter what it is; a change of any of it starts its training anew. */
export interface Starter {
  purpose: 'answers' | 'questions';
  name: string;
  description: string;
  recipe?: AnswerRecipe;
  options: TrainOptions;
  /** Examples in each batch; every one holds many questions about the same passages. */
  batchSize: number;
  example(library: ParagraphLibrary, step: number, position: number, tokenizer: ChatTokenizer): CausalExample;
}

export const STARTER_LORA: LoraSettings = {
  rank: 8,
  alpha: 16,
  rankStabilised: false,
  dropout: 0,
  targets: LLAMA_LINEARS.map(llamaTarget),
};

const COMMON = {
  accumulation: 1,
  schedule: 'linear',
  warmUpSteps: 10,
  learningRateFloor: 0.05,
  weightDecay: 0,
  maxGradientNorm: 1,
  patience: 0,
} as const satisfies Partial<TrainOptions>;

export const STARTERS: Starter[] = [
  {
    purpose: 'answers',
    name: 'Answers',
    description: 'Answers briefly from passages, cites the one that says it, and says when none does.',
    recipe: ANSWER_RECIPE,
    options: { ...COMMON, steps: 170, learningRate: 8e-4, seed: 1, validateEvery: 85, checkpointEvery: 5 },
    batchSize: 2,
    example: (library, step, position, tokenizer) => {
      const random = seededRandom(7919 * step + position);
      return branchedExample(answerGroup(library, ANSWER_RECIPE, random), tokenizer);
    },
  },
  {
    purpose: 'questions',
    name: 'Questions',
    description: 'Writes a question and its short answer for a passage: the raw material of a data set.',
    options: { ...COMMON, steps: 80, learningRate: 8e-4, seed: 2, validateEvery: 40, checkpointEvery: 5 },
    batchSize: 4,
    example: ({ paragraphs }, step, position, tokenizer) => {
      const at = (step - 1) * 4 + position;
      const epoch = Math.floor(at / paragraphs.length);
      const order = shuffled(paragraphs, seededRandom(1000 + epoch));
      const random = seededRandom(104729 * step + position);
      return branchedExample(questionGroup(order[at % paragraphs.length]!, random), tokenizer);
    },
  },
];

/** Articles that settings and the best checkpoint are chosen on. They are trained on by nobody. */
const VALIDATION_ARTICLES = 3;
const VALIDATION_EXAMPLES = 6;

export interface StarterData {
  batch(step: number): CausalBatch;
  validation: CausalBatch;
}

/** XQuAD's training articles but three, and those three; the test articles are not touched. */
export function splitForStarters(): { train: XquadItem[]; validation: XquadItem[] } {
  const { train: items } = xquadByArticle();
  const articles = [...new Set(items.map(({ article }) => article))];
  const held = new Set(articles.slice(-VALIDATION_ARTICLES));
  return {
    train: items.filter(({ article }) => !held.has(article)),
    validation: items.filter(({ article }) => held.has(article)),
  };
}

export async function starterData(
  starter: Starter,
  embedder: Embedder,
  tokenizer: ChatTokenizer,
): Promise<StarterData> {
  const split = splitForStarters();
  const train = await ParagraphLibrary.of(split.train, embedder);
  const validation = await ParagraphLibrary.of(split.validation, embedder);
  const examples = (library: ParagraphLibrary, step: number, count: number) =>
    Array.from({ length: count }, (_, position) => starter.example(library, step, position, tokenizer));
  return {
    batch: (step) => ({ examples: examples(train, step, starter.batchSize) }),
    validation: { examples: examples(validation, 1, VALIDATION_EXAMPLES) },
  };
}
