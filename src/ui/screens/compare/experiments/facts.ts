import { CHAT_KNOBS } from '../../../../chat/settings.ts';
import { describeMetric } from '../../../../evaluation/metrics/catalogue.ts';
import { EVALUATION_KNOBS } from '../../../../evaluation/settings.ts';
import type { Headline } from '../../../../evaluation/table/contract.ts';
import { valueText } from '../../../../evaluation/table/words.ts';
import { GENERATION_KNOBS } from '../../../../generation/settings.ts';
import { retrievalKnobs } from '../../../../retrieval/settings.ts';
import type { Knobs } from '../../../../settings/knob.ts';
import type { EvaluationRow, RunRow } from '../../../../storage/schema.ts';
import { knobGroups } from '../../../../training/settings.ts';
import { count, duration } from '../../../format.ts';
import { knobText } from '../../../knob-words.ts';
import { changeText, scoreText } from '../../../scores.ts';
import { taskWords } from '../../tune/goals.ts';
import { modelText, type Names } from '../configuration-words.ts';
import { bestText } from './experiments.ts';

/** Something that was set for an experiment, or that came of it. */
export interface Fact {
  /** Facts of two experiments with one key are about the same thing. */
  key: string;
  label: string;
  value: string;
  outcome: boolean;
}

interface Words {
  /** The data set's name. */
  dataset: string;
  names: Names;
}

const ROLES = [
  ['embedder', 'Search models', 'no documents'],
  ['reranker', 'Ranking models', 'none'],
  ['generator', 'Answer models', 'none'],
] as const;

/** All that was set for a run of tuning, defaults included, then what came of it. */
export function runFacts(run: RunRow, { dataset, names }: Words): Fact[] {
  const { task, best, baseScore, scoreName, searchAdapterId } = run;
  const knobs = Object.assign({}, ...knobGroups(task).map((group) => group.knobs)) as Knobs;
  const { seed: _, ...ownKnobs } = knobs;
  return [
    set('What', taskWords(task)),
    set('Base model', names.model(run.modelId)),
    ...shared(run, dataset),
    ...(run.questions === undefined ? [] : [set('Questions learned from', count(run.questions))]),
    ...(task === 'reranker'
      ? [set('Stands behind the search', searchAdapterId ? names.adapter(searchAdapterId) : 'untuned')]
      : []),
    set('Where', run.node?.name ?? 'in this browser'),
    ...knobFacts('tuning', ownKnobs, run.settings),
    ...(best ? [came('Score', `${scoreText(best.score)} ${scoreName}`)] : []),
    ...(baseScore === undefined ? [] : [came('Untuned', scoreText(baseScore))]),
    ...(best && baseScore !== undefined ? [came('Change', changeText(baseScore, best.score))] : []),
    ...(best ? [came('Best step', count(best.step))] : []),
    came('Steps done', `${count(run.step)} of ${count(run.steps)}`),
    came('Computed in', run.seconds > 0 ? duration(run.seconds) : '–'),
  ];
}

/** All that was set for a comparison, defaults included, then its best combination with every mean. */
export function comparisonFacts(
  evaluation: EvaluationRow,
  { dataset, names, headline }: Words & { headline: Headline | undefined },
): Fact[] {
  const { configurations, judge, settings, seconds } = evaluation;
  const models = ROLES.map(([place, label, none]) => {
    const used = configurations.map((one) => (one[place] ? modelText(one[place], names) : none));
    return set(label, [...new Set(used)].join('; '));
  });
  const means = Object.entries(headline?.means ?? {}).map(([metric, mean]): Fact => {
    const label = describeMetric(metric)?.term ?? metric;
    return { key: `metric ${metric}`, label, value: valueText(metric, mean), outcome: true };
  });
  return [
    set('What', 'Comparison'),
    ...shared(evaluation, dataset),
    set('Part', evaluation.split),
    set('Questions asked', count(evaluation.exampleIds.length)),
    set('Combinations', count(configurations.length)),
    ...models,
    set('Judge', judge ? modelText(judge, names) : 'none'),
    ...knobFacts('comparing', EVALUATION_KNOBS, settings),
    ...knobFacts('searching', retrievalKnobs, settings, 'retrieval.'),
    ...knobFacts('answering', { ...CHAT_KNOBS, ...GENERATION_KNOBS }, settings),
    ...(headline ? [came('Best combination', bestText(evaluation, headline, names))] : []),
    ...means,
    came('Computed in', seconds > 0 ? duration(seconds) : '–'),
  ];
}

function shared({ datasetHash, seed }: Pick<RunRow, 'datasetHash' | 'seed'>, dataset: string): Fact[] {
  return [set('Data set', dataset), set('Rows, by hash', datasetHash.slice(0, 12)), set('Seed', String(seed))];
}

/** @param prefix of the keys in `settings` */
function knobFacts(of: string, knobs: Knobs, settings: Readonly<Record<string, unknown>>, prefix = ''): Fact[] {
  return Object.entries(knobs).map(([key, knob]) => ({
    key: `${of} ${key}`,
    label: knob.label,
    value: knobText(knob, settings[prefix + key]),
    outcome: false,
  }));
}

function set(label: string, value: string): Fact {
  return { key: label, label, value, outcome: false };
}

function came(label: string, value: string): Fact {
  return { key: label, label, value, outcome: true };
}
