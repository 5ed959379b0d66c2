import { retrievalKnobs } from '../retrieval/settings.ts';
import type { ChoiceKnob, Knobs } from '../settings/knob.ts';
import { LEARNS, type Learns } from './learns.ts';

/** Knobs that every task has in the same words; defaults differ per task and are set in `settings.ts`. */

export const adapterKnobs = {
  rank: {
    kind: 'number',
    label: 'Rank',
    help: 'Size of the low-rank update: more can hold more, and takes more time and examples to fill.',
    default: 8,
    min: 1,
    max: 64,
    step: 1,
  },
  alpha: {
    kind: 'number',
    label: 'Alpha',
    help: 'Strength of the update, relative to the rank; twice the rank is usual.',
    default: 16,
    min: 1,
    max: 256,
    step: 1,
  },
  rankStabilised: {
    kind: 'switch',
    label: 'Rank-stabilised scaling (rsLoRA)',
    help: 'Divides alpha by the square root of the rank, so that high ranks learn as fast as low ones.',
    default: false,
  },
  dropout: {
    kind: 'number',
    label: 'Dropout',
    help: 'Share of inputs of the update that is left out at random; a little helps with few examples.',
    default: 0,
    min: 0,
    max: 0.5,
    step: 0.05,
  },
  targets: {
    kind: 'choice',
    label: 'Layers',
    help: 'Which linear layers are adapted: those of attention alone are faster, all of them learn more.',
    default: 'all',
    choices: [
      { value: 'all', label: 'All linear layers' },
      { value: 'attention', label: 'Attention only' },
      { value: 'query-value', label: 'Queries and values only' },
    ],
  },
  topBlocks: {
    kind: 'number',
    label: 'Top blocks only',
    help: 'Adapts only the last blocks of the model, which is faster; 0 adapts all of them.',
    default: 0,
    min: 0,
    max: 64,
    step: 1,
  },
} as const satisfies Knobs;

export const optimiserKnobs = {
  learningRate: {
    kind: 'number',
    label: 'Learning rate',
    help: 'Size of a step: too large and the loss jumps, too small and nothing changes.',
    default: 1e-3,
    min: 1e-6,
    max: 0.1,
    step: 1e-6,
    logarithmic: true,
  },
  schedule: {
    kind: 'choice',
    label: 'Schedule',
    help: 'How the learning rate falls over the run.',
    default: 'linear',
    choices: [
      { value: 'linear', label: 'Linear decay' },
      { value: 'cosine', label: 'Cosine decay' },
      { value: 'constant', label: 'Constant' },
    ],
  },
  warmUp: {
    kind: 'number',
    label: 'Warm-up',
    help: 'Share of the steps over which the learning rate rises from zero.',
    default: 0.1,
    min: 0,
    max: 0.5,
    step: 0.01,
  },
  weightDecay: {
    kind: 'number',
    label: 'Weight decay',
    help: 'Pulls the update towards zero with every step (AdamW).',
    default: 0.01,
    min: 0,
    max: 1,
    step: 0.01,
  },
  maxGradientNorm: {
    kind: 'number',
    label: 'Gradient clipping',
    help: 'Longest gradient that is taken as it is; 0 never shortens.',
    default: 1,
    min: 0,
    max: 100,
    step: 0.1,
  },
  epochs: {
    kind: 'number',
    label: 'Epochs',
    help: 'How often the run goes through all examples.',
    default: 3,
    min: 0.1,
    max: 100,
    step: 0.1,
  },
  steps: {
    kind: 'number',
    label: 'Steps',
    help: 'Steps of the whole run in place of epochs; 0 goes by epochs.',
    default: 0,
    min: 0,
    max: 100_000,
    step: 1,
  },
  batchSize: {
    kind: 'number',
    label: 'Batch',
    help: 'Examples that are compared in one go; more is steadier and needs more memory.',
    default: 32,
    min: 1,
    max: 512,
    step: 1,
  },
  accumulation: {
    kind: 'number',
    label: 'Accumulation',
    help: 'Batches whose gradients are averaged into one step.',
    default: 1,
    min: 1,
    max: 64,
    step: 1,
  },
  seed: {
    kind: 'number',
    label: 'Seed',
    help: 'Start of all randomness: equal seeds repeat a run bit for bit on the same machine.',
    default: 1,
    min: 0,
    max: 2 ** 31 - 1,
    step: 1,
  },
} as const satisfies Knobs;

