import { ANSWER_RECIPE, answerTurns, isRefusal } from '../../../src/chat/prompt/answer-recipe.ts';
import type { LlamaAdapter } from '../../../src/engine/models/llama/adapter.ts';
import { tokenF1 } from '../../../src/evaluation/metrics/answers.ts';
import { citedNumbers } from '../../../src/evaluation/metrics/citations.ts';
import { mean } from '../../../src/evaluation/metrics/ranking.ts';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import type { Answerer } from '../generator/answerer.ts';
import { cachedAnswers } from '../generator/cached-answers.ts';
import { interval, table } from '../report.ts';
import { seededRandom } from '../seeded-random.ts';
import { xquadByArticle } from '../xquad.ts';
import { handbookQuestions, xquadQuestions, type QuestionSet, type ScoredQuestion } from './answer-questions.ts';
import type { Score } from './card.ts';

/** Refusals are scored on this many questions; each takes as long as an answer. */
const MOST_UNANSWERABLE = 120;

type Metric = (answer: string, question: ScoredQuestion) => number;
const ANSWERED: Record<string, Metric> = {
  'answer F1': (answer, { answers }) => tokenF1(answer, answers),
  'right citation': (answer, { right }) => Number(citedNumbers(answer)[0] === right),
  'refused wrongly': (answer) => Number(isRefusal(ANSWER_RECIPE, answer)),
};
const UNANSWERABLE: Record<string, Metric> = {
  'refused rightly': (answer) => Number(isRefusal(ANSWER_RECIPE, answer)),
};

/** The questions that no setting was chosen on: articles of their own, and a company's handbook, another domain. */
export async function finalSets(embedder: Embedder): Promise<Record<string, QuestionSet>> {
  return {
    'XQuAD, test articles': await xquadQuestions(xquadByArticle().test, embedder, seededRandom(11)),
    handbook: await handbookQuestions(embedder, seededRandom(12)),
  };
}

/** Scores an adapter next to its base, and prints both with their intervals. */
export async function scoreAnswers(
  answerer: Answerer,
  adapter: LlamaAdapter,
  sets: Record<string, QuestionSet>,
): Promise<Score[]> {
  const scores: Score[] = [];
  const rows: string[][] = [];
  for (const [name, { answerable, unanswerable }] of Object.entries(sets)) {
    const parts = [
      { questions: answerable, metrics: ANSWERED },
      { questions: unanswerable.slice(0, MOST_UNANSWERABLE), metrics: UNANSWERABLE },
    ];
    for (const { questions, metrics } of parts) {
      const tuned = await answer(questions, adapter, `answers, ${name}`);
      const base = await answer(questions, null, `base, ${name}`);
      for (const [metric, of] of Object.entries(metrics)) {
        const values = (answers: string[]) => answers.map((text, i) => of(text, questions[i]!));
        scores.push({ name: `${metric}, ${name}`, base: mean(values(base)), tuned: mean(values(tuned)) });
        rows.push([name, metric, String(questions.length), interval(values(base)), interval(values(tuned))]);
      }
    }
  }
  table(['set', 'score', 'questions', 'base', 'tuned'], rows);
  return scores;

  function answer(questions: ScoredQuestion[], with_: LlamaAdapter | null, name: string): Promise<string[]> {
    const prompts = questions.map(({ passages, question }) =>
      answerer.tokenizer.encodeChat(answerTurns(ANSWER_RECIPE, passages, question)),
    );
    return cachedAnswers(answerer, prompts, with_, name.replace(/\W+/g, '-'));
  }
}
