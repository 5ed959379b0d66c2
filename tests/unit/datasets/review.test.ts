import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { datasetHash } from '../../../src/datasets/ledger.ts';
import { inUse, isUnanswerable } from '../../../src/datasets/in-use.ts';
import { example, studio } from '../../support/datasets.ts';

const document = {
  path: 'leave.md',
  passages: ['Unused days expire in March, as every year.', 'Requests need two weeks.'],
};

describe('deciding on rows', () => {
  it('keeps hash and counts those of the rows in use, whatever is done to them in whatever order', async () => {
    const act = fc.record({
      what: fc.constantFrom('accept', 'reject', 'undecide', 'edit', 'move', 'remove', 'label', 'rule'),
      row: fc.nat(11),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), async (acts) => {
        const { datasets, filled, rows, dataset } = await studio();
        const id = await filled(
          Array.from({ length: 8 }, (_, i) => example(i, i === 0 ? { removedBy: 'length' } : {})),
        );
        for (const { what, row } of acts) {
          const now = await rows(id);
          const target = now[row % Math.max(1, now.length)]?.id;
          if (what === 'label') await datasets.addLabelled(id, { question: 'Why?', answer: '', passage: `So ${row}.` });
          else if (what === 'rule') await datasets.setRules(id, { length: { on: row % 2 === 0 } });
          else if (target === undefined) continue;
          else if (what === 'edit') await datasets.edit(target, { answer: `${row} days, or more` });
          else if (what === 'move') await datasets.edit(target, { split: 'validation' }).catch(() => undefined);
          else if (what === 'remove') await datasets.removeExamples([target]);
          else await datasets.review(target, ({ accept: 'accepted', reject: 'rejected' } as const)[what as 'accept']);
        }
        const used = (await rows(id)).filter(inUse);
        const { hash, counts } = await dataset(id);
        expect(hash).toBe(datasetHash(used));
        expect(counts.train + counts.validation + counts.test).toBe(used.length);
        expect(counts.validation).toBe(used.filter(({ split }) => split === 'validation').length);
      }),
      { numRuns: 15 },
    );
  });

  it('adds rows that name their part behind the others without reading those', async () => {
    const { store, filled, rows } = await studio();
    const id = await filled([example(0), example(1)]);
    const read = vi.spyOn(store, 'rows');
    await store.append(id, [example(2, { split: 'test' }), example(3)]);
    expect(read).not.toHaveBeenCalled();
    expect((await rows(id)).map(({ ordinal, split }) => [ordinal, split])).toEqual([
      [0, 'train'],
      [1, 'train'],
      [2, 'test'],
      [3, 'train'],
    ]);
  });

  it('sees what another tab changed meanwhile', async () => {
    const { db, datasets, store, filled, rows, dataset } = await studio();
    const id = await filled([example(0), example(1)]);
    const [first, second] = await rows(id);
    await datasets.review(first!.id, 'rejected');
    const other = new (store.constructor as typeof import('../../../src/datasets/store.ts').DatasetStore)(db);
    await other.append(id, [example(2)]);
    await datasets.review(second!.id, 'rejected');
    expect((await dataset(id)).counts.train).toBe(1);
  });

  it('brings a row back that a rule took out, and one that a person rejected', async () => {
    const { datasets, filled, rows, dataset } = await studio();
    const id = await filled([example(0, { question: 'Leave?' }), example(1)]);
    const whole = (await dataset(id)).hash;
    const report = await datasets.check(id);
    expect([report.rules['length']!.removed, report.counts.train]).toEqual([1, 1]);
    const [short] = await rows(id);
    await datasets.review(short!.id, 'accepted');
    expect((await dataset(id)).hash).toBe(whole);
    await datasets.review(short!.id, undefined);
    expect((await dataset(id)).counts.train).toBe(1);
    await datasets.setRules(id, { length: { on: false } });
    expect((await dataset(id)).hash).toBe(whole);
    await datasets.review(short!.id, 'rejected');
    expect((await datasets.setRules(id, { length: { on: true } })).rules['length']).toMatchObject({ failed: 1 });
    await datasets.review(short!.id, undefined);
    await datasets.setRules(id, { length: { questionWordsMin: 1 } });
    expect((await dataset(id)).hash).toBe(whole);
  });

  it('loses neither of two changes of rules that come at once', async () => {
    const { datasets, filled, rows, dataset } = await studio();
    const id = await filled([example(0, { question: 'Leave?' }), example(1, { question: 'What is it?' })]);
    await datasets.check(id, undefined, async (questions) => questions.map(() => []));
    expect((await rows(id)).map(({ removedBy }) => removedBy)).toEqual(['length', 'selfContained']);
    await Promise.all([
      datasets.setRules(id, { length: { on: false } }),
      datasets.setRules(id, { selfContained: { on: false } }),
    ]);
    expect((await dataset(id)).rules).toEqual({ length: { on: false }, selfContained: { on: false } });
    expect((await rows(id)).map(({ removedBy }) => removedBy)).toEqual([undefined, undefined]);
  });

  it('keeps what a model said of an answer through switches, until question or answer are others', async () => {
    const { datasets, filled, rows } = await studio();
    const id = await filled([example(0, { answer: 'Everybody rests for some weeks' }), example(1)]);
    const entails = async () => ({ score: 0.1, reason: 'It says nothing of that.' });
    await datasets.check(id, undefined, async (questions) => questions.map(() => []), entails);
    await datasets.setRules(id, { length: { on: false } });
    const reason = async () => (await rows(id))[0]!.quality!.findings.find(({ rule }) => rule === 'support')!.reason;
    expect(await reason()).toContain('A model says');
    const [row] = await rows(id);
    await datasets.edit(row!.id, { thought: 'It says so.' });
    expect(await reason()).toContain('A model says');
    await datasets.edit(row!.id, { answer: 'Everybody rests for some days' });
    expect(await reason()).not.toContain('A model says');
  });

  it('looks again at an edited row, and keeps spans within the passage', async () => {
    const { datasets, filled, rows } = await studio();
    const id = await filled([example(0, { question: 'Leave?', thought: 'Because.' })]);
    await datasets.check(id);
    const [row] = await rows(id);
    expect(row!.removedBy).toBe('length');
    await datasets.edit(row!.id, {
      question: 'How much leave is there?',
      thought: '',
      evidence: { start: 3, end: 10_000 },
    });
    const [edited] = await rows(id);
    expect(edited).toMatchObject({
      question: 'How much leave is there?',
      evidence: { start: 3, end: row!.passage.length },
    });
    expect(edited).not.toHaveProperty('removedBy');
    expect(edited).not.toHaveProperty('thought');
    await expect(datasets.edit(row!.id, { question: ' ' })).rejects.toMatchObject({ code: 'datasets/empty-question' });
  });

  it('keeps other answers beside the one that stands, each once, and none without it', async () => {
    const { datasets, dataset, filled, rows } = await studio();
    const id = await filled([example(0, { answer: 'thirty days', moreAnswers: ['a month'] })]);
    const read = async () => (await rows(id))[0]!;
    const hash = async () => (await dataset(id)).hash;
    const before = await hash();
    await datasets.edit((await read()).id, { moreAnswers: [' 30 days', 'a month', '', 'a month', 'thirty days'] });
    expect((await read()).moreAnswers).toEqual(['30 days', 'a month']);
    expect(await hash()).not.toBe(before);
    await datasets.edit((await read()).id, { answer: '30 days' });
    expect((await read()).moreAnswers).toEqual(['a month']);
    await datasets.edit((await read()).id, { answer: '' });
    expect(await read()).not.toHaveProperty('moreAnswers');
  });
});

