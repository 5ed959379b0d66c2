/**
 * Settings as data: each domain lists its knobs once, and forms, validation and help texts derive from the list.
 * Values that a user changed are kept by key (in `WorkspaceRow.settings` or the `settings` table); absent means default.
 */
interface KnobBase<T> {
  label: string;
  /** One line: what it does and when to change it. */
  help: string;
  default: T;
}

export interface NumberKnob extends KnobBase<number> {
  kind: 'number';
  min: number;
  max: number;
  step: number;
  /** Values a factor apart are as far from one another as any: the slider goes by their logarithm; `min` is above 0. */
  logarithmic?: boolean;
}

export interface SwitchKnob extends KnobBase<boolean> {
  kind: 'switch';
}

export interface TextKnob extends KnobBase<string> {
  kind: 'text';
  /** Longest value in characters. */
  maxLength: number;
}

export interface ChoiceKnob<T extends string = string> extends KnobBase<T> {
  kind: 'choice';
  choices: readonly { value: T; label: string }[];
}

export type Knob = NumberKnob | SwitchKnob | TextKnob | ChoiceKnob;
export type Knobs = Readonly<Record<string, Knob>>;

type Widen<T> = T extends number ? number : T extends boolean ? boolean : T;
export type KnobValue<K extends Knob> = K extends ChoiceKnob
  ? K['choices'][number]['value']
  : K extends TextKnob
    ? string
    : Widen<K['default']>;
export type KnobValues<K extends Knobs> = { [Key in keyof K]: KnobValue<K[Key]> };

/** The value to use for one knob: `value` brought into its range, or the default when it is absent or of another type. */
export function valueOf<K extends Knob>(knob: K, value: unknown): KnobValue<K> {
  return (accepted(knob, value) ?? knob.default) as KnobValue<K>;
}

/** All values of a group of knobs; unknown keys of `overrides` are ignored. */
export function valuesOf<K extends Knobs>(knobs: K, overrides: Readonly<Record<string, unknown>> = {}): KnobValues<K> {
  const entries = Object.entries(knobs).map(([key, knob]) => [key, valueOf(knob, overrides[key])]);
  return Object.fromEntries(entries) as KnobValues<K>;
}

function accepted(knob: Knob, value: unknown): unknown {
  switch (knob.kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
        ? Math.min(knob.max, Math.max(knob.min, value))
        : undefined;
    case 'switch':
      return typeof value === 'boolean' ? value : undefined;
    case 'text':
      return typeof value === 'string' ? value.slice(0, knob.maxLength) : undefined;
    case 'choice':
      return knob.choices.some((choice) => choice.value === value) ? value : undefined;
  }
}
