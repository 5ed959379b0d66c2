import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createProfile, TestBrowser } from './harness/index.ts';
import { IngestPageServer } from './ingest-page/build.ts';
import { generator } from './ingest-page/documents.ts';

type Snapshot = Awaited<ReturnType<Window['ingestPage']['snapshot']>>;

const kills = 20;
let server: IngestPageServer;
beforeAll(async () => {
  server = await IngestPageServer.start();
});
afterAll(() => server.stop());

async function uninterrupted(): Promise<{ snapshot: Snapshot; milliseconds: number }> {
  const browser = await TestBrowser.launch();
  try {
    const page = await server.open(browser);
    const started = performance.now();
    await page.evaluate(() => window.ingestPage.ingest());
    const milliseconds = performance.now() - started;
    return { snapshot: await page.evaluate(() => window.ingestPage.snapshot()), milliseconds };
  } finally {
    await browser.close();
  }
}

/** Whatever was left by a kill: a document has all of its chunks as they should be, or none. */
function expectWhole(left: Snapshot, expected: Snapshot): void {
  for (const { id, path, chunkCount } of left.documents) {
    const of = ({ chunks }: Snapshot) => chunks.filter((chunk) => chunk.documentId === id);
    expect(of(left), path).toEqual(chunkCount > 0 ? of(expected) : []);
  }
}

it(
  'a browser killed at 20 random points in mid-ingest loses no chunk and doubles none',
  { timeout: 600_000 },
  async () => {
    const expected = await uninterrupted();
    const profile = await createProfile();
    const random = generator(Date.now() % 1_000_000);
    let done = 0;
    let foundUnfinished = 0;
    try {
      for (let attempt = 0; done < kills && attempt < 3 * kills; attempt++) {
        const browser = await TestBrowser.launch({ profile: profile.folder });
        const page = await server.open(browser);
        expectWhole(await page.evaluate(() => window.ingestPage.snapshot()), expected.snapshot);
        const isDone = await page.evaluate(() => window.ingestPage.isDone());
        if (isDone) await page.evaluate(() => window.ingestPage.requeue());
        else foundUnfinished++;
        const finished = page
          .evaluate(() => window.ingestPage.ingest())
          .then(
            () => true,
            () => false,
          );
        // The point of the kill is what is random here; nothing waits for a state by time.
        const inTime = await Promise.race([
          finished,
          sleep(random() % Math.ceil(expected.milliseconds)).then(() => false),
        ]);
        await browser.kill();
        if (!inTime) done++;
      }
      expect(done).toBe(kills);
      // The kills did hit work in progress: most restarts found some of it left.
      expect(foundUnfinished).toBeGreaterThan(kills / 2);
      expect(expected.snapshot.chunks.length).toBeGreaterThan(500);

      const browser = await TestBrowser.launch({ profile: profile.folder });
      const page = await server.open(browser);
      await page.evaluate(() => window.ingestPage.ingest());
      const snapshot = await page.evaluate(() => window.ingestPage.snapshot());
      await browser.close();
      expect(snapshot).toEqual(expected.snapshot);
    } finally {
      await profile.remove();
    }
  },
);
