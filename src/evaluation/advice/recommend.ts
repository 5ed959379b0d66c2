import type { EvaluationScoreRow } from '../../storage/schema.ts';
import { bootstrapMean, type Interval } from '../metrics/bootstrap.ts';
import { learningCurve, type CurvePoint } from '../statistics/learning-curve.ts';
import type { MatrixTable } from '../table/contract.ts';
import { changeText, percent, percentWithInterval } from '../table/words.ts';
import { describeMetric } from '../metrics/catalogue.ts';
import { differenceOf } from '../table/look-up.ts';
import { ANSWERED, startOf, tuningSteps, type Part, type Step } from './steps.ts';

/** Share of wrong questions up to which searching alone is good enough: a tenth. */
const ENOUGH = 0.1;
/** Below this many questions every interval is too wide to advise on. */
const FEW_QUESTIONS = 30;
/** A gain of less than this from a hundred more examples is not worth their work. */
const WORTHWHILE = 0.01;

export interface RecommendationInput {
  table: MatrixTable;
  scores: readonly EvaluationScoreRow[];
  /** How a score grew with the number of training examples, and what the score is. */
  learningCurve?: { points: readonly CurvePoint[]; metric: string };
}

export interface Recommendation {
  /** unclear: the questions are too few or the difference is within chance. */
  tune: 'yes' | 'no' | 'unclear';
  /** The part to tune first, or whose tuning to keep. */
  first?: Part;
  /** The recommendation in a sentence. */
  headline: string;
  /** Why, with figures: each stands by itself. */
  reasons: string[];
}

const NAME: Record<Part, string> = {
  embedder: 'the search model',
  reranker: 'the ranking model',
  generator: 'the answer model',
};

/**
 * What to do next, in words, from what was measured: where the untuned pipeline loses its questions, what tuning has
 * brought so far, and what more examples would bring. Nothing is claimed whose 95 % interval holds zero.
 */
export function recommend({ table, scores, learningCurve: curve }: RecommendationInput): Recommendation {
  const start = startOf(table.configurations);
  const rows = scores.filter(({ configurationId }) => configurationId === start?.id);
  if (!start || rows.length === 0) {
    return { tune: 'unclear', headline: 'Nothing has been measured yet.', reasons: [] };
  }
  const losses = lossesOf(rows);
  const steps = tuningSteps(table);
  const reasons = [
    ...lossReasons(losses, start.generator !== null),
    ...retrievalReason(table),
    ...steps.map(stepReason),
    ...(curve ? curveReason(curve) : []),
  ];
  return { ...verdict(losses, steps, start.generator !== null), reasons };
}

/** Shares of the questions that the start gets wrong, by where they are lost. */
interface Losses {
  n: number;
  wrong: Interval;
  /** The right passage was not found, or too far down to be read. */
  retrieval: Interval;
  /** Of these, those that a better order alone would bring up. */
  rankedLow: number;
  answers: Interval;
  /** Retrieval minus answers, question by question. */
  balance: Interval;
}

function lossesOf(rows: readonly EvaluationScoreRow[]): Losses {
  const retrieval = rows.map(({ failure }) => Number(failure === 'notRetrieved' || failure === 'rankedLow'));
  const wrong = rows.map(({ failure }) => Number(failure !== undefined));
  const answers = wrong.map((value, i) => value - retrieval[i]!);
  return {
    n: rows.length,
    wrong: bootstrapMean(wrong),
    retrieval: bootstrapMean(retrieval),
    rankedLow: rows.filter(({ failure }) => failure === 'rankedLow').length / rows.length,
    answers: bootstrapMean(answers),
    balance: bootstrapMean(retrieval.map((value, i) => value - answers[i]!)),
  };
}

function verdict(losses: Losses, steps: readonly Step[], answering: boolean): Omit<Recommendation, 'reasons'> {
  const helped = steps.filter(({ difference }) => difference.significant && difference.mean > 0);
  const best = helped.toSorted((a, b) => b.difference.mean - a.difference.mean)[0];
  if (losses.n < FEW_QUESTIONS) {
    const headline = `With ${losses.n} questions nothing can be told apart from chance; add test questions first.`;
    return { tune: 'unclear', headline };
  }
  if (best) {
    const names = helped.map(({ part }) => NAME[part]);
    const rest = names.length > 1 ? `, ${NAME[best.part]} first` : '';
    const headline = `Tuning pays off here: use the tuned form of ${listed(names)}${rest}.`;
    return { tune: 'yes', first: best.part, headline };
  }
  if (losses.wrong.high <= ENOUGH) {
    const what = answering ? 'Searching your documents without any tuning is enough' : 'The untuned search is enough';
    return { tune: 'no', headline: `${what}: hardly a question goes wrong.` };
  }
  const first = lostMost(losses, answering);
  const tried = new Set(steps.map(({ part }) => part));
  if (first && !tried.has(first)) {
    return { tune: 'yes', first, headline: `Tune ${NAME[first]} first: that is where most questions are lost.` };
  }
  if (tried.size > 0) {
    const headline = `Tuning has not helped measurably so far: more or better examples are needed, or other models.`;
    return { tune: 'unclear', ...(first && { first }), headline };
  }
  const headline =
    'Search and answers lose about as many questions: tune the search model first, it is the quicker one.';
  return { tune: 'unclear', first: 'embedder', headline };
}