describe('taking back', () => {
  /** What a rule found that looks at more than the row. */
  const removed = {
    removedBy: 'roundTrip',
    quality: {
      score: 0,
      findings: [{ rule: 'roundTrip', verdict: 'failed' as const, score: 0, reason: 'Not found.' }],
    },
  };

  it('leaves a row out of use that a rule took out, with all that was found', async () => {
    const { datasets, filled, rows, dataset } = await studio();
    const id = await filled([example(0, removed), example(1)]);
    const before = await rows(id);
    const { hash } = await dataset(id);
    await datasets.review(before[0]!.id, 'accepted');
    await datasets.restore([before[0]!]);
    expect(await rows(id)).toEqual(before);
    await datasets.edit(before[0]!.id, { question: 'How much leave is there?', evidence: { start: 0, end: 3 } });
    await datasets.review(before[0]!.id, 'accepted');
    await datasets.restore([before[0]!]);
    expect(await rows(id)).toEqual(before);
    expect((await dataset(id)).hash).toBe(hash);
  });

  it('keeps what was dealt since, and what rules have found since where only a decision goes', async () => {
    const { datasets, filled, rows } = await studio();
    const id = await filled([example(0, { question: 'Leave?' }), example(1)]);
    const before = (await rows(id))[0]!;
    await datasets.review(before.id, 'accepted');
    await datasets.check(id, undefined, async (questions) => questions.map(() => []));
    await datasets.restore([before]);
    expect((await rows(id))[0]).toMatchObject({ removedBy: 'length' });
    await datasets.edit(before.id, { question: 'How much leave is there?', split: 'validation' });
    await datasets.restore([before]);
    expect((await rows(id))[0]).toMatchObject({ question: 'Leave?', split: 'validation' });
  });

  it('is not what an edit does: a row stays out while its question is the one that a rule looked at', async () => {
    const { datasets, filled, rows } = await studio();
    const id = await filled([example(0, removed)]);
    const rowId = (await rows(id))[0]!.id;
    await datasets.edit(rowId, { thought: 'It says so.' });
    const [same] = await rows(id);
    expect(same!.removedBy).toBe('roundTrip');
    expect(same!.quality!.findings).toContainEqual(removed.quality.findings[0]);
    await datasets.edit(rowId, { question: 'How much leave is there in a year?' });
    const [other] = await rows(id);
    expect(other).not.toHaveProperty('removedBy');
    expect(other!.quality!.findings.map(({ rule }) => rule)).not.toContain('roundTrip');
  });
});

