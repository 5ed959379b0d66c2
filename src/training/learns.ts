import type { TuningTask } from '../storage/schema.ts';

/** What an answer model can learn, by the values of the knob `learns`, in the words of the Tune screen. */
export const LEARNS = {
  passages: {
    label: 'Answers from passages',
    help: 'Reads the passages that search finds, answers in the form of your examples, and cites.',
  },
  'closed-book': {
    label: 'Answers by heart',
    help: 'Question and answer alone. It is asked without passages and cites nothing; small models remember little.',
  },
} as const;

export type Learns = keyof typeof LEARNS;

/** Knobs that change nothing for what is learned: forms leave them out. */
const WITHOUT_USE: Record<Learns, readonly string[]> = {
  passages: [],
  'closed-book': ['passages', 'refusals', 'reasons'],
};

/** What a run learns: from passages, unless it is an answer model whose settings say otherwise. */
export function learnsOf(task: TuningTask, settings: Readonly<Record<string, unknown>>): Learns {
  const { learns } = settings;
  return task === 'generator' && typeof learns === 'string' && learns in LEARNS ? (learns as Learns) : 'passages';
}

/** Whether a knob changes what a run with these settings learns. */
export function hasUse(knob: string, task: TuningTask, settings: Readonly<Record<string, unknown>>): boolean {
  return !WITHOUT_USE[learnsOf(task, settings)].includes(knob);
}
