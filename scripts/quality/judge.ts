/**
 * How far a model can be trusted as a judge, where the truth is known: for questions of XQuAD's training articles it
 * scores the right answer and the right answer to another question about the same passage, and says which of the two
 * it prefers. Prints how often it gave a verdict at all, and its agreement with the truth (Cohen's kappa).
 *
 * Run: npx tsx scripts/quality/judge.ts [--model SmolLM2-135M-Instruct-Q4_1] [--every 40 questions]
 */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { residentNode } from '../../src/engine/resident/node.ts';
import { judgedRight } from '../../src/evaluation/judge/verdict.ts';
import { judgeAnswer } from '../../src/evaluation/judge/judge-answer.ts';
import { preferAnswer } from '../../src/evaluation/judge/prefer-answer.ts';
import { cohenKappa, type Agreement } from '../../src/evaluation/statistics/kappa.ts';
import { LocalChatEngine } from '../../src/generation/local/local-engine.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import { loadXquad } from '../calibrate/xquad.ts';

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: 'SmolLM2-135M-Instruct-Q4_1' },
    every: { type: 'string', default: '40' },
  },
});
const every = Number(flags.every);
const items = loadXquad()
  .train.flatMap(({ text, questions, answers }) =>
    questions.map((question, i) => ({
      question,
      passage: text,
      right: answers[i]!,
      wrong: answers.find((answer) => answer !== answers[i]),
    })),
  )
  .filter((item, i): item is typeof item & { wrong: string } => i % every === 0 && item.wrong !== undefined);

// XGrammar's package is made for browsers, and in Node looks for these (ADR 183).
Object.assign(globalThis, { require: createRequire(import.meta.url), __filename: import.meta.filename });
const engine = await LocalChatEngine.load(await starterModelFiles(flags.model), {
  runtime: residentNode(),
  device: 'cpu',
});
const signal = new AbortController().signal;
const started = performance.now();
const scored: { truth: 'right' | 'wrong'; verdict: 'right' | 'wrong' }[] = [];
const preferred = { right: 0, wrong: 0, 'no valid choice': 0, 'changed with the order': 0, tie: 0 };
let [asked, unknown, tokens] = [0, 0, 0];
for (const [i, { question, passage, right, wrong }] of items.entries()) {
  const given = { question, reference: right, passages: [passage] };
  for (const [truth, answer] of [['right', right] as const, ['wrong', wrong] as const]) {
    const { scores, tokens: used } = await judgeAnswer(
      engine,
      { ...given, answer },
      { signal, aspects: ['correctness'] },
    );
    asked++;
    tokens += used.output;
    if (scores.correctness === undefined) unknown++;
    else scored.push({ truth, verdict: judgedRight(scores.correctness) ? 'right' : 'wrong' });
  }
  // The right one stands first in every other pair, so that a judge that likes a place is not taken for a good one.
  const first = i % 2 === 0 ? ('right' as const) : ('wrong' as const);
  const pair = first === 'right' ? ([right, wrong] as const) : ([wrong, right] as const);
  const { winner, consistent, tokens: used } = await preferAnswer(engine, given, pair, { signal });
  tokens += used.output;
  const second = first === 'right' ? ('wrong' as const) : ('right' as const);
  if (winner === 'first') preferred[first]++;
  else if (winner === 'second') preferred[second]++;
  else if (winner === 'unknown') preferred['no valid choice']++;
  else preferred[consistent ? 'tie' : 'changed with the order']++;
  console.log(`${i + 1} of ${items.length}: ${scored.length} of ${asked} scored, preferred ${winner} (${first} first)`);
}
const seconds = (performance.now() - started) / 1000;
await engine.dispose();

const words = ({ n, observed, kappa }: Agreement) =>
  `agrees with the truth on ${(100 * observed).toFixed(0)} % of ${n}` +
  (kappa
    ? `, kappa ${kappa.value.toFixed(2)} [${kappa.low.toFixed(2)}, ${kappa.high.toFixed(2)}]`
    : ', kappa not defined');
console.log(`\n${flags.model}, ${items.length} questions, ${seconds.toFixed(0)} s, ${tokens} tokens written`);
console.log(
  `correctness: no verdict on ${unknown} of ${asked}; ` +
    words(
      cohenKappa(
        scored.map(({ truth }) => truth),
        scored.map(({ verdict }) => verdict),
      ),
    ),
);
const told = Object.entries(preferred).map(([outcome, count]) => `${outcome} ${count}`);
console.log(`preference: ${told.join(', ')}`);
