import 'fake-indexeddb/auto';
import { expect, onTestFinished, test } from 'vitest';
import type { GenerationProgress } from '../../../../src/datasets/generation/contract.ts';
import type { PassageWriter, SourcePassage } from '../../../../src/datasets/generation/passage-writer.ts';
import { Questions } from '../../../../src/datasets/generation/service.ts';
import { costOfRuns, costStory } from '../../../../src/evaluation/costs/run-cost.ts';
import { PRICES_SETTING } from '../../../../src/evaluation/settings.ts';
import { RowJobs } from '../../../../src/jobs/row-jobs.ts';
import { AttuneDatabase } from '../../../../src/storage/database.ts';
import type { GenerationRow } from '../../../../src/storage/schema.ts';
import { writeDocument } from '../../../support/library.ts';

const workspaceId = 'w';
const table = { currency: 'USD', prices: [{ model: 'large', inputPerMillion: 2, outputPerMillion: 10 }] };
const passages = Array.from(
  { length: 4 },
  (_, i) => `Machine ${i} is checked every ${i + 2} weeks by the team of its hall, who write down what they see and send
    it to the office. Whoever finds a fault stops the machine at once and calls the number on its side.`,
);

/** A passage takes 200,000 tokens read and 10,000 written: USD 0.50. */
class CostlyWriter implements PassageWriter {
  readonly generator = 'large (Teacher)';
  constructor(readonly before: (place: number) => void | Promise<void> = () => undefined) {}
  async write({ place }: SourcePassage) {
    await this.before(place);
    return { questions: [], drafts: 0, dropped: {}, tokens: { prompt: 200_000, output: 10_000 } };
  }
  async dispose() {}
}

async function studio(engine: 'endpoint' | 'local' = 'endpoint') {
  const db = new AttuneDatabase(`generation-cost-${crypto.randomUUID()}`);
  onTestFinished(() => db.delete());
  await writeDocument(db, workspaceId, { path: 'machines.md', passages });
  await db.endpoints.add({
    id: 'e',
    name: 'Teacher',
    baseUrl: 'https://example.com/v1',
    model: 'large',
    enabled: true,
  });
  await db.settings.put({ key: PRICES_SETTING, value: table });
  const service = (writer: PassageWriter) => new Questions({ database: db, openWriter: async () => writer });
  const model = { modelId: engine === 'endpoint' ? 'e' : 'large', engine };
  const run = await service(new CostlyWriter()).create({ workspaceId, method: 'engine', model, settings: {} });
  const notes: (string | undefined)[] = [];
  const onProgress = ({ note }: GenerationProgress) => notes.push(note);
  return { db, service, run, notes, onProgress };
}

test('a run at a hosted model says after every passage what it has cost and will cost in all', async () => {
  const { service, run, notes, onProgress } = await studio();
  await service(new CostlyWriter()).proceed(run.id, onProgress);
  expect(notes).toEqual([
    undefined,
    'USD 0.50 so far, about USD 2.00 in all',
    'USD 1.00 so far, about USD 2.00 in all',
    'USD 1.50 so far, about USD 2.00 in all',
    'USD 2.00',
  ]);
});

test('the sum goes on after a tab that died', async () => {
  const { db, service, run, notes, onProgress } = await studio();
  await service(new CostlyWriter((place) => void (place === 2 && db.close())))
    .proceed(run.id)
    .catch(() => undefined);
  await db.open();
  await service(new CostlyWriter()).proceed(run.id, onProgress);
  expect(notes[0]).toBe('USD 1.00 so far, about USD 2.00 in all');
  expect(notes.at(-1)).toBe('USD 2.00');
});

test('the list of jobs says it too, and still when the run is done', async () => {
  const { db, service, run } = await studio();
  let noteAtLast: string | undefined;
  const questions = service(
    new CostlyWriter(async (place) => {
      // Progress is written four times a second.
      if (place === 3)
        await expect.poll(async () => (noteAtLast = (await db.jobs.toArray())[0]!.note)).toContain('so far');
    }),
  );
  const jobs = new RowJobs(
    workspaceId,
    {
      ...{ kind: 'generate', unit: 'passages', table: db.generations },
      proceed: (id, onProgress) => questions.proceed(id, onProgress),
      stop: (id, how) => questions.stop(id, how),
    },
    db,
  );
  jobs.follow();
  await jobs.begin(run.id);
  await expect.poll(async () => (await db.jobs.toArray())[0]?.state).toBe('done');
  expect(noteAtLast).toContain('about USD 2.00 in all');
  expect((await db.jobs.toArray())[0]!.note).toBe('USD 2.00');
  await jobs.leave();
});

test('a model on this machine costs nothing, whatever its name, and a hosted one without a price is not guessed', async () => {
  const local = await studio('local');
  await local.service(new CostlyWriter()).proceed(local.run.id, local.onProgress);
  expect(new Set(local.notes)).toEqual(new Set([undefined]));
  const hosted = await studio();
  await hosted.db.settings.clear();
  await hosted.service(new CostlyWriter()).proceed(hosted.run.id, hosted.onProgress);
  expect(new Set(hosted.notes)).toEqual(new Set([undefined]));
});

test('a data set cost what its runs did; what has no price and what is estimated is said', () => {
  const run = (changes: Partial<GenerationRow> = {}) =>
    ({
      ...{ hosted: 'large', next: 1, chunkIds: ['a', 'b'], tokens: { prompt: 200_000, output: 10_000 } },
      ...changes,
    }) as GenerationRow;
  const here = run();
  delete here.hosted;
  expect(costOfRuns([here], table)).toBeUndefined();
  expect(costOfRuns([run(), here, run()], table)).toBe('USD 1.00');
  expect(costOfRuns([run(), run({ hosted: 'other' })], table)).toBe('at least USD 0.50');
  const estimated = run({ tokens: { prompt: 200_000, output: 10_000, estimated: true } });
  expect(costOfRuns([run(), estimated], table)).toBe('USD 1.00, by estimated tokens');
  expect(costStory(estimated, table)).toBe('USD 0.50 so far, about USD 1.00 in all, by estimated tokens');
});
