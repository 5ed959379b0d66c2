import { valuesOf, type Knobs, type KnobValues } from '../settings/knob.ts';

/** Knobs of searching. Workspace overrides lie in `WorkspaceRow.settings` under the key `retrieval.<knob>`. */
export const retrievalKnobs = {
  fusion: {
    kind: 'choice',
    label: 'How meaning and words are joined',
    help: 'By scores keeps how much better a passage is; by ranks (Reciprocal Rank Fusion) looks only at its place.',
    default: 'scores',
    choices: [
      { value: 'scores', label: 'By scores' },
      { value: 'ranks', label: 'By ranks (RRF)' },
    ],
  },
  denseWeight: {
    kind: 'number',
    label: 'Weight of meaning',
    help: 'Share of meaning against words when joined by scores; lower it when exact names and numbers matter most.',
    default: 0.8,
    min: 0,
    max: 1,
    step: 0.05,
  },
  rrfK: {
    kind: 'number',
    label: 'RRF constant',
    help: 'When joined by ranks: larger values make the first places count less against agreement of both lists.',
    default: 60,
    min: 1,
    max: 200,
    step: 1,
  },
  candidates: {
    kind: 'number',
    label: 'Candidates',
    help: 'Passages taken from each of the two lists before they are joined.',
    default: 100,
    min: 10,
    max: 1000,
    step: 10,
  },
  k1: {
    kind: 'number',
    label: 'BM25 k1',
    help: 'How much a repeated word adds to the score of a passage.',
    default: 1.2,
    min: 0,
    max: 3,
    step: 0.1,
  },
  b: {
    kind: 'number',
    label: 'BM25 b',
    help: 'How strongly long passages are held back: 0 not at all, 1 in full proportion to their length.',
    default: 0.75,
    min: 0,
    max: 1,
    step: 0.05,
  },
  mergeLimit: {
    kind: 'number',
    label: 'Longest joined hit',
    help: 'Neighbouring passages that one hit may join.',
    default: 3,
    min: 1,
    max: 10,
    step: 1,
  },
  rerankDepth: {
    kind: 'number',
    label: 'Reranked passages',
    help: 'How many of the best passages the ranking model reads, when there is one; more is better and slower.',
    default: 20,
    min: 5,
    max: 200,
    step: 5,
  },
  searchWeight: {
    kind: 'number',
    label: 'Weight of the search beside a ranking model',
    help: "How much the search's own score counts in the order that a ranking model makes; 0 leaves it to the model alone.",
    default: 20,
    min: 0,
    max: 100,
    step: 1,
  },
} as const satisfies Knobs;

export type RetrievalSettings = KnobValues<typeof retrievalKnobs>;

const PREFIX = 'retrieval.';

/**
 * The values in force, from what a workspace overrides.
 *
 * @param adapter of the search model: what was found best with it stands where the workspace says nothing
 */
export function retrievalSettings(
  overrides: Readonly<Record<string, unknown>> = {},
  adapter: { denseWeight?: number } = {},
): RetrievalSettings {
  const own = Object.entries(overrides).filter(([key]) => key.startsWith(PREFIX));
  const { denseWeight } = adapter;
  return valuesOf(retrievalKnobs, {
    ...(denseWeight !== undefined && { denseWeight }),
    ...Object.fromEntries(own.map(([key, value]) => [key.slice(PREFIX.length), value])),
  });
}

/** Key in the `settings` table: id of the chosen search model; absent: the first one there is. */
export const EMBEDDER_SETTING = 'retrieval.embedder';
