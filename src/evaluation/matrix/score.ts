import type { SearchHit } from '../../retrieval/contract.ts';
import type { RankedPassage, SearchablePassage } from '../../retrieval/passage-search.ts';
import type { EvaluationScoreRow, QuestionCost } from '../../storage/schema.ts';
import { describeMetric } from '../metrics/catalogue.ts';
import type { JudgeResult } from '../judge/contract.ts';
import { scoreAnswer, scoreRanking } from '../metrics/score.ts';
import type { EvaluationSettings } from '../settings.ts';
import type { GivenAnswer } from './answer.ts';
import { plain, type Corpus } from './corpus.ts';

/** Passages of a row that are kept with their text. */
const SHOWN = 10;

/** All that is known of what a configuration did with a question. */
export interface Outcome {
  /** Right answers; empty: the documents hold none, so that to decline is right; null: nobody says what is right. */
  references: readonly string[] | null;
  /** Right passages, as `Corpus.originals`. */
  right: ReadonlySet<number>;
  /** null: asked without passages. */
  ranked: readonly RankedPassage[] | null;
  /** What the answer was written from, best first; null: from nothing but the model. */
  hits: readonly SearchHit[] | null;
  /** Absent: only the ranking is judged. */
  answer?: GivenAnswer | undefined;
  /** Cosine of answer and reference. */
  similarity?: number | undefined;
  judged?: JudgeResult | undefined;
  cost: QuestionCost;
}

type Scored = Pick<EvaluationScoreRow, 'passages' | 'rank' | 'answer' | 'scores' | 'failure' | 'judgement' | 'cost'>;

/** Scores and category of one question. */
export function scoreOutcome(outcome: Outcome, corpus: Corpus, settings: EvaluationSettings): Scored {
  const { ranked, right, answer, judged, cost } = outcome;
  const originals = (ranked ?? []).map(({ passage }) => corpus.originals[passage]!);
  const place = originals.findIndex((original) => right.has(original));
  const rank = place < 0 ? undefined : place + 1;
  const scores = {
    ...(ranked && scoreRanking(originals, right)),
    ...(answer && answerScores(outcome, answer, corpus)),
    ...judged?.scores,
    ...effort(cost, answer),
  };
  const failure = failureOf(outcome, rank, scores, corpus, settings);
  return {
    passages: (ranked ?? []).slice(0, SHOWN).map(({ passage }) => shown(passage, corpus, right)),
    ...(rank !== undefined && { rank }),
    ...(answer && { answer: answer.text }),
    scores,
    ...(failure && { failure }),
    ...(judged && { judgement: { scores: { ...judged.scores }, reason: reasonOf(judged) } }),
    cost,
  };
}

function answerScores(outcome: Outcome, answer: GivenAnswer, corpus: Corpus): Record<string, number> {
  const { references, hits, similarity } = outcome;
  if (!references) return {};
  const scores = scoreAnswer({
    answer: answer.text,
    references,
    ...(hits && { passages: hits.map(({ text }) => text), rightPassages: rightAmong(hits, outcome, corpus) }),
    // What the app or a recipe declined is known; a bare model says so in its own words.
    ...(answer.refused && { refused: true }),
  });
  return similarity === undefined || references.length === 0 ? scores : { ...scores, similarity };
}

/** Numbers, from 1, of the hits that hold a right passage. */
function rightAmong(hits: readonly SearchHit[], { right }: Pick<Outcome, 'right'>, corpus: Corpus): Set<number> {
  const numbers = hits.flatMap(({ chunkIds }, i) =>
    chunkIds.some((id) => right.has(corpus.originals[placeOf(corpus, id)]!)) ? [i + 1] : [],
  );
  return new Set(numbers);
}

const places = new WeakMap<readonly SearchablePassage[], Map<string, number>>();

function placeOf({ passages }: Corpus, chunkId: string): number {
  let byId = places.get(passages);
  if (!byId) places.set(passages, (byId = new Map(passages.map(({ chunk }, place) => [chunk.id, place]))));
  return byId.get(chunkId)!;
}

/**
 * Where it went wrong, the earliest cause first: an answer cannot be right when its passage was not there to be read. A
 * right answer has no failure, however it came about.
 */
function failureOf(
  outcome: Outcome,
  rank: number | undefined,
  scores: Record<string, number>,
  corpus: Corpus,
  settings: EvaluationSettings,
): EvaluationScoreRow['failure'] | undefined {
  const { references, right, ranked, hits, answer } = outcome;
  const retrieval = ranked && right.size > 0 ? (rank === undefined ? 'notRetrieved' : 'rankedLow') : undefined;
  if (!answer || !references) return rank !== undefined && rank <= settings.goodRank ? undefined : retrieval;
  const refused = (scores['refusalAccuracy'] ?? scores['falseRefusal']) === 1;
  if (references.length === 0) return scores['refusalAccuracy'] === undefined || refused ? undefined : 'unsupported';
  if (isRight(outcome, scores, settings)) return undefined;
  if (hits && retrieval && rightAmong(hits, outcome, corpus).size === 0) return retrieval;
  if (refused) return 'refused';
  return answer.supported === false || !hits ? 'unsupported' : 'wrongFromRight';
}

/** By words, with a judge too: how far to trust that one is for people to say (ADR 188). */
function isRight(
  { references, answer }: Outcome,
  scores: Record<string, number>,
  { rightAnswer }: EvaluationSettings,
): boolean {
  if (scores['falseRefusal'] === 1) return false;
  // A whole sentence around a short reference is right, and shares few of its own words with it.
  return (scores['tokenF1'] ?? 0) >= rightAnswer || references!.some((reference) => contains(answer!.text, reference));
}

function contains(answer: string, reference: string): boolean {
  const words = (text: string) => ` ${plain(text.replace(/\[\d+(?:\s*,\s*\d+)*\]|[^\p{L}\p{N}\s]/gu, ' '))} `;
  return words(reference).trim() !== '' && words(answer).includes(words(reference));
}

function effort(cost: QuestionCost, answer: GivenAnswer | undefined): Record<string, number> {
  const { searchSeconds, rerankSeconds, answerSeconds, tokensPerSecond, promptTokens, outputTokens } = cost;
  const parts = [searchSeconds, rerankSeconds, answerSeconds].filter((part) => part !== undefined);
  return {
    ...(parts.length > 0 && { seconds: parts.reduce((sum, part) => sum + part, 0) }),
    ...(tokensPerSecond !== undefined && { tokensPerSecond }),
    ...(promptTokens !== undefined && { promptTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(answer && answer.memoryBytes > 0 && { memory: answer.memoryBytes / 1e6 }),
  };
}

function shown(passage: number, { passages, originals }: Corpus, right: ReadonlySet<number>) {
  const { chunk, path } = passages[passage]!;
  return { chunkId: chunk.id, documentKey: path, text: chunk.text, relevant: right.has(originals[passage]!) };
}

/** A line for each aspect; one without a valid verdict has its reason too. */
function reasonOf({ reasons }: JudgeResult): string {
  return Object.entries(reasons)
    .map(([aspect, reason]) => `${describeMetric(aspect)!.term}: ${reason}`)
    .join('\n');
}