/** The part to blame, where the interval of the balance leaves zero out. */
function lostMost({ balance, rankedLow, retrieval }: Losses, answering: boolean): Part | undefined {
  if (!answering || balance.low > 0) return rankedLow > retrieval.mean / 2 ? 'reranker' : 'embedder';
  return balance.high < 0 ? 'generator' : undefined;
}

function lossReasons({ n, wrong, retrieval, rankedLow, answers, balance }: Losses, answering: boolean): string[] {
  const right = { mean: 1 - wrong.mean, low: 1 - wrong.high, high: 1 - wrong.low };
  const sentences = [`Untuned, ${percentWithInterval(right)} of ${n} questions go right.`];
  if (wrong.mean === 0) return sentences;
  sentences.push(
    `In ${percentWithInterval(retrieval)} the right passage is missing or too far down; in ${percent(rankedLow)} a ` +
      'better order alone would bring it up.',
  );
  if (!answering) {
    sentences.push('Answers were not measured, so nothing is known of the answer model.');
    return sentences;
  }
  sentences.push(
    `In ${percentWithInterval(answers)} the search is not to blame and the answer is wrong, unsupported or declined.`,
  );
  if (balance.low <= 0 && balance.high >= 0) {
    sentences.push(
      `Which of the two loses more is within chance (difference ${percentWithInterval(balance)}): no part is clearly to blame.`,
    );
  }
  return sentences;
}

/** What searching does to the answers, where the matrix has the answer model on its own. */
function retrievalReason(table: MatrixTable): string[] {
  for (const without of table.configurations.filter(({ embedder }) => !embedder)) {
    const { generator } = without;
    const same = table.configurations.filter(
      (one) =>
        one.embedder &&
        one.generator?.modelId === generator?.modelId &&
        (one.generator?.adapterId ?? null) === (generator?.adapterId ?? null),
    );
    const withSearch = startOf(same);
    if (!withSearch) continue;
    for (const metric of ANSWERED) {
      const difference = differenceOf(table, without.id, withSearch.id, metric);
      if (!difference) continue;
      const { mean, low, high, significant } = difference;
      const term = describeMetric(metric)?.term ?? metric;
      const figures = `${term} ${changeText(metric, mean)} (95 % interval ${changeText(metric, low)} to ${changeText(metric, high)})`;
      if (!significant) return [`Searching makes no difference to the answers that could be shown: ${figures}.`];
      return [`Searching the documents ${mean > 0 ? 'improves' : 'worsens'} the same model’s answers: ${figures}.`];
    }
  }
  return [];
}

function stepReason({ part, difference }: Step): string {
  const { metric, mean, low, high, n, significant } = difference;
  const term = describeMetric(metric)?.term ?? metric;
  const figures = `${term} ${changeText(metric, mean)} (95 % interval ${changeText(metric, low)} to ${changeText(metric, high)}, ${n} questions)`;
  if (significant) return `Tuning ${NAME[part]} ${mean > 0 ? 'helps' : 'harms'}: ${figures}.`;
  return `Tuning ${NAME[part]} shows no sure effect: ${figures}.`;
}

function curveReason({ points, metric }: NonNullable<RecommendationInput['learningCurve']>): string[] {
  const curve = learningCurve(points);
  if (!curve) return [];
  const { mean, low, high } = curve.gain(100);
  const term = describeMetric(metric)?.term ?? metric;
  const figures = `${term} ${changeText(metric, mean)} (95 % interval ${changeText(metric, low)} to ${changeText(metric, high)})`;
  const worth =
    high < WORTHWHILE
      ? ': the curve is flat, better examples help more than more of them'
      : low <= 0
        ? ': whether they help at all is not sure'
        : '';
  return [`After ${curve.examples} examples another hundred would likely bring ${figures}${worth}.`];
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
