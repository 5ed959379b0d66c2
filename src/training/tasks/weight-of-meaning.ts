import { retrievalKnobs, retrievalSettings } from '../../retrieval/settings.ts';
import { FirstStage } from './first-stage.ts';
import type { RetrievalJudge } from './retrieval-judge.ts';

/**
 * From the usual one up: tuning betters meaning and leaves words as they are, so their share can only fall. They keep a
 * twentieth, for names and numbers that no question of the validation part asks for.
 */
const SHARES = [retrievalKnobs.denseWeight.default, 0.85, 0.9, 0.95];

/**
 * The share of meaning, joined with words, by which a tuned search model finds most of the validation part. Of several
 * that find as much, the one nearest to the usual.
 *
 * @param questions unit vectors [questions, dimensions]; @param pool unit vectors [pool, dimensions]
 */
export async function weightOfMeaning<Text extends { length: number }>(
  judge: RetrievalJudge<Text>,
  questions: Float32Array,
  pool: Float32Array,
): Promise<number> {
  const stage = await FirstStage.of(judge.pool, pool);
  const dimensions = pool.length / judge.pool.length;
  const joins = judge.asked.map(({ question }, q) =>
    stage.search(question, questions.subarray(q * dimensions, (q + 1) * dimensions)),
  );
  const scores = SHARES.map((denseWeight) => {
    const settings = retrievalSettings({}, { denseWeight });
    return judge.scoreRankings(joins.map((join) => join(settings).map(({ place }) => place))).score;
  });
  return SHARES[scores.indexOf(Math.max(...scores))]!;
}
