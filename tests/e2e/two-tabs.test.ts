import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import type { ChunkRow, DocumentRow, DocumentTextRow } from '../../src/storage/schema.ts';
import {
  AppServer,
  HANDBOOK,
  TestBrowser,
  addFilesInChat,
  openApp,
  rowsOf,
  waitUntilInstalled,
  type FileToAdd,
} from './harness/index.ts';

let server: AppServer;
let browser: TestBrowser;

beforeAll(async () => {
  server = await AppServer.start();
  browser = await TestBrowser.launch();
});

afterAll(async () => {
  await browser.kill();
  await server.stop();
});

const MANY: FileToAdd[] = Array.from({ length: 40 }, (_, index) => ({
  name: `note-${index}.md`,
  text: `# Note ${index}\n\nThe locker number ${index} belongs to shelf ${index * 7}.\n\n${HANDBOOK[0]!.text}`,
}));

/** Drops a file onto the window, which every tab offers. */
async function drop(page: Page, { name, text }: FileToAdd): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text!], name!, { type: 'text/markdown' }));
      return data;
    },
    [name, text],
  );
  for (const type of ['dragenter', 'dragover', 'drop']) {
    await page.dispatchEvent('#main', type, { dataTransfer: transfer });
  }
}

/** Every document once, every chunk once, in place, and saying what its document says. */
async function expectSoundLibrary(page: Page, paths: string[]): Promise<void> {
  const documents = await rowsOf<DocumentRow>(page, 'documents');
  expect(documents.map((row) => row.path).sort()).toEqual([...paths].sort());
  expect(documents.filter((row) => row.status !== 'ready')).toEqual([]);
  const texts = new Map(
    (await rowsOf<DocumentTextRow>(page, 'documentTexts')).map((row) => [row.documentId, row.text]),
  );
  const chunks = await rowsOf<ChunkRow>(page, 'chunks');
  const places = chunks.map((chunk) => `${chunk.documentId} ${chunk.ordinal}`);
  expect(new Set(places).size).toBe(places.length);
  for (const { id, chunkCount } of documents) {
    expect(chunks.filter((chunk) => chunk.documentId === id).length).toBe(chunkCount);
  }
  const misplaced = chunks.filter((chunk) => texts.get(chunk.documentId)?.slice(chunk.start, chunk.end) !== chunk.text);
  expect(misplaced).toEqual([]);
}

test('the second tab reads while the first writes, nothing is doubled, and it takes over when the first is closed', async () => {
  const first = await openApp(browser, server);
  await waitUntilInstalled(first);
  const second = await openApp(browser, server);
  await second.getByText('Read only').waitFor();

  const adding = addFilesInChat(first, MANY);
  await drop(second, { name: 'from-the-second-tab.md', text: 'Not to be written.' });
  await adding;
  const paths = MANY.map(({ name }) => name);
  await expectSoundLibrary(first, paths);

  await first.close();
  await second.getByText('Read only').waitFor({ state: 'detached' });
  await drop(second, HANDBOOK[1]!);
  await second.goto(`${server.url}#/library`);
  await second.getByText(HANDBOOK[1]!.name).first().waitFor();
  await expect
    .poll(async () => (await rowsOf<DocumentRow>(second, 'documents')).every((row) => row.status === 'ready'), {
      timeout: 60_000,
    })
    .toBe(true);
  await expectSoundLibrary(second, [...paths, HANDBOOK[1]!.name]);
  await second.close();
});
