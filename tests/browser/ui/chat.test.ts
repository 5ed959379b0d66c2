import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { addChat, addDocument, closeApp, openApp, passage } from './app-harness.ts';
import { axeFindings } from './screen-support.ts';

const SUPPORTED = 'The secondary engineer is paged after fifteen minutes [1].';
const UNSUPPORTED = 'The customer is called as well.';
const TEXT = `${SUPPORTED} ${UNSUPPORTED}`;
const SUPPORT = [
  { start: 0, end: SUPPORTED.length, passages: [1], basis: 'cited' as const },
  { start: SUPPORTED.length + 1, end: TEXT.length, passages: [], basis: 'none' as const },
];

let workspaceId: string;
beforeEach(async () => {
  workspaceId = await openApp();
});
afterAll(closeApp);

describe('an answer', () => {
  beforeEach(async () => {
    await addDocument(workspaceId, 'd1', 'on-call.md');
    await addChat(workspaceId, 'c1', 'Who is paged?', {
      text: TEXT,
      support: SUPPORT,
      passages: [passage(1, 'd1', 'on-call.md'), passage(2, 'gone', 'deleted.md')],
    });
    router.go('chat', 'c1');
  });

  test('shows its passage when a citation is hovered and opens the document there when it is clicked', async () => {
    const citation = page.getByRole('button', { name: 'Source 1', exact: true });
    await userEvent.hover(citation);
    await expect.element(page.getByRole('tooltip')).toHaveTextContent('not acknowledged within fifteen minutes');
    await userEvent.click(citation);
    const panel = page.getByTestId('source-panel');
    await expect.element(panel).toBeVisible();
    await expect
      .poll(() => panel.element().querySelector('mark')?.textContent)
      .toBe('If an alert is not acknowledged within fifteen minutes, the secondary engineer is paged.');
    await userEvent.keyboard('{Escape}');
    await expect.element(panel).not.toBeInTheDocument();
  });

  test('marks the sentence that no passage supports, for eyes and for screen readers', async () => {
    const answer = page.getByTestId('answer');
    await expect.element(answer).toHaveTextContent('1 sentence without support in your documents');
    const marked = answer.element().querySelectorAll('[data-support="none"]');
    expect([...marked].map((span) => span.textContent)).toEqual([`${UNSUPPORTED} (no passage supports this sentence)`]);
    expect(getComputedStyle(marked[0]!).textDecorationStyle).toBe('dotted');
  });

  test('keeps a passage readable after its document was deleted', async () => {
    await userEvent.click(page.getByText('How this was answered'));
    await userEvent.click(page.getByRole('button', { name: /deleted\.md/ }));
    await expect.element(page.getByTestId('source-panel')).toHaveTextContent('no longer in the library');
    await expect.element(page.getByTestId('source-panel')).toHaveTextContent('the secondary engineer is paged');
  });

  test('keeps a vote, takes it back, and keeps a corrected answer', async () => {
    const feedback = async () => (await database().messages.get('c1-a'))?.feedback;
    const up = page.getByRole('button', { name: 'Good answer' });
    await userEvent.click(up);
    await expect.poll(feedback).toMatchObject({ vote: 'up' });
    await userEvent.click(up);
    await expect.poll(feedback).toBeUndefined();
    await userEvent.click(page.getByRole('button', { name: 'Wrong or poor answer' }));
    await userEvent.click(page.getByRole('button', { name: 'Start from this answer' }));
    const field = page.getByLabelText('What would a good answer be?');
    await expect
      .element(field)
      .toHaveValue('The secondary engineer is paged after fifteen minutes. The customer is called as well.');
    await userEvent.fill(field, 'The secondary engineer.');
    await userEvent.click(page.getByRole('button', { name: 'Save' }));
    await expect.poll(feedback).toMatchObject({ vote: 'down', correctedAnswer: 'The secondary engineer.' });
  });
});

test('an answer without any support warns and shows the passages that the model was given', async () => {
  await addDocument(workspaceId, 'd1', 'on-call.md');
  await addChat(workspaceId, 'c1', 'Who?', {
    text: UNSUPPORTED,
    support: [{ start: 0, end: UNSUPPORTED.length, passages: [], basis: 'none' }],
    passages: [passage(1, 'd1', 'on-call.md')],
  });
  router.go('chat', 'c1');
  const answer = page.getByTestId('answer');
  await expect.element(answer).toHaveTextContent('Nothing in your documents supports this answer.');
  await expect.element(answer.getByRole('button', { name: /Source 1: on-call\.md/ })).toBeVisible();
});

test('says that the documents do not answer and shows the nearest passages instead of text', async () => {
  await addChat(workspaceId, 'c1', 'Dogs?', {
    kind: 'notFound',
    text: 'x',
    passages: [passage(1, 'd1', 'on-call.md')],
  });
  router.go('chat', 'c1');
  await expect.element(page.getByRole('heading', { name: 'Your documents do not seem to answer this' })).toBeVisible();
  await expect.element(page.getByRole('button', { name: /Source 1: on-call\.md/ })).toBeVisible();
});

test('labels sentences of the documents as such', async () => {
  await addChat(workspaceId, 'c1', 'Who?', {
    kind: 'extractive',
    text: 'A sentence. [1]',
    passages: [passage(1, 'd', 'a.md')],
  });
  router.go('chat', 'c1');
  await expect.element(page.getByTestId('answer')).toHaveTextContent('Sentences from your documents, word for word.');
});

