import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { closeApp, openApp } from './app-harness.ts';
import { addComparison, addCurve, addExperiments, addVotes, ALL_TUNED, BASE } from './evaluation-rows.ts';
import { axeFindings } from './screen-support.ts';
import { addDataset } from './training-rows.ts';

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
});
afterAll(closeApp);

const main = () => page.getByRole('main');
/** The statistics come from a worker, which is slow where the machine is busy. */
const patiently = { timeout: 60_000 };
const matrix = () => page.getByRole('region', { name: 'Scores of every combination' });

describe('a new comparison', () => {
  test('is explained where there are no questions, with one action', async () => {
    router.go('compare');
    await expect.element(page.getByRole('heading', { name: 'See what tuning bought' })).toBeVisible();
    await expect.element(page.getByRole('button', { name: 'Try with the sample documents' })).toBeEnabled();
    expect(await axeFindings()).toEqual([]);
  });

  test('asks the locked part and counts the combinations of what is chosen', async () => {
    await addComparison(workspaceId);
    router.go('compare');
    await expect.element(page.getByLabelText('Part')).toHaveValue('test');
    const rows = (text: string) => expect.element(page.getByText(text, { exact: false })).toBeVisible();
    await rows('8 combinations');
    await userEvent.click(page.getByRole('group', { name: /Ranking/ }).getByLabelText(/None/));
    await rows('4 combinations');
    await userEvent.click(page.getByLabelText('Also without your documents'));
    await rows('6 combinations');
    await userEvent.selectOptions(page.getByLabelText('Part'), 'train');
    await expect.element(main()).toHaveTextContent('how much was memorised');
    expect(await axeFindings()).toEqual([]);
  });
});

describe('a comparison', () => {
  test('says what tuning bought, marks what cannot be told from the best, and every number opens its questions', async () => {
    await addComparison(workspaceId);
    router.go('compare', 'e1');
    await expect.element(matrix(), patiently).toBeVisible();
    await expect
      .element(main())
      .toHaveTextContent('Tuning the search model found the right passage in 28 of 100 more questions');
    const row = page.getByRole('row', { name: 'tuned search, tuned ranking, tuned answers' });
    // Four questions more than without a ranking model, which may be chance; sixteen more than untuned, which is not.
    await expect.element(row.first()).toHaveTextContent(/0\.750 joint best.*\+0\.375 better/);
    const without = page.getByRole('row', { name: 'tuned search, no ranking, tuned answers' });
    await expect.element(without.first()).toHaveTextContent(/0\.650 joint best/);
    const untuned = page.getByRole('row', { name: 'base search, no ranking, base answers' });
    await expect.element(untuned.first()).not.toHaveTextContent(/best/);
    expect(await axeFindings()).toEqual([]);

    await userEvent.click(row.first().getByRole('link', { name: /0\.750/ }));
    const questions = page.getByRole('region', { name: 'Questions' });
    await expect.element(questions.getByLabelText('By', { exact: true })).toHaveValue('recall@5');
    await userEvent.click(questions.getByRole('button', { name: /Wrong from the right passage 6/ }));
    await expect.poll(() => questions.getByRole('listitem').elements().length).toBe(6);

    await database()
      .evaluationScores.filter((row) => row.configurationId === ALL_TUNED && row.exampleId === 'ds1-1')
      .modify({ judgement: { scores: { correctness: 0 }, reason: 'Another number.' } });
    await userEvent.click(questions.getByRole('button', { name: 'Judge sees it otherwise 1' }));
    await expect.element(questions.getByRole('listitem')).toHaveTextContent(/Right/);
  });

  test('takes more models in a table of its own, on the same questions', async () => {
    await addComparison(workspaceId);
    await database().evaluations.update('e1', { seed: 7 });
    router.go('compare', 'e1');
    await userEvent.click(page.getByRole('button', { name: 'Add models' }));
    await expect.element(page.getByRole('heading', { name: 'New comparison' })).toBeVisible();
    await expect.element(page.getByRole('status').first()).toHaveTextContent('choose what to add');
    await expect.element(page.getByText('8 combinations', { exact: false })).toBeVisible();
    await userEvent.click(page.getByLabelText('Also without your documents'));
    await userEvent.click(page.getByRole('button', { name: 'Start the comparison' }));
    await expect.poll(() => database().evaluations.count()).toBe(2);
    const rows = await database().evaluations.orderBy('createdAt').toArray();
    const [first, second] = rows as [(typeof rows)[0], (typeof rows)[0]];
    expect(second).toMatchObject({ datasetId: first.datasetId, split: first.split });
    expect(second.seed).toBe(7);
    expect(second.configurations.length).toBe(first.configurations.length + 2);
  });

  test('shows a question side by side, and the thumbs measure the judge', async () => {
    await addComparison(workspaceId);
    router.go('compare', 'e1', { show: 'questions', a: BASE, b: ALL_TUNED, question: 'ds1-20' });
    const article = page.getByRole('article', { name: 'Question', exact: true });
    await expect.element(article, patiently).toHaveTextContent('How many days does country 20 give?');
    const [left, right] = [
      article.getByRole('region', { name: /base search/ }),
      article.getByRole('region', { name: /tuned search/ }),
    ];
    await expect.element(left).toHaveTextContent('Found, but too low');
    await expect.element(right).toHaveTextContent('right passage');
    expect(left.element().querySelector('del')?.textContent).toContain('20');
    expect(await axeFindings()).toEqual([]);

    await userEvent.click(right.getByRole('button', { name: 'I think it is right' }));
    await expect
      .poll(async () => (await database().evaluationScores.get(['e1', ALL_TUNED, 'ds1-20']))?.opinion)
      .toBe('right');
    router.go('compare', 'e1');
    await expect.element(main(), patiently).toHaveTextContent('same verdict as you on 1 of 1');
  });

  test('keeps prices, and says what a hosted model would take', async () => {
    await addComparison(workspaceId);
    router.go('compare', 'e1');
    await expect.element(matrix(), patiently).toBeVisible();
    await userEvent.click(page.getByRole('button', { name: 'Prices' }));
    const dialog = page.getByRole('dialog');
    await userEvent.fill(dialog.getByLabelText('Model'), 'Hosted');
    await userEvent.fill(dialog.getByLabelText('Per million read'), '2,5');
    await userEvent.fill(dialog.getByLabelText('Per million written'), '10');
    await userEvent.click(dialog.getByRole('button', { name: 'Save' }));
    await expect.element(matrix()).toHaveTextContent('USD 1.19');
  });

  test('advises, with the learning curve where adapters of several sizes were compared', async () => {
    await addComparison(workspaceId);
    await addCurve(workspaceId);
    router.go('compare', 'e2', { show: 'advice' });
    await expect.element(page.getByRole('img', { name: /Recall@5 by examples: 0: 0\.350/ }), patiently).toBeVisible();
    await expect.element(main()).toHaveTextContent('another hundred would likely bring');
    expect(await axeFindings()).toEqual([]);
  });

  test('fits a phone: the table scrolls in its own box', async () => {
    workspaceId = await openApp(360, 800);
    await addComparison(workspaceId);
    router.go('compare', 'e1');
    await expect.element(matrix(), patiently).toBeVisible();
    expect(document.documentElement.scrollWidth).toBe(360);
    expect(matrix().element().scrollWidth).toBeGreaterThan(360);
    expect(await axeFindings()).toEqual([]);
  });
});

