import { jaccard, shingles } from '../../../ingest/duplicates/minhash.ts';
import { plainWords } from '../../words.ts';
import type { FoundPassage } from '../../contract.ts';
import { failed, passed, unknown, type CheckedRow, type Finding, type Judge } from '../rule.ts';

/** Questions searched in one go. */
const BATCH = 16;
/** Word triples in common above which a passage is the same one in another edition or cut. */
const SAME = 0.6;
const GENERATED = new Set(['writer', 'engine', 'extracted']);

/** Questions that do not lead the search back to where they came from. Answers to the same end are as right. */
export const roundTrip: Judge<'roundTrip'> = async (rows, { knobs, search, progress }) => {
  const asked = rows.flatMap((row, i) => (knobs.rows === 'all' || isGenerated(row) ? [i] : []));
  const findings = rows.map((): Finding => unknown('It was not generated, so it was not asked.'));
  for (let at = 0; at < asked.length; at += BATCH) {
    progress(Math.floor((rows.length * at) / asked.length));
    const batch = asked.slice(at, at + BATCH);
    const found = await search?.(
      batch.map((i) => rows[i]!.question),
      knobs.topK,
    );
    batch.forEach((i, b) => {
      findings[i] = found ? judge(rows[i]!, found[b]!, knobs.topK) : earlier(rows[i]!, knobs.topK);
    });
  }
  return findings;
};

function isGenerated({ provenance }: CheckedRow): boolean {
  return provenance !== undefined && GENERATED.has(provenance.origin);
}

function judge(row: CheckedRow, found: readonly FoundPassage[], topK: number): Finding {
  const own = new Lazy(row.passage);
  const rank = found.findIndex((hit) => hit.chunkId === row.chunkId || own.isSameAs(hit.text)) + 1;
  if (rank > 0) return passed(`The search finds its passage at place ${rank}.`, 1 / rank);
  if (row.chunkId === undefined) return unknown('Its passage is in no document of this workspace.');
  return failed(`The search does not find its passage among the first ${topK}.`);
}

/** Without a search, what an earlier one found still says whether another number of places would do. */
function earlier({ quality }: CheckedRow, topK: number): Finding {
  const finding = quality?.findings.find(({ rule }) => rule === 'roundTrip');
  const rank = finding?.score ? Math.round(1 / finding.score) : undefined;
  if (rank !== undefined) {
    return rank <= topK
      ? passed(`The search finds its passage at place ${rank}.`, finding!.score)
      : failed(`The search finds its passage at place ${rank} only.`, finding!.score);
  }
  const depth = Number(/first (\d+)/.exec(finding?.reason ?? '')?.[1]);
  if (depth >= topK) return failed(`The search does not find its passage among the first ${topK}.`);
  return unknown('It was not searched for yet.');
}

class Lazy {
  readonly #text: string;
  #plain: string | undefined;
  #shingles: Set<number> | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  isSameAs(other: string): boolean {
    this.#plain ??= plainWords(this.#text);
    this.#shingles ??= shingles(this.#text);
    return this.#plain === plainWords(other) || jaccard(this.#shingles, shingles(other)) >= SAME;
  }
}
