import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { AnswerAdapter, Generator } from '../../../src/chat/contract.ts';
import { sideBySide, type Contestant, type SideEvent } from '../../../src/chat/side-by-side.ts';
import { FolderFiles } from '../../../src/retrieval/files/node.ts';
import { Retrieval } from '../../../src/retrieval/service.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import { writeDocument } from '../../support/library.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { WordEmbedder } from '../../support/word-embedder.ts';

const BASE: Contestant = { choice: { engine: 'local', modelId: 'm' }, adapterId: null };
const TUNED: Contestant = { ...BASE, adapterId: 'own' };
const OWN: AnswerAdapter = { id: 'own', name: 'Own', modelId: 'm' };

let db: AttuneDatabase;
let retrieval: Retrieval;
let databases = 0;
/** Streams that are open: two at once would spoil each other's timings. */
let open: number;
let mostOpen: number;

const generator: Generator = {
  info: {
    ...{ engine: 'local', modelId: 'm', modelName: 'Model', device: 'test', contextTokens: 2048, parameters: 135e6 },
    ...{ memoryBytes: 0, leavesMachine: false, adapters: [] },
  },
  countTokens: async (turns) => turns.reduce((sum, { content }) => sum + content.length / 4, 0),
  async *stream(_, { adapter }, signal) {
    mostOpen = Math.max(mostOpen, ++open);
    yield { text: `said ${adapter ?? 'bare'}`, done: false };
    if (!signal.aborted) yield { text: ' to the end', done: false };
    open--;
    const stats = { promptTokens: 1, outputTokens: 2, secondsToFirstToken: 0, tokensPerSecond: 1, adapters: [] };
    yield { text: '', done: true, stats };
  },
};

beforeEach(async () => {
  db = new AttuneDatabase(`side-by-side-${databases++}`);
  const own = db;
  onTestFinished(() => own.delete());
  open = mostOpen = 0;
  const files = new FolderFiles(temporaryFolder());
  retrieval = new Retrieval({ database: db, files, embedders: { current: async () => new WordEmbedder() } });
  await db.workspaces.put({ id: 'w', name: 'W', createdAt: 0, updatedAt: 0, settings: {} });
  await writeDocument(db, 'w', { path: 'leave.md', passages: ['Everybody has thirty days of vacation.'] });
  await retrieval.sync('w');
});

function contest(contestants: readonly [Contestant, Contestant], signal = new AbortController().signal) {
  const services = { retrieval, load: async () => generator, adapters: async () => [OWN] };
  return sideBySide({ workspaceId: 'w', question: 'How many days of vacation?', contestants }, services, signal, db);
}
async function answersOf(events: AsyncIterable<SideEvent>) {
  const answers = [];
  for await (const event of events) if (event.type === 'answered') answers.push(event.answer);
  return answers;
}

describe('two answers to one question', () => {
  test('come from the same passages, one after the other, each with the prompt that it read', async () => {
    const [left, right] = await answersOf(contest([TUNED, BASE]));
    expect(left!.text).toBe('said own to the end');
    expect(right!.text).toBe('said bare to the end');
    expect(mostOpen).toBe(1);
    expect(JSON.stringify(right!.prompt)).toContain('thirty days of vacation');
    expect(left!.prompt).toEqual(right!.prompt);
  });

  test('are shown as they are said: without support none is replaced, and nothing is stored', async () => {
    const answers = await answersOf(contest([BASE, TUNED]));
    expect(answers.map(({ kind }) => kind)).toEqual(['answer', 'answer']);
    expect(answers.every(({ support }) => support?.every(({ basis }) => basis === 'none'))).toBe(true);
    expect(await db.messages.count()).toBe(0);
  });

  test('one that fails says why, and the other answers; the bare model never stands in for a missing adapter', async () => {
    const [left, right] = await answersOf(contest([{ ...BASE, adapterId: 'gone' }, BASE]));
    expect(left!.problem?.code).toBe('chat/no-adapter');
    expect(right!.text).toBe('said bare to the end');
  });

  test('a stop keeps what was said and does not begin the other one', async () => {
    const controller = new AbortController();
    const answers = [];
    for await (const event of contest([BASE, TUNED], controller.signal)) {
      if (event.type === 'writing' && event.event.type === 'text') controller.abort();
      if (event.type === 'answered') answers.push(event.answer);
    }
    expect(answers).toMatchObject([{ kind: 'stopped', text: 'said bare' }]);
  });
});
