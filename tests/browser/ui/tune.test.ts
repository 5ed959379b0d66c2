import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { trainingJobId } from '../../../src/jobs/client.ts';
import { database } from '../../../src/storage/database.ts';
import { countLearned } from '../../../src/training/client.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { closeApp, openApp } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';
import { addDataset, addRun } from './training-rows.ts';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
});
afterAll(closeApp);

const main = () => page.getByRole('main');

describe('a new run', () => {
  test('is explained where there is nothing to learn from, with one action', async () => {
    router.go('tune');
    await expect.element(page.getByRole('heading', { name: 'Make models better at your documents' })).toBeVisible();
    await expect.element(page.getByRole('button', { name: 'Try with the sample documents' })).toBeEnabled();
  });

  test('says why a data set cannot be tuned on, before anything starts', async () => {
    await addDataset(workspaceId);
    await database().datasets.update('ds1', { counts: { train: 1, validation: 0, test: 0 } });
    router.go('tune');
    await userEvent.click(page.getByRole('radio', { name: /^Search model/ }));
    // The worker starts with this question, which takes a while where the machine is busy.
    await expect
      .element(page.getByRole('alert'), { timeout: 100_000 })
      .toHaveTextContent(/1 questions to train on.*Choose a data set/);
    expect(await database().runs.count()).toBe(0);
  });

  test('is three answers by keyboard; the presets set the knobs, and a knob goes back to what the preset sets', async () => {
    await addDataset(workspaceId);
    router.go('tune');
    const start = page.getByRole('button', { name: 'Start tuning' });
    await expect.element(start).toBeDisabled();
    const search = page.getByRole('radio', { name: /^Search model/ });
    (search.element() as HTMLElement).focus();
    await userEvent.keyboard(' ');
    await expect.element(start).toBeEnabled();
    await expect.element(page.getByLabelText('Data set')).toHaveValue('ds1');
    await expect.element(page.getByText('With 4 questions to check on')).toBeVisible();

    await userEvent.click(page.getByText('All settings'));
    const rank = page.getByRole('spinbutton', { name: 'Rank', exact: true });
    await expect.element(rank).toHaveValue(8);
    await userEvent.click(page.getByRole('radio', { name: /^Thorough/ }));
    await expect.element(rank).toHaveValue(16);
    await userEvent.fill(rank, '4');
    await userEvent.keyboard('{Tab}');
    await expect.element(page.getByText('All settings, 1 of them changed')).toBeVisible();
    await userEvent.click(page.getByRole('button', { name: 'Back to what the preset sets' }));
    await expect.element(rank).toHaveValue(16);
    const rate = page.getByRole('slider', { name: 'Learning rate, slider' });
    (rate.element() as HTMLElement).focus();
    await userEvent.keyboard('{Home}');
    await expect.element(page.getByRole('spinbutton', { name: 'Learning rate', exact: true })).toHaveValue(0.000001);
    await userEvent.click(page.getByRole('radio', { name: /^In seconds/ }));
    await expect.element(page.getByRole('spinbutton', { name: 'Rank of the matrix' })).toBeVisible();
  });

  test('of an answer model asks what it is to learn; knobs without a use for that are not shown', async () => {
    await addDataset(workspaceId);
    router.go('tune');
    await userEvent.click(page.getByRole('radio', { name: /^Answer model/ }));
    const learns = page.getByRole('group', { name: 'What should it learn?' });
    await expect.element(learns.getByRole('radio', { name: /^Answers from passages/ })).toBeChecked();
    await userEvent.click(page.getByText('All settings'));
    const passages = page.getByRole('spinbutton', { name: 'Passages', exact: true });
    await expect.element(passages).toBeVisible();
    await userEvent.click(learns.getByRole('radio', { name: /^Answers by heart/ }));
    await expect.element(passages).not.toBeInTheDocument();
    await userEvent.click(page.getByRole('button', { name: 'Start tuning' }));
    await expect.poll(async () => (await database().runs.toArray())[0]?.settings['learns']).toBe('closed-book');
  });

  test('of an answer model says on how many rows only where that is less than the parts beside it', async () => {
    await addDataset(workspaceId);
    router.go('tune');
    await userEvent.click(page.getByRole('radio', { name: /^Answer model/ }));
    await userEvent.click(page.getByText('All settings'));
    const most = page.getByRole('spinbutton', { name: 'Most questions', exact: true });
    const fewer = page.getByText(/this run learns from/);
    await userEvent.fill(most, '10');
    await userEvent.tab();
    await expect.element(fewer).toHaveTextContent('Of these, this run learns from 10 and is checked on 4.');
    await userEvent.fill(most, '0');
    await userEvent.tab();
    await expect.element(fewer).not.toBeInTheDocument();
    // The form has counted anew by now: it asked first.
    expect(await countLearned({ datasetId: 'ds1', settings: {} })).toEqual({ learned: 32, judged: 4 });
    await expect.element(page.getByText('32 to learn from')).toBeVisible();
    expect(fewer.elements()).toEqual([]);
  });

  test('becomes trials where several values are typed', async () => {
    await addDataset(workspaceId);
    router.go('tune');
    await userEvent.click(page.getByRole('radio', { name: /^Search model/ }));
    await userEvent.click(page.getByText('All settings'));
    const trying = page.getByRole('group', { name: 'Try several values' });
    await userEvent.fill(trying.getByLabelText('Rank', { exact: true }), '4, 8; 16');
    await userEvent.keyboard('{Tab}');
    await userEvent.click(trying.getByLabelText('Attention only'));
    await userEvent.click(trying.getByLabelText('All linear layers'));
    await expect.element(page.getByRole('button', { name: 'Start 6 trials' })).toBeEnabled();
  });
});

