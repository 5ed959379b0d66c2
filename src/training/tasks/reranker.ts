import { createEmbedderTrainer } from '../../engine/models/bert/training/embedder-trainer.ts';
import { createRerankerTrainer } from '../../engine/models/bert/training/reranker-trainer.ts';
import type { CandidateGroup, RankingBatch } from '../../engine/training/batches.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import { BatchPlan } from '../batch-plan.ts';
import { trainingExamples, type PoolPassage } from '../examples.ts';
import { BERT_TARGETS, loraSettings, trainOptions } from '../options.ts';
import { trainingSettings } from '../settings.ts';
import { loadEncoder, type EncoderTexts, type LoadedEncoder } from './encoder.ts';
import { hardNegatives } from './mining.ts';
import { RetrievalJudge } from './retrieval-judge.ts';
import { prepareTask, type PreparedTask, type TaskInput } from './task.ts';

const CANDIDATES = 'candidates';

/**
 * Makes a ranking model of a search model: question and passage are read together and scored. It learns to put the right
 * passage before mined ones; it is judged by what it does with the passages that the search model finds. The score to
 * compare with is that of the search model's own order.
 *
 * @throws AttuneError of `trainingExamples`, `loadEncoder`; `training/wrong-model`; `engine/out-of-memory`
 */
export async function prepareReranker(input: TaskInput): Promise<PreparedTask> {
  const { files, runtime, seed } = input;
  const settings = trainingSettings('reranker', input.settings);
  const examples = trainingExamples(input.examples, 'passage');
  const { train } = examples;
  const encoder = await loadEncoder(files, settings.maxTokens, input.onProgress);
  const { config, weights, pooler, texts } = encoder;
  if (!pooler) {
    throw new AttuneError(
      'training/wrong-model',
      `${files.description.name} has no pooler, which a ranking model scores with.`,
      'Choose a MiniLM or another model of the type bert with a pooler.',
    );
  }
  const judge = new RetrievalJudge(examples, texts, {
    questions: settings.validationLimit,
    pool: settings.validationPool,
    seed,
  });
  const { negatives, candidates } = await searched(input, encoder, judge, settings);
  const groups = train.map((example, i) => {
    const right: PoolPassage = { ...example, text: example.passage };
    return groupOf(texts, example.question, [right, ...negatives[i]!]);
  });
  const judged = candidates.map((found, q) =>
    groupOf(
      texts,
      judge.asked[q]!.question,
      found.map((p) => judge.pool[p]!),
    ),
  );
  const trainer = createRerankerTrainer({
    config,
    weights,
    pooler,
    runtime,
    lora: loraSettings(settings, BERT_TARGETS),
    seed,
    loss: settings.loss === 'pointwise' ? 'bce' : 'listwise',
    chunkTokens: settings.chunkTokens,
  });
  const lengths = groups.map(tokensOf);
  const plan = new BatchPlan(groups.length, { seed, batchSize: settings.batchSize });
  const batchOf = (chosen: readonly number[]): RankingBatch => ({ groups: chosen.map((i) => groups[i]!) });

  return prepareTask<RankingBatch>({
    trainable: trainer,
    runtime,
    options: trainOptions(settings, plan, seed),
    examples: groups.length,
    scoreName: RetrievalJudge.scoreName,
    validationTokens: judged.reduce((sum, group) => sum + tokensOf(group), 0),
    batch: (step, position) => batchOf(plan.batch((step - 1) * settings.accumulation + position)),
    longest: () => {
      const order = groups.map((_, i) => i).sort((a, b) => lengths[b]! - lengths[a]!);
      return batchOf(order.slice(0, settings.batchSize));
    },
    async validate(signal) {
      const scores = await trainer.score(judged, signal);
      let at = 0;
      const rankings = candidates.map((found) => {
        const own = scores.subarray(at, (at += found.length));
        return found
          .map((p, i) => ({ p, score: own[i]! }))
          .sort((a, b) => b.score - a.score)
          .map(({ p }) => p);
      });
      return judge.scoreRankings(rankings);
    },
    baseScore: async () => judge.scoreRankings(candidates),
    adapter: () => ({ kind: 'lora', adapter: trainer.adapter() }),
  });
}

/** What needs the search model: hard negatives to learn from, and candidates to be put in order. */
async function searched(
  input: TaskInput,
  { config, weights, recipe, texts }: LoadedEncoder,
  judge: RetrievalJudge,
  settings: Parameters<typeof hardNegatives>[1] & { candidates: number },
): Promise<{ negatives: PoolPassage[][]; candidates: number[][] }> {
  // An encoder with an adapter of nothing but zeros is the untuned search model.
  const search = createEmbedderTrainer({
    config,
    weights,
    runtime: input.runtime,
    pooling: recipe.pooling,
    lora: { rank: 1, alpha: 1, rankStabilised: false, dropout: 0, targets: ['attention.self.query'] },
    seed: input.seed,
  });
  try {
    const { train } = trainingExamples(input.examples, 'passage');
    const negatives = await hardNegatives(input, settings, train, texts, search.encode.bind(search));
    const remembered = input.memo?.get(CANDIDATES) as number[][] | undefined;
    if (remembered?.length === judge.asked.length) return { negatives, candidates: remembered };
    if (input.probing) {
      const some = judge.pool.map((_, p) => p).slice(0, settings.candidates);
      return { negatives, candidates: judge.asked.map(() => some) };
    }
    input.onProgress?.({ stage: 'Searching for the validation questions', done: 0, total: 1 });
    const questions = await search.encode(judge.questions, input.signal);
    const pool = await search.encode(judge.poolTokens, input.signal);
    const candidates = judge.rankings(questions, pool).map((ranked) => ranked.slice(0, settings.candidates));
    await input.memo?.set(CANDIDATES, candidates);
    return { negatives, candidates };
  } finally {
    await search.dispose();
  }
}

/** The first passage is the right one. */
function groupOf(texts: EncoderTexts, question: string, passages: readonly PoolPassage[]): CandidateGroup {
  const pairs = passages.map((passage) => texts.pair(question, passage));
  return {
    pairs: pairs.map(({ tokens }) => tokens),
    types: pairs.map(({ types }) => types),
    labels: pairs.map((_, i) => Number(i === 0)),
  };
}

function tokensOf({ pairs }: CandidateGroup): number {
  return pairs.reduce((sum, { length }) => sum + length, 0);
}
