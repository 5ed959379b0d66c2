import 'fake-indexeddb/auto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Figures } from '../../../src/evaluation/figures/service.ts';
import { USER } from '../../../src/evaluation/judge/voters.ts';
import type { ModelSource } from '../../../src/evaluation/matrix/models.ts';
import { Evaluation } from '../../../src/evaluation/service.ts';
import { EndpointEngine } from '../../../src/generation/endpoint/endpoint-engine.ts';
import type { Voting } from '../../../src/storage/schema.ts';
import { judgeTallies } from '../../../src/ui/screens/compare/questions/pair-votes.ts';
import { of, QUESTIONS, search, setUpLab, tunedWriter, WORKSPACE, writer } from '../../support/evaluation-lab.ts';
import { OpenAiServer } from '../../support/openai-server.ts';

const server = new OpenAiServer();
let url = '';
beforeAll(async () => {
  url = await server.start();
});
afterAll(() => server.stop());
beforeEach(() => server.requests.splice(0));

const [base, tuned] = [of(search, null, writer), of(search, null, tunedWriter)];
const voting: Voting = { judge: { modelId: 'e', engine: 'endpoint' }, first: base.id, second: tuned.id };
const here = () => Promise.reject(new Error('asked for a model of this machine'));

/** A judge behind a server; whatever else is asked for fails. */
const models: ModelSource = {
  describe: async () => ({ identity: 'e', name: 'Box' }),
  loadEmbedder: here,
  readAdapter: here,
  loadReranker: here,
  loadGenerator: async () => new EndpointEngine('e', 'Box', { baseUrl: url, model: 'scripted' }),
};

/** Prefers the answer that the tuned writer gave; on hotels it goes by the place. */
function sensible(messages: { content: string }[]): string {
  const { content } = messages[1]!;
  const better = content.includes('hotels') || /Answer A:\n<<<\nTuned/.test(content) ? 'A' : 'B';
  return JSON.stringify({ reason: 'It is better.', better });
}

/** An evaluation of two writers that is done. */
async function answered(says = (adapter: string | null): string => (adapter ? 'Tuned says so.' : 'Base says so.')) {
  const lab = await setUpLab();
  const { service } = lab.start({ says: (_, adapter) => says(adapter) });
  const id = await service.create({
    ...{ workspaceId: WORKSPACE, datasetId: 'd', configurations: [base, tuned, of(search)] },
    settings: { answering: 'always' },
  });
  await service.proceed(id);
  const votes = () => lab.db.votes.toArray();
  return { ...lab, id, votes, service: new Evaluation({ database: lab.db, models }) };
}

test('a judge votes on each question both ways round, with its reason, and nothing is answered again', async () => {
  server.reply = sensible;
  const { db, id, service, votes, scores } = await answered();
  const before = await scores(id);
  await service.letVote(id, voting);
  expect((await db.evaluations.get(id))!.state).toBe('waiting');
  await service.proceed(id);
  expect((await db.evaluations.get(id))!).toMatchObject({ state: 'done' });
  expect(await db.evaluations.get(id)).not.toHaveProperty('voting');
  expect(server.requests).toHaveLength(2 * QUESTIONS.length);
  const winners = new Map((await votes()).map(({ question, winner }) => [question, winner]));
  expect(QUESTIONS.map(({ question }) => winners.get(question))).toEqual([1, 1, 'tie']);
  const [vote] = await votes();
  expect(vote).toMatchObject({ by: 'Box', blind: true, workspaceId: WORKSPACE });
  expect(vote!.answers.map(({ configurationId }) => configurationId)).toEqual([base.id, tuned.id]);
  expect((await votes()).map(({ reason }) => reason)).toContain('It is better.');
  expect(await scores(id)).toEqual(before);
});

test('asked once more, it is the same vote; what it had no choice on is asked again', async () => {
  server.reply = (messages) => (messages[1]!.content.includes('hotels') ? 'Well.' : sensible(messages));
  const { id, service, votes } = await answered();
  await service.letVote(id, voting);
  await service.proceed(id);
  expect(await votes()).toHaveLength(QUESTIONS.length - 1);
  server.requests.splice(0);
  server.reply = sensible;
  await service.letVote(id, { ...voting, first: tuned.id, second: base.id });
  await service.letVote(id, voting);
  await service.proceed(id);
  expect(server.requests).toHaveLength(2);
  expect(await votes()).toHaveLength(QUESTIONS.length);
});

test('a judge that is called “user” votes as a judge, not as the person', async () => {
  server.reply = sensible;
  const { db, id, votes } = await answered();
  const named: ModelSource = { ...models, describe: async () => ({ identity: 'e', name: USER }) };
  const service = new Evaluation({ database: db, models: named });
  await service.letVote(id, voting);
  await service.proceed(id);
  expect(judgeTallies(await votes(), base.id, tuned.id)).toEqual([{ by: 'user (model)', a: 0, b: 2, even: 1 }]);
  const own = { ...(await votes())[0]!, id: 'own', by: USER };
  await db.votes.add(own);
  const figures = new Figures(db);
  expect((await figures.strengths(WORKSPACE, USER)).map(({ votes: counted }) => counted)).toEqual([1, 1]);
  expect((await figures.voteAgreement(WORKSPACE, 'user (model)')).n).toBe(1);
});

test('two answers that are the same are a tie without the judge', async () => {
  const { id, service, votes } = await answered(() => 'Both say so.');
  await service.letVote(id, voting);
  await service.proceed(id);
  expect(server.requests).toEqual([]);
  expect((await votes()).map(({ winner }) => winner)).toEqual(['tie', 'tie', 'tie']);
});

test('votes that are paused go on where they were', async () => {
  const { db, id, service, votes } = await answered();
  let stopping: Promise<void> | undefined;
  server.reply = (messages) => {
    stopping ??= service.stop(id, 'pause');
    return sensible(messages);
  };
  await service.letVote(id, voting);
  await service.proceed(id);
  expect((await db.evaluations.get(id))!).toMatchObject({ state: 'paused', voting });
  await service.proceed(id);
  expect((await db.evaluations.get(id))!.state).toBe('done');
  expect(await votes()).toHaveLength(QUESTIONS.length);
});

test('what cannot be voted on is refused before anything changes', async () => {
  const { db, id, service } = await answered();
  const refused = (changes: Partial<Voting>) => service.letVote(id, { ...voting, ...changes });
  await expect(refused({ second: of(search).id })).rejects.toMatchObject({ code: 'evaluation/no-answers' });
  await expect(refused({ second: base.id })).rejects.toMatchObject({ code: 'evaluation/no-answers' });
  await db.datasets.update('d', { hash: 'other' });
  await expect(refused({})).rejects.toMatchObject({ code: 'evaluation/data-changed' });
  await db.evaluations.update(id, { state: 'paused' });
  await expect(refused({})).rejects.toMatchObject({ code: 'evaluation/not-done' });
  expect((await db.evaluations.get(id))!.state).toBe('paused');
});
