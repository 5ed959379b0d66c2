import { describeMetric } from '../../../evaluation/metrics/catalogue.ts';
import type { Difference, MatrixTable } from '../../../evaluation/table/contract.ts';
import type { PipelineConfiguration, PipelineModel } from '../../../storage/schema.ts';
import { plural } from '../../format.ts';
import { scoreText } from '../../scores.ts';

/** The sentence over a matrix: what each tuned part bought, and whether that is sure. Pure: numbers in, words out. */

type Place = 'embedder' | 'reranker' | 'generator';

interface Change {
  place: Place;
  /** What was done, as a subject: "Tuning the search model". */
  subject: string;
  metrics: readonly string[];
}

const FOUND = ['hit@5', 'recall@5', 'hit@1', 'recall@1', 'mrr'];
const ANSWERED = ['correctness', 'tokenF1', 'exactMatch'];

const CHANGES: readonly (Change & { from: Kind; to: Kind })[] = [
  { place: 'embedder', from: 'base', to: 'tuned', subject: 'Tuning the search model', metrics: FOUND },
  { place: 'reranker', from: 'none', to: 'tuned', subject: 'The ranking model', metrics: FOUND },
  { place: 'generator', from: 'base', to: 'tuned', subject: 'Tuning the answer model', metrics: ANSWERED },
];

type Kind = 'none' | 'base' | 'tuned';

/** @returns sentences, the strongest claim first; empty where nothing was compared that tuning changed */
export function storyOf({ configurations, differences }: MatrixTable): string[] {
  const byId = new Map(configurations.map((configuration) => [configuration.id, configuration]));
  return CHANGES.flatMap(({ place, from, to, subject, metrics }) => {
    const alone = differences.filter((difference) => {
      const [a, b] = [byId.get(difference.from), byId.get(difference.to)];
      if (!a || !b || kindOf(a[place]) !== from || kindOf(b[place]) !== to) return false;
      return (['embedder', 'reranker', 'generator'] as const).every((other) => other === place || same(a, b, other));
    });
    for (const metric of metrics) {
      // Of several pairs, the one whose other parts are most tuned: that is the pipeline as it would be used.
      const difference = alone.filter((one) => one.metric === metric).at(-1);
      if (difference) return [sentence(subject, difference)];
    }
    return [];
  });
}

function sentence(subject: string, { metric, mean, low, high, n, significant }: Difference): string {
  const found = /^(hit|recall)@(\d+)$/.exec(metric);
  const questions = plural(n, 'question');
  if (!significant) return `${subject} made no difference that ${questions} could show.`;
  if (found) {
    const place = found[2] === '1' ? 'first' : `among the first ${found[2]}`;
    const hundred = (value: number) => Math.abs(Math.round(value * 100));
    const range = `95 % interval ${signedHundred(low)} to ${signedHundred(high)}`;
    return mean > 0
      ? `${subject} found the right passage ${place} for ${hundred(mean)} more of 100 questions (${range}).`
      : `${subject} lost the right passage from ${place === 'first' ? 'the first place' : `the first ${found[2]}`} for ${hundred(mean)} of 100 questions (${range}).`;
  }
  const name = describeMetric(metric)?.term ?? metric;
  return `${subject} ${mean > 0 ? 'raised' : 'lowered'} ${name} by ${scoreText(Math.abs(mean))} (95 % interval ${signedScore(low)} to ${signedScore(high)}).`;
}

const signedHundred = (value: number) => `${value < 0 ? '−' : ''}${Math.abs(Math.round(value * 100))}`;
const signedScore = (value: number) => scoreText(value);

function kindOf(part: PipelineModel | null): Kind {
  if (!part) return 'none';
  return part.adapterId ? 'tuned' : 'base';
}

function same(a: PipelineConfiguration, b: PipelineConfiguration, place: Place): boolean {
  const [x, y] = [a[place], b[place]];
  return x?.modelId === y?.modelId && (x?.adapterId ?? null) === (y?.adapterId ?? null);
}