describe('a run', () => {
  test('says what its curve means, draws it, and says it as a table', async () => {
    await addRun(workspaceId, 'r1', { state: 'running', step: 30 });
    router.go('tune', 'r1');
    await expect.element(main()).toHaveTextContent('Still improving. Stopping now would keep step 30.');
    await expect.element(main()).toHaveTextContent(/Step 30 of 40 · about 15 seconds left/);
    const chart = page.getByRole('img', { name: /MRR@10 by step: untuned 0.500, best 0.700 at step 30/ });
    await expect.element(chart).toBeVisible();
    await expect.poll(() => inked(chart.element().querySelector('canvas'))).toBe(true);
    await userEvent.click(page.getByText('The curves as a table'));
    await expect.element(page.getByRole('row', { name: /30 \(best\) 0\.700 \+0\.200/ })).toBeVisible();
  });

  test('calls no step the best while the untuned model is better', async () => {
    await addRun(workspaceId, 'r1', { baseScore: 0.8 });
    router.go('tune', 'r1');
    await expect.element(page.getByRole('img', { name: /untuned 0.800, at most 0.700 at step 30/ })).toBeVisible();
    await userEvent.click(page.getByText('The curves as a table'));
    await expect.element(page.getByRole('row', { name: /^30 0\.700 −0\.100/ })).toBeVisible();
    await expect.element(page.getByRole('row', { name: /best/ })).not.toBeInTheDocument();
  });

  test('follows its rows: a new step moves the figures, a new best moves the sentence', async () => {
    await addRun(workspaceId, 'r1', { state: 'running', step: 30, settings: { validateEvery: 10, patience: 2 } }, 20);
    router.go('tune', 'r1');
    await expect.element(main()).toHaveTextContent('No better since step 20');
    await expect.element(main()).toHaveTextContent('1 more check without progress');
    const db = database();
    await db.runPoints.put({ runId: 'r1', step: 40, kind: 'validation', score: 0.9 });
    await db.runPoints.put({ runId: 'r1', step: 40, kind: 'step', loss: 0.1234, seconds: 1 });
    await db.runs.update('r1', { step: 40, best: { step: 40, score: 0.9 } });
    await expect.element(main()).toHaveTextContent('Still improving. Stopping now would keep step 40.');
    await expect.element(main()).toHaveTextContent('0.123');
  });

  test('is paused and cancelled through its job, and a failed one says how to go on', async () => {
    await addRun(workspaceId, 'r1', { state: 'running', step: 10 });
    const id = trainingJobId({ runId: 'r1' });
    // Another workspace's job: this tab must not begin to work on it.
    await database().jobs.add({
      ...{ id, workspaceId: 'elsewhere', kind: 'train', title: 'Run r1: compiling', state: 'running', done: 10 },
      ...{ total: 40, unit: 'steps', startedAt: 0, updatedAt: 0 },
    });
    router.go('tune', 'r1');
    await expect.element(main()).toHaveTextContent('compiling');
    const state = async () => (await database().jobs.get(id))?.state;
    await userEvent.click(page.getByRole('button', { name: 'Pause', exact: true }));
    await expect.poll(state).toBe('paused');
    await userEvent.click(page.getByRole('button', { name: 'Cancel', exact: true }));
    await expect.poll(state).toBe('cancelled');
    const problem = { code: 'engine/out-of-memory', message: 'Memory ran out.', wayOut: 'Halve the batch.' };
    await database().runs.update('r1', { state: 'failed', problem });
    await expect.element(page.getByRole('alert')).toHaveTextContent('Memory ran out. Halve the batch.');
    await expect.element(page.getByRole('button', { name: 'Go on from step 10' })).toBeEnabled();
  });

  test('is compared with earlier ones, named by what differs', async () => {
    await addRun(workspaceId, 'r1');
    await addRun(workspaceId, 'r2', { settings: { rank: 4 }, createdAt: 1 });
    await addRun(workspaceId, 'r3', { task: 'generator', createdAt: 2 });
    router.go('tune', 'r1');
    await expect.element(page.getByRole('checkbox', { name: 'Compare with Run r2' })).toBeVisible();
    // A loss of another kind of model would say nothing here.
    await expect.element(page.getByRole('checkbox', { name: 'Compare with Run r3' })).not.toBeInTheDocument();
    const chart = () => page.getByRole('img', { name: /MRR@10 by step/ }).element();
    await expect.poll(() => chart().querySelectorAll('.u-cursor-pt').length).toBe(1);
    await userEvent.click(page.getByRole('checkbox', { name: 'Compare with Run r2' }));
    await expect.poll(() => chart().querySelectorAll('.u-cursor-pt').length).toBe(2);
  });

  test('puts its adapter in force for this workspace, and out again', async () => {
    await addRun(workspaceId, 'r1', { adapterId: 'a1', task: 'generator' });
    router.go('tune', 'r1');
    const setting = async () => (await database().workspaces.get(workspaceId))?.settings['adapters'];
    await expect
      .element(page.getByRole('region', { name: 'What it bought' }))
      .toHaveTextContent(/0\.500.*0\.700.*\+0\.200/);
    await userEvent.click(page.getByRole('button', { name: 'Use it in this workspace' }));
    await expect.poll(setting).toEqual({ generator: 'a1' });
    await expect.element(page.getByRole('button', { name: 'Try it in the chat' })).toBeVisible();
    await userEvent.click(page.getByRole('button', { name: 'Switch off' }));
    await expect.poll(setting).toEqual({ generator: null });
  });

  test('is deleted with ten seconds to take it back', async () => {
    await addRun(workspaceId, 'r1');
    router.go('tune', 'r1');
    await userEvent.click(page.getByRole('button', { name: 'More for Run r1' }));
    await userEvent.click(page.getByRole('menuitem', { name: 'Delete the run' }));
    await expect.element(page.getByRole('link', { name: /Run r1/ })).not.toBeInTheDocument();
    await userEvent.click(page.getByRole('button', { name: 'Undo' }).last());
    await expect.element(page.getByRole('link', { name: /Run r1/ })).toBeVisible();
    expect(await database().runs.count()).toBe(1);
  });
});

