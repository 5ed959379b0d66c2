import type { IconName } from '../../../components/icons.ts';
import type { GenerationRow } from '../../../../storage/schema.ts';

export type Method = GenerationRow['method'];

/** The ways to write questions, in words. */
export const methods: readonly { method: Method; label: string; text: string; icon: IconName }[] = [
  {
    method: 'writer',
    label: 'Question writer',
    text: 'A small model on this laptop, tuned to ask. It drafts several questions for each passage and keeps the best.',
    icon: 'edit',
  },
  {
    method: 'engine',
    label: 'With a model',
    text: 'Any answer model, by prompts: kinds by share, a persona, a language, a rationale for each answer.',
    icon: 'models',
  },
  {
    method: 'extracted',
    label: 'By rules alone',
    text: 'Definitions, headings and tables, with no model. Done in seconds; for review and for testing answers.',
    icon: 'list',
  },
];

export const methodLabel = (method: Method): string => methods.find((known) => known.method === method)!.label;

/** How many passages to read: a name for a number that nobody knows beforehand. 0 reads all that are worth it. */
export const amounts = [
  {
    value: 'look',
    label: 'A first look',
    text: 'Up to 50 passages: enough to see how the questions read.',
    passages: 50,
  },
  { value: 'good', label: 'A good set', text: 'Up to 400 passages: enough to tune the search.', passages: 400 },
  { value: 'all', label: 'Everything', text: 'All passages that are worth a question.', passages: 0 },
] as const;

export type Amount = (typeof amounts)[number]['value'];
