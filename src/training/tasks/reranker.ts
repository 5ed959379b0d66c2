import { createRerankerTrainer } from '../../engine/models/bert/training/reranker-trainer.ts';
import type { CandidateGroup, RankingBatch } from '../../engine/training/batches.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import { BatchPlan } from '../batch-plan.ts';
import { limitQuestions, trainingExamples } from '../examples.ts';
import { BERT_TARGETS, frozenEncoder, loraSettings, trainOptions } from '../options.ts';
import { trainingSettings } from '../settings.ts';
import { SCORE_NAMES } from '../score-names.ts';
import { rankingCandidates, type Candidate } from './candidates.ts';
import { loadEncoder, type EncoderTexts } from './encoder.ts';
import { createRetrievalJudge } from './retrieval-judge.ts';
import { prepareTask, type PreparedTask, type TaskInput } from './task.ts';

/**
 * Makes a ranking model of a search model: question and passage are read together and scored. It learns what to add to
 * the scores of the search that it stands behind, on a sample of what that search finds, and is judged by what it then
 * does with the passages found for validation questions. The score to compare with is that of the search's own order.
 *
 * @throws AttuneError of `trainingExamples`, `loadEncoder`; `training/wrong-model`; `engine/out-of-memory`
 */
export async function prepareReranker(input: TaskInput): Promise<PreparedTask> {
  const { files, runtime, seed } = input;
  const settings = trainingSettings('reranker', input.settings);
  const examples = trainingExamples(input.examples, 'passage');
  const train = limitQuestions(examples.train, settings.examplesLimit, seed);
  const encoder = await loadEncoder(files, settings.maxTokens, input.onProgress);
  const { config, weights, pooler, texts } = encoder;
  if (!pooler) {
    throw new AttuneError(
      'training/wrong-model',
      `${files.description.name} has no pooler, which a ranking model scores with.`,
      'Choose a MiniLM or another model of the type bert with a pooler.',
    );
  }
  const judge = await createRetrievalJudge(input, settings, examples, texts);
  const ranking = await rankingCandidates(input, train, encoder, judge, settings);
  const { train: shown, validation: candidates, secondsBefore } = ranking;
  const groups = train.map((example, i) => groupOf(texts, example.question, shown[i]!));
  const judged = candidates.map((found, q) => groupOf(texts, judge.asked[q]!.question, found));
  const inOrder = (scoreOf: (candidate: Candidate, index: number) => number) => (found: readonly Candidate[]) =>
    found
      .map((candidate, i) => ({ place: candidate.place, score: scoreOf(candidate, i) }))
      .sort((a, b) => b.score - a.score)
      .map(({ place }) => place);
  const trainer = createRerankerTrainer({
    config,
    weights,
    pooler,
    runtime,
    lora: loraSettings(settings, BERT_TARGETS),
    seed,
    loss: settings.loss === 'pointwise' ? 'bce' : 'listwise',
    chunkTokens: settings.chunkTokens,
    frozen: frozenEncoder(settings.weights),
  });
  const lengths = groups.map(tokensOf);
  const plan = new BatchPlan(groups.length, { seed, batchSize: settings.batchSize });
  const batchOf = (chosen: readonly number[]): RankingBatch => ({ groups: chosen.map((i) => groups[i]!) });

  return prepareTask<RankingBatch>({
    trainable: trainer,
    runtime,
    options: trainOptions(settings, plan, seed),
    examples: groups.length,
    secondsBefore,
    scoreName: SCORE_NAMES.reranker,
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
        return inOrder(({ prior }, i) => prior + own[i]!)(found);
      });
      return judge.scoreRankings(rankings);
    },
    baseScore: async () => judge.scoreRankings(candidates.map(inOrder(({ prior }) => prior))),
    adapter: () => ({ kind: 'lora', adapter: trainer.adapter() }),
  });
}

/** The first candidate is the right one when it is for training. */
function groupOf(texts: EncoderTexts, question: string, candidates: readonly Candidate[]): CandidateGroup {
  const pairs = candidates.map(({ passage }) => texts.pair(question, passage));
  return {
    pairs: pairs.map(({ tokens }) => tokens),
    types: pairs.map(({ types }) => types),
    labels: pairs.map((_, i) => Number(i === 0)),
    prior: candidates.map(({ prior }) => prior),
  };
}

function tokensOf({ pairs }: CandidateGroup): number {
  return pairs.reduce((sum, { length }) => sum + length, 0);
}