export const watchKnobs = {
  validateEvery: {
    kind: 'number',
    label: 'Validate every',
    help: 'Steps between two looks at the validation part; 0 looks once, at the end.',
    default: 20,
    min: 0,
    max: 10_000,
    step: 1,
  },
  patience: {
    kind: 'number',
    label: 'Patience',
    help: 'Validations without a better score after which the run ends early; 0 never ends early.',
    default: 4,
    min: 0,
    max: 100,
    step: 1,
  },
  validationLimit: {
    kind: 'number',
    label: 'Validation questions',
    help: 'At most this many questions of the validation part are scored each time.',
    default: 100,
    min: 5,
    max: 2000,
    step: 5,
  },
  checkpointEvery: {
    kind: 'number',
    label: 'Checkpoint every',
    help: 'Steps after which the state is saved; what follows the last checkpoint is repeated after a crash.',
    default: 10,
    min: 1,
    max: 10_000,
    step: 1,
  },
} as const satisfies Knobs;

export const exampleKnobs = {
  examplesLimit: {
    kind: 'number',
    label: 'Most questions',
    help: 'At most this many questions of the training part are learned from, a fixed sample of them; 0 takes all.',
    default: 0,
    min: 0,
    max: 1_000_000,
    step: 1,
  },
} as const satisfies Knobs;

const maxTokens = {
  kind: 'number',
  label: 'Longest text',
  help: 'Tokens of a text that are read; what is longer loses its end. Shorter is faster and needs less memory.',
  default: 256,
  min: 16,
  max: 8192,
  step: 8,
} as const;

const scale = {
  kind: 'number',
  label: 'Scale',
  help: 'Factor of the similarities in the loss, the inverse of its temperature: higher separates near misses more sharply.',
  default: 20,
  min: 1,
  max: 100,
  step: 1,
} as const;

const hardNegatives = {
  kind: 'number',
  label: 'Hard negatives per question',
  help: 'Passages that look right and are not, mined with the untuned search model, and added to every question.',
  default: 0,
  min: 0,
  max: 15,
  step: 1,
} as const;

const negativesFrom = {
  kind: 'choice',
  label: 'Negatives from',
  help: 'Where hard negatives are looked for: the passages of the data set, or all passages of the workspace too.',
  default: 'dataset',
  choices: [
    { value: 'dataset', label: 'The data set' },
    { value: 'workspace', label: 'The workspace too' },
  ],
} as const;

const negativeMargin = {
  kind: 'number',
  label: 'Margin of negatives',
  help: 'A passage counts as wrong only if it is less similar to the question than this share of the right one.',
  default: 0.95,
  min: 0.5,
  max: 1,
  step: 0.01,
} as const;

const validationPool = {
  kind: 'number',
  label: 'Validation pool',
  help: 'Passages among which the right one has to be found: of other questions, then of the workspace.',
  default: 300,
  min: 20,
  max: 5000,
  step: 20,
} as const;

const symmetric = {
  kind: 'switch',
  label: 'Both directions',
  help: 'Also asks each passage for its question among the questions of the batch.',
  default: false,
} as const;

const chunkTokens = {
  kind: 'number',
  label: 'Tokens at once',
  help: 'How much of a batch is computed at a time (GradCache): smaller needs less memory; the result is the same.',
  default: 1024,
  min: 128,
  max: 65_536,
  step: 128,
} as const;

const encoderWeights = {
  kind: 'choice',
  label: 'Frozen weights',
  help: 'Eight bits take a quarter of the memory, and a search without a GPU computes in them: the adapter learns to live with their rounding.',
  default: 'full',
  choices: [
    { value: 'full', label: 'As they are' },
    { value: 'stored', label: 'In eight bits (QLoRA)' },
  ],
} as const;

