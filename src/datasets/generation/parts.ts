import type { DatasetRow, DatasetSplit, ExampleRow } from '../../storage/schema.ts';
import { hasEnoughGroups, knownParts } from '../assign-parts.ts';
import { splitValues } from '../settings.ts';
import { countGroups, dealGroups, groupOf, passageKey, type SplitBy } from '../split.ts';

/** A passage of a run with its document. */
export interface PlacedChunk extends Pick<ExampleRow, 'documentKey' | 'headings' | 'passage'> {
  chunkId: string;
}

interface PassageParts {
  /** By the id of the chunk. */
  parts: Map<string, DatasetSplit>;
  /** What was kept together in the end. */
  by: SplitBy;
}

/**
 * The part of every passage of a run: passages that the data set has keep theirs, others follow their document where it
 * lies in one part only, and the rest is dealt out by its seed and shares. With too few documents for the parts
 * passages are dealt out instead.
 */
export function partsOf(
  passages: readonly PlacedChunk[],
  existing: readonly Pick<ExampleRow, 'documentKey' | 'headings' | 'passage' | 'split'>[],
  dataset: Pick<DatasetRow, 'seed' | 'split'> | undefined,
): PassageParts {
  const values = splitValues(dataset);
  // Each passage counts once, so that a run that goes on deals as it began.
  const all = [...new Map([...existing, ...passages].map((passage) => [passageKey(passage), passage])).values()];
  const by = hasEnoughGroups(all, values) ? values.by : 'passage';
  const { ofPassage, ofGroup } = knownParts(existing, by);
  const dealt = dealGroups(countGroups(all, { by, stratify: false }), values, ofGroup);
  const partOf = (passage: PlacedChunk) => ofPassage.get(passageKey(passage)) ?? dealt.get(groupOf(passage, by))!;
  return { parts: new Map(passages.map((passage) => [passage.chunkId, partOf(passage)])), by };
}
