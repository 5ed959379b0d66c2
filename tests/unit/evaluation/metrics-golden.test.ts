import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exactMatch, tokenF1 } from '../../../src/evaluation/metrics/answers.ts';
import { corpusBleu, sentenceBleu } from '../../../src/evaluation/metrics/bleu.ts';
import { chrf } from '../../../src/evaluation/metrics/chrf.ts';
import { rougeL, rougeN } from '../../../src/evaluation/metrics/rouge.ts';
import { scoreRanking } from '../../../src/evaluation/metrics/score.ts';
import { cohenKappa } from '../../../src/evaluation/statistics/kappa.ts';
import { bradleyTerry, type Duel } from '../../../src/evaluation/statistics/preference.ts';
import { holm, signFlipP } from '../../../src/evaluation/statistics/significance.ts';

/** Made by scripts/goldens/metrics.py. */
interface Golden {
  answers: {
    answer: string;
    references: string[];
    exactMatch?: number;
    tokenF1?: number;
    rouge1: number;
    rouge2: number;
    rougeL: number;
    bleu: number;
    chrf: number;
  }[];
  corpora: { pairs: { answer: string; references: string[] }[]; bleu: number }[];
  rankings: { ranked: string[]; relevant: string[]; scores: Record<string, number> }[];
  permutations: { differences: number[]; p: number }[];
  kappas: { a: string[]; b: string[]; kappa: number; low: number; high: number }[];
  holm: { p: number[]; adjusted: number[] };
  duels: { votes: Duel[]; elo: Record<string, number> };
}

const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/evaluation/metrics.json', import.meta.url), 'utf8'),
) as Golden;

describe('answers score as the reference implementations score them', () => {
  it.each(golden.answers)('$answer', ({ answer, references, ...wanted }) => {
    const ours: Record<string, number> = {
      exactMatch: exactMatch(answer, references),
      tokenF1: tokenF1(answer, references),
      rouge1: rougeN(answer, references, 1),
      rouge2: rougeN(answer, references, 2),
      rougeL: rougeL(answer, references),
      bleu: sentenceBleu(answer, references),
      chrf: chrf(answer, references),
    };
    for (const [metric, value] of Object.entries(wanted)) expect(ours[metric], metric).toBeCloseTo(value, 6);
  });

  it.each(golden.corpora)('corpus BLEU of $pairs.length answers', ({ pairs, bleu }) => {
    expect(corpusBleu(pairs)).toBeCloseTo(bleu, 6);
  });
});

it('rankings score as trec_eval scores them', () => {
  for (const { ranked, relevant, scores } of golden.rankings) {
    const ours = scoreRanking(ranked, new Set(relevant), [1, 5, 10]);
    for (const [metric, value] of Object.entries(scores)) expect(ours[metric], metric).toBeCloseTo(value, 6);
  }
});

describe('statistics agree with scipy, statsmodels and scikit-learn', () => {
  it.each(golden.permutations)('sign-flip p of $differences.length differences', ({ differences, p }) => {
    // Exact for few questions; drawn signs lie within four standard errors of 10,000 draws.
    const tolerance =
      differences.filter((value) => value !== 0).length <= 13 ? 1e-9 : 4 * Math.sqrt((p * (1 - p)) / 1e4);
    expect(Math.abs(signFlipP(differences) - p)).toBeLessThanOrEqual(tolerance);
  });

  it.each(golden.kappas)('kappa $kappa with its interval', ({ a, b, kappa, low, high }) => {
    const ours = cohenKappa(a, b).kappa!;
    expect(ours.value).toBeCloseTo(kappa, 6);
    expect(ours.low).toBeCloseTo(Math.max(-1, low), 6);
    expect(ours.high).toBeCloseTo(Math.min(1, high), 6);
  });

  it('Holm’s correction', () => {
    holm(golden.holm.p).forEach((p, i) => expect(p).toBeCloseTo(golden.holm.adjusted[i]!, 12));
  });

  it('Bradley-Terry strengths are those of the logistic regression', () => {
    const strengths = bradleyTerry(golden.duels.votes, { prior: 0 });
    for (const { id, score } of strengths) expect(score).toBeCloseTo(golden.duels.elo[id]!, 3);
  });
});
