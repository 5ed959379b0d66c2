import type { GenerationRow } from '../../../../storage/schema.ts';
import { count, plural } from '../../../format.ts';

/** Drafts that were dropped, by reason, the commonest first. */
export function droppedReasons({ dropped }: GenerationRow): { reason: string; count: number }[] {
  return Object.entries(dropped)
    .map(([reason, n]) => ({ reason, count: n }))
    .filter(({ count: n }) => n > 0)
    .sort((a, b) => b.count - a.count);
}

/** Kept questions per hour of computing; undefined at the start, when it would jump. */
export function questionsPerHour({ kept, seconds }: GenerationRow): number | undefined {
  return seconds >= 10 && kept > 0 ? Math.round((kept / seconds) * 3600) : undefined;
}

/** How a run stands, in a sentence. */
export function writingStory(run: GenerationRow): string {
  const kept = plural(run.kept, 'question');
  switch (run.state) {
    case 'waiting':
      return 'Waiting for its turn.';
    case 'running':
      return run.kept === 0 ? 'Reading the first passages.' : `${kept} so far.`;
    case 'paused':
      return `Paused at passage ${count(run.next)} of ${count(run.chunkIds.length)}. ${kept} so far.`;
    case 'done':
      return `Done: ${kept} from ${plural(run.chunkIds.length, 'passage')}.`;
    case 'cancelled':
      return `Ended early: ${kept} from the first ${plural(run.next, 'passage')}.`;
    case 'failed':
      return `Stopped by a problem after ${plural(run.next, 'passage')}. ${kept} are safe.`;
  }
}
