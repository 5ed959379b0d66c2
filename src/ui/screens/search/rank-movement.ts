/** What identifies a hit across two runs: joined neighbours may differ, so any common chunk counts. */
export interface RankedHit {
  chunkIds: readonly string[];
}

/** How a hit stands compared with the run before: places gained (positive), lost, or not there before. */
export type Movement = { kind: 'same' } | { kind: 'new' } | { kind: 'up' | 'down'; by: number };

export interface Comparison {
  /** One per current hit, in order. */
  movements: Movement[];
  /** Hits of the run before that are no longer there. */
  gone: number;
}

/** Compares two runs of one question with different settings. */
export function compareRuns(before: readonly RankedHit[], now: readonly RankedHit[]): Comparison {
  const placeBefore = new Map<string, number>();
  before.forEach((hit, place) => hit.chunkIds.forEach((id) => placeBefore.set(id, place)));
  const found = new Set<number>();
  const movements = now.map((hit, place): Movement => {
    const places = hit.chunkIds.map((id) => placeBefore.get(id)).filter((known) => known !== undefined);
    if (places.length === 0) return { kind: 'new' };
    places.forEach((known) => found.add(known));
    const by = Math.min(...places) - place;
    return by === 0 ? { kind: 'same' } : { kind: by > 0 ? 'up' : 'down', by: Math.abs(by) };
  });
  return { movements, gone: before.length - found.size };
}

/** One sentence about a change of settings: "2 moved up, 1 is new, 1 dropped out". '' when nothing moved. */
export function movementSentence({ movements, gone }: Comparison): string {
  const number = (kind: Movement['kind']) => movements.filter((movement) => movement.kind === kind).length;
  const up = number('up');
  const down = number('down');
  const fresh = number('new');
  return [
    up > 0 && `${up} moved up`,
    down > 0 && `${down} moved down`,
    fresh > 0 && `${fresh} ${fresh === 1 ? 'is' : 'are'} new`,
    gone > 0 && `${gone} dropped out`,
  ]
    .filter(Boolean)
    .join(', ');
}
