import type { RunRow } from '../../../storage/schema.ts';
import { plural } from '../../format.ts';
import { isHeldThere } from '../../../companion/held-there.ts';

/** What is said of a run, or of the trials of a sweep, on a node. */
export interface LeftWords {
  /** The mark itself, where something lies there. */
  mark?: string;
  rest: string;
}

/**
 * What lies on the node of runs, or why nothing does. Pure: rows in, words out.
 *
 * @param forgotten the node is not paired any more
 */
export function leftWords(runs: readonly RunRow[], forgotten: boolean): LeftWords {
  const node = runs[0]!.node!;
  const what = runs.length === 1 ? 'run' : 'sweep';
  const rows = runs.find((run) => run.node?.rows !== undefined)?.node?.rows ?? 0;
  const models = runs.filter((run) => run.node?.model !== undefined).length;
  const modelWords = models === 1 ? 'the tuned model' : `${models} tuned models`;
  const left = [rows > 0 ? `${plural(rows, 'row')} of the data set` : '', models > 0 ? modelWords : ''].filter(Boolean);
  const live = runs.some(({ state }) => state === 'running' || state === 'waiting');

  if (forgotten && runs.some(isHeldThere)) {
    const stays = `What lay on it of this ${what} (${left.join(' and ')}) stays there until it is deleted on that machine.`;
    return { rest: `${node.name} was forgotten here. ${stays}` };
  }
  if (rows > 0) {
    // Without an id, nobody heard from the node that they arrived.
    const arrived = runs.some((run) => run.node?.fileId !== undefined);
    const lie = arrived ? (rows + models === 1 ? 'lies' : 'lie') : 'may lie';
    return {
      mark: `${left.join(' and ')} ${lie} on ${node.name}.`,
      rest: live ? `The tab may be closed; the ${what} goes on there.` : '',
    };
  }
  if (models > 0) {
    const still = models === 1 ? 'still lies' : 'still lie';
    return { rest: `${modelWords.charAt(0).toUpperCase()}${modelWords.slice(1)} ${still} on ${node.name}.` };
  }
  if (runs.some((run) => run.node?.jobId !== undefined))
    return { rest: `Nothing of this ${what} lies on ${node.name} any more; it was asked and has it no longer.` };
  return {
    rest: live ? `Runs on ${node.name}. Nothing was sent yet.` : `Nothing of this ${what} lies on ${node.name}.`,
  };
}
