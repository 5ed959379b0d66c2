import { afterAll, beforeAll, expect, it } from 'vitest';
import { createProfile, TestBrowser } from './harness/index.ts';
import { generator } from './ingest-page/documents.ts';
import { TrainingPageServer } from './training-page/build.ts';

const steps = 9;
const kills = 3;
// Five starts of a browser with a model in it, which take minutes where the machine is busy.
const timeout = 900_000;

let server: TrainingPageServer;
beforeAll(async () => {
  server = await TrainingPageServer.start();
}, 180_000);
afterAll(() => server.stop());

it(
  'a run that was killed with its browser at random steps ends bit for bit like one that was not',
  { timeout },
  async () => {
    const undisturbed = await TestBrowser.launch();
    const page = await server.open(undisturbed);
    await page.evaluate((step) => window.trainingPage.untilStep(step), Infinity);
    const expected = await page.evaluate(() => window.trainingPage.snapshot());
    await undisturbed.close();
    expect(expected.run).toMatchObject({ state: 'done', ended: 'finished', step: steps });
    expect(expected.curve.filter(({ kind }) => kind === 'step')).toHaveLength(steps);
    expect(expected.weights).toMatch(/^[0-9a-f]{64}$/);

    const profile = await createProfile();
    const random = generator(Date.now() % 1_000_000);
    // One step in each third, and whatever the browser was doing when the curve had reached it.
    const points = Array.from({ length: kills }, (_, i) => i * (steps / kills) + 1 + (random() % (steps / kills)));
    try {
      const before: number[] = [];
      for (const point of points) {
        const browser = await TestBrowser.launch({ profile: profile.folder });
        const killed = await server.open(browser);
        await killed.evaluate((step) => window.trainingPage.untilStep(step), point);
        before.push((await killed.evaluate(() => window.trainingPage.snapshot())).run?.step ?? 0);
        await browser.kill();
      }
      const browser = await TestBrowser.launch({ profile: profile.folder });
      const last = await server.open(browser);
      await last.evaluate((step) => window.trainingPage.untilStep(step), Infinity);
      const result = await last.evaluate(() => window.trainingPage.snapshot());
      await browser.close();
      expect(result, `killed at the steps ${points.join(', ')}`).toEqual(expected);
      // It went on from checkpoints instead of beginning anew each time.
      expect(Math.max(...before)).toBeGreaterThan(0);
    } finally {
      await profile.remove();
    }
  },
);
