import type { ModelRole, TuningTask } from '../../../storage/schema.ts';
import type { IconName } from '../../components/icons.ts';
import type { TermName } from '../../components/terms.ts';
import type { TrainingPreset } from '../../../training/settings.ts';

/** What a person wants to get better, in their words; which task that is depends on how long it may take. */
export type Goal = 'search' | 'ranking' | 'answers';

/** How long a run may take. `instant` fits a matrix over finished vectors in place of tuning the model itself. */
export type Length = 'instant' | TrainingPreset;

export interface GoalInfo {
  goal: Goal;
  label: string;
  text: string;
  icon: IconName;
  term: TermName;
  /** The kind of model that is tuned. A ranking model is made from a search model. */
  base: ModelRole;
}

export const goals: readonly GoalInfo[] = [
  {
    goal: 'search',
    label: 'Search model',
    text: 'Finds the right passage more often, also when the question uses other words than your documents.',
    icon: 'search',
    term: 'embedder',
    base: 'embedder',
  },
  {
    goal: 'ranking',
    label: 'Ranking model',
    text: 'Reads each passage that was found together with the question and puts the best one first.',
    icon: 'list',
    term: 'reranker',
    base: 'embedder',
  },
  {
    goal: 'answers',
    label: 'Answer model',
    text: 'Answers like your examples: to the point, with its source, and says when nothing fits.',
    icon: 'chat',
    term: 'generator',
    base: 'generator',
  },
];

export const INSTANT = {
  label: 'In seconds',
  help: 'Leaves the model as it is and fits a small matrix over its vectors. Gains less, works with any search model.',
};

export function taskOf(goal: Goal, length: Length): TuningTask {
  if (goal === 'search') return length === 'instant' ? 'linear' : 'embedder';
  return goal === 'ranking' ? 'reranker' : 'generator';
}

/** A linear adapter has presets too; "in seconds" is its balanced one. */
export function presetOf(length: Length): TrainingPreset {
  return length === 'instant' ? 'balanced' : length;
}

const words: Record<TuningTask, string> = {
  embedder: 'Search model',
  linear: 'Search model, matrix only',
  reranker: 'Ranking model',
  generator: 'Answer model',
};

/** What a task tunes, as people call it. */
export function taskWords(task: TuningTask): string {
  return words[task];
}
