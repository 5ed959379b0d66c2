import { exactMatch, tokenF1 } from './answers.ts';
import { sentenceBleu } from './bleu.ts';
import { chrf } from './chrf.ts';
import { citationPrecision, citationRecall, withoutCitations } from './citations.ts';
import { ngramOverlap, words } from './ngrams.ts';
import {
  averagePrecision,
  contextRecallAtK,
  hitAtK,
  ndcgAtK,
  precisionAtK,
  recallAtK,
  reciprocalRank,
} from './ranking.ts';
import { refuses } from './refusal.ts';
import { rougeL, rougeN } from './rouge.ts';
import { cosineSimilarity } from './similarity.ts';

/** Cut-offs that tables show. */
const CUT_OFFS = [1, 3, 5, 10];

/**
 * Every metric of a ranking, by the catalogue's keys. Ids of several passages with the same text count once: give each
 * text one id. Empty where nothing is relevant.
 *
 * @param ranked ids best first, each at most once; MRR and MAP look at all of them
 */
export function scoreRanking<Id>(
  ranked: readonly Id[],
  relevant: ReadonlySet<Id>,
  cutOffs: readonly number[] = CUT_OFFS,
): Record<string, number> {
  if (relevant.size === 0) return {};
  const scores: Record<string, number> = {
    mrr: reciprocalRank(ranked, relevant),
    map: averagePrecision(ranked, relevant),
  };
  for (const k of cutOffs) {
    scores[`hit@${k}`] = hitAtK(ranked, relevant, k);
    scores[`recall@${k}`] = recallAtK(ranked, relevant, k);
    scores[`contextRecall@${k}`] = contextRecallAtK(ranked, relevant, k);
    scores[`precision@${k}`] = precisionAtK(ranked, relevant, k);
    scores[`ndcg@${k}`] = ndcgAtK(ranked, relevant, k);
  }
  return scores;
}

export interface AnswerToScore {
  answer: string;
  /** Right answers; none or '' alone: the documents hold no answer. */
  references: readonly string[];
  /** Texts of the passages that the answer was written from, in the order of their numbers; absent: without retrieval. */
  passages?: readonly string[];
  /** Numbers, from 1, of the right ones among `passages`. */
  rightPassages?: ReadonlySet<number>;
  /** Words in which the model is asked to refuse. */
  refusals?: readonly string[];
  /** Whether it was a refusal, where the caller knows; else the wording decides. */
  refused?: boolean;
  /** Embeddings of the answer without citations and of the first reference. */
  vectors?: { answer: ArrayLike<number>; reference: ArrayLike<number> };
}

/** Every metric of an answer that needs no judge, by the catalogue's keys; one that does not apply is absent. */
export function scoreAnswer(given: AnswerToScore): Record<string, number> {
  const { answer, passages, rightPassages, vectors } = given;
  const references = given.references.filter((reference) => reference.trim() !== '');
  const refused = Number(given.refused ?? refuses(answer, given.refusals));
  const text = withoutCitations(answer).trim();
  const scores: Record<string, number | undefined> = { answerWords: words(text).length };
  if (references.length === 0) {
    scores.refusalAccuracy = refused;
    return defined(scores);
  }
  Object.assign(scores, {
    exactMatch: exactMatch(answer, references),
    tokenF1: tokenF1(answer, references),
    rouge1: rougeN(text, references, 1),
    rouge2: rougeN(text, references, 2),
    rougeL: rougeL(text, references),
    bleu: sentenceBleu(text, references),
    chrf: chrf(text, references),
    falseRefusal: refused,
    ...(vectors && { similarity: cosineSimilarity(vectors.answer, vectors.reference) }),
  });
  // A refusal takes no wording from anywhere and need not cite.
  if (passages && passages.length > 0 && !refused) scores.ngramOverlap = ngramOverlap(text, passages);
  if (rightPassages && !refused) {
    scores.citationPrecision = citationPrecision(answer, rightPassages);
    scores.citationRecall = citationRecall(answer, rightPassages);
  }
  return defined(scores);
}

function defined(scores: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scores).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
