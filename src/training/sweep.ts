import { AttuneError } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { RunRow } from '../storage/schema.ts';

/** More would take days, and nobody would read the table. */
const MAX_TRIALS = 32;
/** Successive halving: of each rung the better half goes on, for twice as many steps. */
const ETA = 2;
/** What the values of a trial bring about; anything else would hit the others as well. */
const OF_THE_TRIAL = new Set(['training/diverged', 'engine/out-of-memory']);

/**
 * The product of the values of each knob, one trial each.
 *
 * @throws AttuneError `training/bad-sweep` when there is nothing to compare or far too much
 */
export function trialSettings(
  grid: Readonly<Record<string, readonly (number | string)[]>>,
): Record<string, number | string>[] {
  const knobs = Object.entries(grid).filter(([, values]) => values.length > 0);
  const trials = knobs.reduce<Record<string, number | string>[]>(
    (made, [key, values]) => made.flatMap((trial) => values.map((value) => ({ ...trial, [key]: value }))),
    [{}],
  );
  if (trials.length < 2 || trials.length > MAX_TRIALS) {
    throw new AttuneError(
      'training/bad-sweep',
      `The values make ${trials.length} trials.`,
      `Choose values that make between 2 and ${MAX_TRIALS} trials.`,
    );
  }
  return trials;
}

/**
 * Runs the trials of a sweep. `grid`: each to its end. `halving` (Jamieson and Talwalkar 2016): all of them for a share
 * of the steps, then the better half for twice as long, until the last one runs to its end. A trial that goes on does so
 * from its checkpoint, its schedule laid over the whole run, so that it ends like any other run of these settings.
 *
 * Trials are compared by their validation scores alone. Which rung a sweep stands at follows from the rows, so it goes
 * on after a crash. A trial that its own values bring down counts as the worst and holds up no other.
 *
 * @param execute runs a trial from where it stands, up to a step or to its end
 * @throws what `execute` threw: at once, or where it concerns one trial, when all others have come to their end
 */
export async function runSweep(
  database: AttuneDatabase,
  sweepId: string,
  execute: (runId: string, until?: (run: RungRun) => number) => Promise<void>,
): Promise<void> {
  const trials = await trialsOf(database, sweepId);
  const sizes = trials[0]?.sweep?.method === 'halving' ? rungSizes(trials.length) : [trials.length];
  const alive = trials.filter(({ ended }) => ended !== 'stopped');
  const failures = new Map<string, unknown>();
  let survivors = alive.map(({ id }) => id);
  for (let i = sizes.findIndex((size) => size <= alive.length); i < sizes.length; i++) {
    const rung = sizes.length - 1 - i;
    for (const id of survivors) {
      const isThere = async () => {
        const run = await database.runs.get(id);
        return !run || run.state === 'done' || run.state === 'cancelled' || hasReached(run, rung);
      };
      if (failures.has(id) || (await isThere())) continue;
      try {
        await execute(id, rung > 0 ? (run) => rungStep(run, rung) : undefined);
      } catch (error) {
        if (!(error instanceof AttuneError && OF_THE_TRIAL.has(error.code))) throw error;
        failures.set(id, error);
        continue;
      }
      // Paused or cancelled on the way.
      if (!(await isThere())) return;
    }
    survivors = await dropWorse(database, survivors, sizes[i + 1]);
  }
  for (const failure of failures.values()) throw failure;
}

/** What a rung is counted in. */
export type RungRun = { steps: number; validateEvery: number };

/** How many trials stand on each rung: all, half of them, … one. */
function rungSizes(count: number): number[] {
  return count <= 1 ? [count] : [count, ...rungSizes(Math.ceil(count / ETA))];
}

/** Last step of a rung, where all its trials are validated; rung 0 is the whole run. */
export function rungStep({ steps, validateEvery }: RungRun, rung: number): number {
  const share = steps / ETA ** rung;
  return rung === 0 ? steps : Math.min(steps, Math.max(1, Math.ceil(share / validateEvery)) * validateEvery);
}

function hasReached({ step, steps, settings }: RunRow, rung: number): boolean {
  return rung > 0 && steps > 0 && step >= rungStep({ steps, validateEvery: Number(settings['validateEvery']) }, rung);
}

/** @returns those that go on; the others end here. In one transaction: a crash must not leave a rung half judged. */
async function dropWorse(database: AttuneDatabase, ids: string[], keep: number | undefined): Promise<string[]> {
  if (keep === undefined) return ids;
  return database.transaction('rw', database.runs, async () => {
    const runs = (await database.runs.bulkGet(ids)).filter((run) => run !== undefined);
    const ranked = runs.sort((a, b) => rankingScore(b) - rankingScore(a));
    for (const { id, state } of ranked.slice(keep)) {
      await database.runs.update(id, {
        state: state === 'cancelled' || state === 'failed' ? state : 'done',
        ended: 'stopped',
        updatedAt: Date.now(),
      });
    }
    return ranked.slice(0, keep).map(({ id }) => id);
  });
}

function rankingScore({ state, best }: RunRow): number {
  return state === 'failed' ? -Infinity : (best?.score ?? -Infinity);
}

/** Trials of a sweep, in their order. */
export async function trialsOf(database: AttuneDatabase, sweepId: string): Promise<RunRow[]> {
  const runs = await database.runs.where('sweepId').equals(sweepId).toArray();
  return runs.sort((a, b) => (a.sweep?.trial ?? 0) - (b.sweep?.trial ?? 0));
}