test('models stand side by side with what is known of them, experiments with their parameters', async () => {
  await addComparison(workspaceId);
  await addExperiments(workspaceId);
  router.go('compare', null, { view: 'models' });
  const tuned = page.getByRole('row', { name: /Handbook search/ });
  await expect.element(tuned, patiently).toHaveTextContent(/0\.750/);
  await expect.element(tuned).toHaveTextContent(/46 MB \+ 1\.2 MB/);
  expect(await axeFindings()).toEqual([]);

  router.go('compare', null, { view: 'experiments' });
  const chart = page.getByRole('group', { name: 'MRR@10 against Rank, a point per run' });
  await expect.element(chart.getByRole('link', { name: 'Handbook, rank 8: Rank 8, MRR@10 0.632' })).toBeVisible();
  await userEvent.fill(page.getByLabelText('Name'), 'rank 16');
  await expect.element(main()).toHaveTextContent('1 experiment of 6');
  expect(await axeFindings()).toEqual([]);
});

test('a comparison is listed with its best combination, and what is selected stands side by side', async () => {
  await addComparison(workspaceId);
  await addExperiments(workspaceId);
  router.go('compare', null, { view: 'experiments' });
  const comparison = page.getByRole('row', { name: /Handbook questions.*Comparison/ });
  await expect.element(comparison, patiently).toHaveTextContent(/Answer correctness, 40 questions/);
  await expect.element(comparison).toHaveTextContent(/tuned search, tuned ranking, tuned answers/);

  const box = (name: string) => page.getByRole('checkbox', { name });
  const table = page.getByRole('region', { name: 'Experiments side by side' });
  await userEvent.click(box('Select Handbook, rank 2'));
  await expect.element(main()).toHaveTextContent('1 selected: select another');
  await expect.element(table).not.toBeInTheDocument();
  (box('Select Handbook, rank 16').element() as HTMLElement).focus();
  await userEvent.keyboard(' ');
  const line = (name: string) => table.getByRole('row', { name: new RegExp(`^${name} `) });
  await expect.element(line('Rank')).toHaveTextContent(/16.*2|2.*16/);
  await expect.element(line('Score')).toHaveTextContent(/0\.\d+ MRR@10/);
  const titles = () => [...table.element().querySelectorAll('.title')].map((row) => row.textContent.trim());
  expect(titles()).toEqual(['Set differently', 'What came of it', 'The same in all that have it']);
  expect(await axeFindings()).toEqual([]);

  await userEvent.click(page.getByRole('button', { name: 'Side by side' }));
  await expect.element(page.getByRole('heading', { name: 'Side by side' })).toHaveFocus();
  await userEvent.click(box('Select Handbook questions'));
  await expect.element(line('Best combination')).toHaveTextContent('tuned search, tuned ranking, tuned answers');
  await userEvent.click(page.getByRole('button', { name: 'Take out Handbook, rank 2' }));
  await expect.element(box('Select Handbook, rank 2')).not.toBeChecked();
  await userEvent.click(page.getByRole('button', { name: 'Clear' }));
  await expect.element(table).not.toBeInTheDocument();
});

test('a standing by votes says how sure it is, and needs two models', async () => {
  await addDataset(workspaceId);
  await addVotes(workspaceId);
  router.go('compare', null, { view: 'duel' });
  await expect.element(main(), patiently).toHaveTextContent('these votes cannot tell yet who is better');
  await expect.element(page.getByRole('button', { name: '7 preferences as JSONL' })).toBeEnabled();
  await expect.element(page.getByLabelText('Your question')).toBeDisabled();
  expect(await axeFindings()).toEqual([]);
});