export const embedderKnobs = {
  loss: {
    kind: 'choice',
    label: 'Loss',
    help: 'What is made better: the right passage against all others of the batch.',
    default: 'ranking',
    choices: [{ value: 'ranking', label: 'Multiple negatives ranking' }],
  },
  scale,
  symmetric,
  hardNegatives,
  negativesFrom,
  negativeMargin,
  matryoshka: {
    kind: 'text',
    label: 'Matryoshka sizes',
    help: 'Vector sizes that should work by themselves, such as 256, 128; empty trains the full size only.',
    default: '',
    maxLength: 60,
  },
  weights: encoderWeights,
  chunkTokens,
  maxTokens,
  validationPool,
} as const satisfies Knobs;

export const rerankerKnobs = {
  loss: {
    kind: 'choice',
    label: 'Loss',
    help: 'Listwise compares the candidates of a question with each other; pointwise judges each one alone.',
    default: 'listwise',
    choices: [
      { value: 'listwise', label: 'Listwise softmax' },
      { value: 'pointwise', label: 'Binary cross-entropy' },
    ],
  },
  hardNegatives: {
    ...hardNegatives,
    help: 'Wrong passages that each question is shown beside the right one, of those that the search finds.',
    default: 5,
    min: 1,
  },
  negativesFrom,
  searchWeight: { ...retrievalKnobs.searchWeight, help: retrievalKnobs.searchWeight.help + ' Search with the same.' },
  candidates: {
    kind: 'number',
    label: 'Candidates',
    help: 'Passages that the search finds for each question, to be put in order.',
    default: 20,
    min: 5,
    max: 100,
    step: 5,
  },
  weights: encoderWeights,
  chunkTokens,
  maxTokens,
  validationPool,
} as const satisfies Knobs;

const learns: ChoiceKnob<Learns> = {
  kind: 'choice',
  label: 'Learns',
  help: 'What the examples are made of. It is asked afterwards in the form in which it was taught.',
  default: 'passages',
  choices: (Object.keys(LEARNS) as Learns[]).map((value) => ({ value, label: LEARNS[value].label })),
};

export const generatorKnobs = {
  learns,
  passages: {
    kind: 'number',
    label: 'Passages',
    help: 'Passages in a prompt, the right one among them; the chat shows as many.',
    default: 3,
    min: 1,
    max: 8,
    step: 1,
  },
  refusals: {
    kind: 'number',
    label: 'Questions without a passage',
    help: 'Share of examples whose right passage is taken away, so that the model learns to say that it is not there.',
    default: 0.1,
    min: 0,
    max: 0.5,
    step: 0.05,
  },
  reasons: {
    kind: 'switch',
    label: 'Answer with its reason first',
    help: 'Learns to say why before it answers, from rows that have a reason; answers then take longer to come.',
    default: false,
  },
  lossOn: {
    kind: 'choice',
    label: 'Learn from',
    help: 'The answer alone is what makes answers better; everything also memorises questions and passages.',
    default: 'answer',
    choices: [
      { value: 'answer', label: 'The answer' },
      { value: 'everything', label: 'Everything' },
    ],
  },
  packing: {
    kind: 'switch',
    label: 'Pack sequences',
    help: 'Puts several short examples into one row, so that less is padded.',
    default: false,
  },
  weights: {
    kind: 'choice',
    label: 'Frozen weights',
    help: 'The same weights either way. Decoded once is faster; as stored needs a third of the memory.',
    default: 'fitting',
    choices: [
      { value: 'fitting', label: 'Decoded if they fit' },
      { value: 'stored', label: 'As stored (QLoRA)' },
      { value: 'full', label: 'Decoded' },
    ],
  },
  maxTokens: { ...maxTokens, default: 640, help: 'Tokens of a whole example; passages are cut so that it fits.' },
} as const satisfies Knobs;

export const linearKnobs = {
  rank: {
    ...adapterKnobs.rank,
    label: 'Rank of the matrix',
    help: 'Size of the low-rank change of the matrix; 0 trains the full matrix.',
    default: 0,
    min: 0,
    max: 512,
  },
  sides: {
    kind: 'choice',
    label: 'Applied to',
    help: 'Questions alone needs no second index; both also moves the passages.',
    default: 'queries',
    choices: [
      { value: 'queries', label: 'Questions' },
      { value: 'both', label: 'Questions and passages' },
    ],
  },
  scale,
  symmetric,
  hardNegatives,
  negativesFrom,
  negativeMargin,
  maxTokens,
  validationPool: { ...validationPool, default: 1000 },
} as const satisfies Knobs;
