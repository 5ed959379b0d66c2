import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { adapterLibrary } from '../../../src/adapters/library.ts';
import { request, setUpTraining } from '../../support/training-service.ts';

it('an adapter that is deleted leaves no run that still offers it; the run can make it again', async () => {
  const { db, folders, start } = await setUpTraining();
  const training = start();
  const runId = await training.create(request);
  await training.proceed(runId);
  const { adapterId } = (await db.runs.get(runId))!;
  await adapterLibrary(db, folders).remove(adapterId!);
  expect((await db.runs.get(runId))!.adapterId).toBeUndefined();
  const again = await training.keep(runId);
  expect(await db.adapters.get(again)).toMatchObject({ runId });
});