describe('the test part', () => {
  it('keeps its rows: no rule takes one out, none changes its part by hand, none is mined for', async () => {
    const { datasets, filled, rows } = await studio();
    const id = await filled([example(0, { split: 'test', question: 'Leave?' }), example(1)]);
    await datasets.check(id);
    const [test] = await rows(id);
    expect(test!.quality!.findings.some(({ verdict }) => verdict === 'failed')).toBe(true);
    expect(test!.removedBy).toBeUndefined();
    await expect(datasets.edit(test!.id, { split: 'validation' })).rejects.toMatchObject({
      code: 'datasets/test-locked',
    });
  });
});

describe('labelling by hand', () => {
  it('takes the passage from the workspace and the part from its document', async () => {
    const { db, datasets, filled, rows } = await studio(document);
    const chunk = (await db.chunks.toArray())[0]!;
    const id = await filled([
      ...Array.from({ length: 8 }, (_, i) => example(i)),
      example(8, { split: 'validation' }),
      example(9, { split: 'test', documentKey: 'leave.md' }),
    ]);
    const question = 'When do unused days expire?';
    const labelled = { question, answer: 'in March', chunkId: chunk.id, evidence: { start: 19, end: 27 } };
    const row = (await rows(id)).length;
    const exampleId = await datasets.addLabelled(id, labelled);
    const added = (await rows(id))[row]!;
    expect(added).toMatchObject({
      id: exampleId,
      passage: chunk.text,
      documentKey: 'leave.md',
      split: 'test',
      review: 'accepted',
      provenance: { origin: 'labelled' },
    });
    await expect(datasets.addLabelled(id, { question, answer: '', chunkId: 'gone' })).rejects.toMatchObject({
      code: 'datasets/no-passage',
    });
  });

  it('on the passage of a row falls into its part, though no document of the workspace has it', async () => {
    const { datasets, filled, rows } = await studio();
    const others = Array.from({ length: 8 }, (_, i) => example(i));
    // The document is torn, so that only the passage tells the part.
    const tested = example(9, { split: 'test', documentKey: 'countries/0.md' });
    const id = await filled([...others, tested]);
    const { passage, headings, documentKey } = tested;
    const question = 'What does everybody get, whatever their work?';
    await datasets.addLabelled(id, { question, answer: '19 days', passage, headings, documentKey });
    expect((await rows(id)).at(-1)).toMatchObject({ split: 'test', headings, documentKey, passage });
  });

  it('takes an empty answer for a question that the passage does not answer, unless none was ever known', async () => {
    const { datasets, filled, rows } = await studio();
    const evidence = { start: 0, end: 5 };
    const found = example(1, { answer: '', provenance: { origin: 'imported' } });
    const id = await filled([example(0, { kind: 'fact', evidence }), found]);
    await datasets.addLabelled(id, { question: 'Why?', answer: ' ', passage: 'Nobody knows.', evidence });
    const [row, asked, labelled] = await rows(id);
    expect(labelled).toMatchObject({ answer: '', kind: 'unanswerable' });
    expect(labelled).not.toHaveProperty('evidence');

    await datasets.edit(row!.id, { question: 'Why is it so?', answer: '' });
    await datasets.edit(asked!.id, { question: 'Why is it so?', answer: '' });
    expect((await rows(id)).map(isUnanswerable)).toEqual([true, false, true]);
    await datasets.edit(row!.id, { answer: '10 days' });
    expect((await rows(id)).map(isUnanswerable)).toEqual([false, false, true]);
  });
});