test('sentences that stand for an answer without support say so, and keep what was written within reach', async () => {
  await addChat(workspaceId, 'c1', 'Who?', {
    kind: 'extractive',
    text: 'A sentence. [1]',
    replacedText: 'Life is a journey.',
    passages: [passage(1, 'd', 'a.md')],
  });
  router.go('chat', 'c1');
  await expect.element(page.getByTestId('answer')).toHaveTextContent('was found in them');
  await userEvent.click(page.getByText('What the answer model wrote', { exact: true }));
  await expect.element(page.getByText('Life is a journey.')).toBeVisible();
});

describe('the list of chats', () => {
  beforeEach(async () => {
    await addChat(workspaceId, 'c1', 'Who is paged?', { text: 'The secondary engineer.' });
    await addChat(workspaceId, 'c2', 'How long is a rotation?', { text: 'One week.' });
  });
  const list = () => page.getByTestId('chat-list');
  const openMenu = async (title: string) => userEvent.click(page.getByRole('button', { name: `More for “${title}”` }));

  test('finds chats by words of their answers', async () => {
    await userEvent.fill(page.getByLabelText('Search chats'), 'secondary');
    await expect.element(list().getByRole('link', { name: /How long/ })).not.toBeInTheDocument();
    await expect.element(list().getByRole('link', { name: /Who is paged/ })).toBeVisible();
  });

  test('renames with the keyboard', async () => {
    await openMenu('Who is paged?');
    await userEvent.click(page.getByRole('menuitem', { name: 'Rename' }));
    await userEvent.keyboard('Escalation{Enter}');
    await expect.element(list().getByRole('link', { name: /Escalation/ })).toBeVisible();
    expect((await database().chats.get('c1'))?.title).toBe('Escalation');
  });

  test('deletes with ten seconds to take it back', async () => {
    await openMenu('Who is paged?');
    await userEvent.click(page.getByRole('menuitem', { name: 'Delete' }));
    await expect.element(list().getByRole('link', { name: /Who is paged/ })).not.toBeInTheDocument();
    expect(await database().messages.where('chatId').equals('c1').count()).toBe(0);
    await userEvent.click(page.getByRole('button', { name: 'Undo' }));
    await expect.element(list().getByRole('link', { name: /Who is paged/ })).toBeVisible();
    expect(await database().messages.where('chatId').equals('c1').count()).toBe(2);
  });
});

test('an empty workspace offers samples and files, and asking waits for documents', async () => {
  await expect.element(page.getByRole('button', { name: 'Try with the sample documents' })).toBeVisible();
  await expect.element(page.getByRole('button', { name: 'Choose files' })).toBeVisible();
  await expect.element(page.getByLabelText('Your question')).toBeDisabled();
});

describe('an answer of base and tuned model', () => {
  const FIRST = { engine: 'local', model: 'Small', device: 'wasm', promptTokens: 1, outputTokens: 3 };
  const stats = (adapters: string[]) => ({
    ...{ ...FIRST, adapters, secondsToFirstToken: 1, tokensPerSecond: 10, retrievalSeconds: 0.1 },
  });

  test('is switched between them and shown side by side, each with what wrote it', async () => {
    await addDocument(workspaceId, 'd1', 'on-call.md');
    const other = {
      text: 'Somebody is paged, as is usual in many companies.',
      kind: 'answer' as const,
      stats: stats([]),
    };
    await addChat(workspaceId, 'c1', 'Who is paged?', {
      ...{ text: SUPPORTED, support: SUPPORT.slice(0, 1), passages: [passage(1, 'd1', 'on-call.md')], other },
      stats: stats(['answers']),
    });
    router.go('chat', 'c1');
    const answer = page.getByTestId('answer');
    await expect.element(answer.getByRole('radio', { name: 'Tuned' })).toBeChecked();
    await userEvent.click(answer.getByText('Base', { exact: true }));
    await expect.element(answer).toHaveTextContent('as is usual in many companies');
    await expect.element(answer).not.toHaveTextContent('secondary engineer');
    await userEvent.click(answer.getByText('Both', { exact: true }));
    await expect.element(answer.getByRole('heading', { name: 'Tuned' })).toBeVisible();
    await expect.element(answer.getByRole('heading', { name: 'Base' })).toBeVisible();
    await expect.element(answer).toHaveTextContent(/as is usual in many companies.*secondary engineer/);
    await userEvent.click(answer.getByText('Tuned', { exact: true }).last());
    await userEvent.click(page.getByText('How this was answered'));
    await expect.element(answer).toHaveTextContent(/Adapters\s*answers/);
    expect(await axeFindings()).toEqual([]);
  });

  test('offers no switch where no adapter is there', async () => {
    await addChat(workspaceId, 'c1', 'Who?', {
      ...{ text: SUPPORTED, passages: [passage(1, 'd1', 'on-call.md')], stats: { ...stats([]), engine: 'endpoint' } },
    });
    router.go('chat', 'c1');
    await expect.element(page.getByTestId('answer')).toHaveTextContent('secondary engineer');
    await expect.element(page.getByRole('radio', { name: 'Both' })).not.toBeInTheDocument();
  });
});
