import { ANSWER_RECIPE, answerTurns } from '../../../src/chat/prompt/answer-recipe.ts';
import { parseQuestion, questionTurns } from '../../../src/datasets/question-recipe.ts';
import type { LlamaAdapter } from '../../../src/engine/models/llama/adapter.ts';
import { tokenF1 } from '../../../src/evaluation/metrics/answers.ts';
import { mean, reciprocalRank } from '../../../src/evaluation/metrics/ranking.ts';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import { handbookPassages } from '../../quality/library.ts';
import type { Answerer } from '../generator/answerer.ts';
import { cachedAnswers } from '../generator/cached-answers.ts';
import { interval, table } from '../report.ts';
import { shuffled } from '../../../src/engine/training/random.ts';
import { seededRandom } from '../seeded-random.ts';
import { xquadByArticle } from '../xquad.ts';
import type { Score } from './card.ts';

const HANDBOOK_PASSAGES = 60;
/** Shorter ones are headings and tables of contents, of which nobody can ask. */
const SHORTEST = 300;

/**
 * Scores questions written for passages of articles that nothing was trained on, and for a handbook's: do they keep to
 * the form with an answer that stands in the passage; does the adapter `answers`, which did not see the written answer,
 * give the same one; does a search for the question find its passage among all of the set.
 *
 * @param judge the adapter `answers`
 */
export async function scoreQuestions(
  answerer: Answerer,
  adapter: LlamaAdapter,
  judge: LlamaAdapter,
  embedder: Embedder,
): Promise<Score[]> {
  const paragraphs = [...new Set(xquadByArticle().test.map(({ paragraph }) => paragraph))];
  const handbook = (await handbookPassages()).map(({ text }) => text).filter((text) => text.length >= SHORTEST);
  const sets = {
    'XQuAD, test articles': paragraphs,
    handbook: shuffled(handbook, seededRandom(13)).slice(0, HANDBOOK_PASSAGES),
  };
  const scores: Score[] = [];
  const rows: string[][] = [];
  for (const [name, passages] of Object.entries(sets)) {
    const base = await measure(passages, null, `base-${name}`);
    const tuned = await measure(passages, adapter, `questions-${name}`);
    for (const metric of ['in the form', 'answered alike (F1)', 'finds its passage (MRR)'] as const) {
      scores.push({ name: `${metric}, ${name}`, base: mean(base[metric]), tuned: mean(tuned[metric]) });
      rows.push([name, metric, String(passages.length), interval(base[metric]), interval(tuned[metric])]);
    }
  }
  table(['set', 'score', 'passages', 'base', 'tuned'], rows);
  return scores;

  async function measure(passages: string[], with_: LlamaAdapter | null, name: string) {
    const key = name.replace(/\W+/g, '-');
    const prompts = passages.map((passage) => answerer.tokenizer.encodeChat(questionTurns(passage)));
    const written = await cachedAnswers(answerer, prompts, with_, key, 64);
    const parsed = written.map((text, i) => parseQuestion(text, passages[i]!));
    const asked = parsed.map((pair, i) =>
      answerer.tokenizer.encodeChat(
        answerTurns(ANSWER_RECIPE, [{ headings: [], text: passages[i]! }], pair?.question ?? ''),
      ),
    );
    // Of the base hardly any keeps to the form; what has no question is not asked.
    const kept = asked.filter((_, i) => parsed[i]);
    const answers = kept.length > 0 ? await cachedAnswers(answerer, kept, judge, `${key}-answered`) : [];
    const ranks = await ranksOf(
      parsed.map((pair) => pair?.question ?? ''),
      passages,
    );
    let next = 0;
    const alike = parsed.map((pair) => (pair ? tokenF1(answers[next++]!, [pair.answer]) : 0));
    return {
      'in the form': parsed.map((pair) => Number(pair !== undefined)),
      'answered alike (F1)': alike,
      'finds its passage (MRR)': ranks.map((rank, i) => (parsed[i] ? rank : 0)),
    };
  }

  async function ranksOf(questions: string[], passages: string[]): Promise<number[]> {
    const width = embedder.dimensions;
    const rows = await embedder.embed(passages, 'passage');
    const queries = await embedder.embed(questions, 'query');
    return questions.map((_, q) => {
      const scores = passages.map((_, p) => {
        let sum = 0;
        for (let d = 0; d < width; d++) sum += queries[q * width + d]! * rows[p * width + d]!;
        return sum;
      });
      const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!);
      return reciprocalRank(order, new Set([q]));
    });
  }
}
