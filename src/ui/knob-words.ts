import type { Knob } from '../settings/knob.ts';

/** The value of a setting as people read it; an absent one is the default. */
export function knobText(knob: Knob, value: unknown): string {
  const shown = value ?? knob.default;
  if (knob.kind === 'switch') return shown ? 'yes' : 'no';
  if (knob.kind === 'choice') return knob.choices.find((choice) => choice.value === shown)?.label ?? String(shown);
  return String(shown) || 'none';
}
