import type { Page } from 'playwright-core';
import type { JobRow, SettingRow } from '../../src/storage/schema.ts';
import { rowsOf } from './table-rows.ts';

/** What is looked at while something is waited for. */
export interface Watch {
  /** Changes whenever something was done. */
  pulse(): Promise<string>;
  /** What went wrong, in words. */
  problems(): Promise<string[]>;
  /** Leaves the app a moment to work. */
  pause(): Promise<void>;
  /** Milliseconds of a clock. */
  now(): number;
}

/** Longer than the slowest single step: an answer of a large model, a real training step measured, a long file imported. */
const STALLED_MINUTES = 20;

/**
 * Asks until there is an answer. Hours are not unusual, so no clock ends it while something is being done.
 *
 * @param what is waited for, as in "while … was waited for"
 * @throws Error with the app's own words when it says that something went wrong, or when it stands still
 */
export async function until<T>(what: string, watch: Watch, ask: () => Promise<T | undefined | false>): Promise<T> {
  let [pulse, since] = ['', watch.now()];
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    const [problem] = await watch.problems();
    if (problem !== undefined) throw new Error(problem);
    const seen = await watch.pulse();
    if (seen !== pulse) [pulse, since] = [seen, watch.now()];
    else if (watch.now() - since > STALLED_MINUTES * 60_000) {
      throw new Error(`The app has done nothing for ${STALLED_MINUTES} minutes while ${what} was waited for.`);
    }
    await watch.pause();
  }
}

/**
 * The app in its page: it works as long as its jobs or its settings change.
 *
 * @param alerts false: what it says on the screen is an answer, and no reason to give up
 */
export function watching(page: Page, { alerts = true } = {}): Watch {
  return {
    pulse: async () => JSON.stringify([await rowsOf<JobRow>(page, 'jobs'), await rowsOf<SettingRow>(page, 'settings')]),
    problems: async () => [
      ...(await page.pageErrors()).map(({ message }) => `The page reported an error: ${message}`),
      ...(alerts ? await page.getByRole('alert').allInnerTexts() : []).map((text) =>
        text.replaceAll(/\s+/g, ' ').trim(),
      ),
    ],
    pause: () => page.waitForTimeout(1000),
    now: () => performance.now(),
  };
}