test('trials are ranked by their score, with the values that each one tried', async () => {
  const trial = (trial: number, rank: number) => ({
    ...{ sweepId: 's1', sweep: { method: 'halving' as const, values: { rank }, trial } },
  });
  await addRun(workspaceId, 't1', { ...trial(0, 4), best: { step: 20, score: 0.55 } });
  await addRun(workspaceId, 't2', { ...trial(1, 16), best: { step: 40, score: 0.75 }, adapterId: 'a2' });
  router.go('tune', null, { sweep: 's1' });
  await expect.element(main()).toHaveTextContent('trial 2 is the best: 0.750, +0.250 against the untuned model');
  const rows = page.getByRole('row').elements().slice(1);
  expect(rows.map((row) => row.querySelectorAll('td')[1]?.textContent)).toEqual(['16', '4']);
  expect(await axeFindings()).toEqual([]);
  await userEvent.click(page.getByRole('button', { name: 'Open the best' }));
  await expect.element(page.getByRole('heading', { name: 'Run t2' })).toBeVisible();
});

test('a trial goes on with its sweep, also when their job was cleared from the tray', async () => {
  const trial = (trial: number, rank: number) => ({
    ...{ sweepId: 's1', sweep: { method: 'grid' as const, values: { rank }, trial } },
  });
  await addRun(workspaceId, 't1', trial(0, 4));
  await addRun(workspaceId, 't2', { ...trial(1, 16), state: 'paused', step: 10 });
  router.go('tune', null, { sweep: 's1' });
  await expect.element(page.getByRole('button', { name: 'Go on' })).toBeEnabled();
  router.go('tune', 't2');
  await userEvent.click(page.getByRole('button', { name: 'Go on from step 10' }));
  const job = () => database().jobs.get('train:sweep:s1');
  await expect.poll(job).toMatchObject({ kind: 'train', title: expect.stringMatching(/^Trying 2 settings/) });
});

