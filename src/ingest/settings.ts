import { valuesOf, type KnobValues } from '../settings/knob.ts';

/** Knobs of chunking. Workspace overrides lie in `WorkspaceRow.settings` under the key `ingest.<knob>`. */
export const chunkKnobs = {
  maxTokens: {
    kind: 'number',
    label: 'Passage length',
    help: 'Longest passage in tokens of the search model, headings included; short passages are found more precisely.',
    default: 254,
    min: 48,
    max: 510,
    step: 1,
  },
  overlapTokens: {
    kind: 'number',
    label: 'Overlap',
    help: 'Tokens of whole sentences that a passage repeats from the one before, so that nothing is lost at the seam.',
    default: 32,
    min: 0,
    max: 128,
    step: 1,
  },
  headingShare: {
    kind: 'number',
    label: 'Room for headings',
    help: 'Share of a passage that the headings above it may take; outer headings are dropped first.',
    default: 0.25,
    min: 0,
    max: 0.5,
    step: 0.05,
  },
  markNearDuplicates: {
    kind: 'switch',
    label: 'Mark near-duplicates',
    help: 'Finds passages that say nearly the same, so that a search does not show them twice.',
    default: true,
  },
  nearDuplicateSimilarity: {
    kind: 'number',
    label: 'Near-duplicate from',
    help: 'Share of three-word sequences that two passages must have in common to count as near-duplicates.',
    default: 0.8,
    min: 0.5,
    max: 1,
    step: 0.05,
  },
} as const;

export type ChunkSettings = KnobValues<typeof chunkKnobs>;

/** Key of a knob in `WorkspaceRow.settings`. */
export const chunkSettingKey = (knob: keyof typeof chunkKnobs): string => `ingest.${knob}`;

/** The settings of a workspace, complete and in range. */
export function chunkSettings(workspaceSettings: Readonly<Record<string, unknown>> = {}): ChunkSettings {
  const knobs = Object.keys(chunkKnobs) as (keyof typeof chunkKnobs)[];
  return valuesOf(
    chunkKnobs,
    Object.fromEntries(knobs.map((knob) => [knob, workspaceSettings[chunkSettingKey(knob)]])),
  );
}