describe('trials on a node', () => {
  const node = { nodeId: 'n1', name: 'gpu.lan', fileId: 'file-1', rows: 240 };
  beforeEach(async () => {
    await database().nodes.add({ id: 'n1', name: 'gpu.lan', url: 'https://gpu.lan:8700', enabled: true, createdAt: 1 });
    onTestFinished(() => database().nodes.delete('n1'));
  });

  test('say what lies there, and what lies there still when they are done', async () => {
    const values = [4, 8, 16];
    for (const [trial, rank] of values.entries()) {
      await addRun(workspaceId, `t${trial}`, {
        ...{ sweepId: 's1', sweep: { method: 'grid', values: { rank }, trial }, device: 'gpu.lan' },
        ...(trial === 0
          ? { node: { ...node, jobId: 'j0', model: 'ft:0' }, state: 'done' as const }
          : { node, state: 'waiting' as const, best: undefined, baseScore: undefined, step: 0, seconds: 0 }),
      });
    }
    router.go('tune', null, { sweep: 's1' });
    const left = main().getByText('240 rows of the data set and the tuned model lie on gpu.lan.');
    await expect.element(left).toBeVisible();
    await expect.element(main()).toHaveTextContent('The tab may be closed; the sweep goes on there.');
    await expect.element(page.getByRole('button', { name: 'Delete it there' })).not.toBeInTheDocument();
    expect(await axeFindings()).toEqual([]);

    for (const [trial] of values.entries())
      await database().runs.update(`t${trial}`, { state: 'done', node: { ...node, rows: 240, model: `ft:${trial}` } });
    await expect.element(main()).toHaveTextContent('240 rows of the data set and 3 tuned models lie on gpu.lan.');
    await database().runs.update('t1', {
      node: { ...node, model: 'ft:1', notice: 'Memory ran out: the batch is halved.' },
    });
    await expect.element(main()).toHaveTextContent('It says: Memory ran out: the batch is halved.');
    await expect.element(page.getByRole('button', { name: 'Keep the best' })).toBeEnabled();
    await expect.element(page.getByRole('button', { name: 'Delete it there' })).toBeEnabled();
  });

  test('are asked for by the same form, and all run to their end', async () => {
    await addDataset(workspaceId);
    router.go('tune');
    await userEvent.click(page.getByRole('radio', { name: /^Search model/ }));
    await userEvent.click(page.getByRole('radio', { name: /^gpu\.lan/ }));
    await userEvent.click(page.getByText('All settings'));
    const trying = page.getByRole('group', { name: 'Try several values' });
    await userEvent.fill(trying.getByLabelText('Rank', { exact: true }), '4, 8');
    await userEvent.keyboard('{Tab}');
    await expect.element(trying).toHaveTextContent('On a node every trial runs to its end');
    await expect.element(page.getByRole('button', { name: 'Send and start 2 trials on gpu.lan' })).toBeEnabled();
  });
});

test('axe finds nothing on form and run, and 360 pixels are enough', async () => {
  await addDataset(workspaceId);
  await addRun(workspaceId, 'r1', { adapterId: 'a1' });
  await addRun(workspaceId, 'r2', { settings: { rank: 4 } });
  router.go('tune');
  await expect.element(page.getByRole('heading', { name: 'Tune a model' })).toBeVisible();
  expect(await axeFindings()).toEqual([]);
  router.go('tune', 'r1');
  await expect.element(page.getByRole('heading', { name: 'Run r1' })).toBeVisible();
  await userEvent.click(page.getByText('The curves as a table'));
  await userEvent.click(page.getByText('Settings, data and device of this run'));
  expect(await axeFindings()).toEqual([]);
  await page.viewport(360, 740);
  await expect.element(page.getByRole('heading', { name: 'Run r1' })).toBeInViewport();
  expect(await axeFindings()).toEqual([]);
  expect(document.documentElement.scrollWidth).toBe(360);
});

/** Something was drawn. */
function inked(canvas: HTMLCanvasElement | null): boolean {
  if (!canvas) return false;
  const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value !== 0);
}
