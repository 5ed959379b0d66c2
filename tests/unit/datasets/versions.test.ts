import { describe, expect, it } from 'vitest';
import { example, studio } from '../../support/datasets.ts';

describe('versions', () => {
  it('say what was added, removed and changed since, and bring it back', async () => {
    const { db, datasets, filled, rows, dataset } = await studio();
    const id = await filled([example(0), example(1), example(2)]);
    const before = await dataset(id);
    expect(await datasets.keepVersion(id, 'first')).toBe(1);
    const [changed, removed] = await rows(id);
    await datasets.edit(changed!.id, { answer: 'Two days' });
    await datasets.review(changed!.id, 'accepted');
    await datasets.removeExamples([removed!.id]);
    await datasets.addLabelled(id, { question: 'Why is it so?', answer: '', passage: 'Nobody knows.' });

    const diff = await datasets.diff(id, 1);
    expect(diff.added.map(({ question }) => question)).toEqual(['Why is it so?']);
    expect(diff.removed.map((row) => row.id)).toEqual([removed!.id]);
    expect(diff.changed.map(({ before, after, fields }) => [before.answer, after.answer, fields])).toEqual([
      ['10 days', 'Two days', ['answer', 'review']],
    ]);
    expect(diff.unchanged).toBe(1);

    await datasets.bringBack(id, 1);
    expect(await dataset(id)).toMatchObject({ hash: before.hash, counts: before.counts, version: 3 });
    expect(await datasets.diff(id, 1)).toMatchObject({ added: [], removed: [], changed: [], unchanged: 3 });
    // What was there before is a version of its own.
    expect((await datasets.diff(id, 1, 2)).added).toHaveLength(1);
    await expect(datasets.diff(id, 7)).rejects.toMatchObject({ code: 'datasets/missing-version' });
    await datasets.remove(id);
    expect(await db.datasetVersions.count()).toBe(0);
  });

  it('bring back how rows were dealt and which rules held', async () => {
    const { datasets, filled, dataset } = await studio();
    const id = await filled(Array.from({ length: 12 }, (_, i) => example(i)));
    await datasets.setRules(id, { length: { on: false } });
    const { seed, split, rules } = await dataset(id);
    const first = await datasets.keepVersion(id, 'first');
    await datasets.resplit(id, { by: 'passage', seed: 7, testShare: 0.3 });
    await datasets.setRules(id, { length: { on: true } });
    const second = await datasets.keepVersion(id, 'second');
    await datasets.bringBack(id, first);
    expect(await dataset(id)).toMatchObject({ seed, split, rules });
    await datasets.bringBack(id, second);
    const split7 = { by: 'passage', seed: 7, testShare: 0.3 };
    expect(await dataset(id)).toMatchObject({ seed: 7, split: split7, rules: { length: { on: true } } });
  });
});

describe('splitting anew', () => {
  const kinds = ['fact', 'procedure'] as const;
  const questions = Array.from({ length: 120 }, (_, i) =>
    example(i, { documentKey: `folder-${i % 6}/${i % 40}.md`, kind: kinds[Number(i % 4 === 0)] }),
  );

  it('deals by subject with the same kinds in every part, the same for the same seed, and keeps a version', async () => {
    const { datasets, filled, rows, dataset } = await studio();
    const id = await filled(questions);
    const settings = { by: 'document', validationShare: 0.2, testShare: 0.3, seed: 5 };
    const preview = await datasets.previewSplit(id, settings);
    expect((await dataset(id)).counts).toEqual({ train: 120, validation: 0, test: 0 });
    expect(await datasets.resplit(id, settings)).toEqual(preview);
    const { counts, seed, version } = await dataset(id);
    expect([counts, seed, version]).toEqual([preview.counts, 5, 2]);
    expect(counts.test).toBeGreaterThanOrEqual(33);
    expect(counts.test).toBeLessThanOrEqual(39);
    const share = (part: string) => {
      const own = questionsOf.filter(({ split }) => split === part);
      return own.filter(({ kind }) => kind === 'procedure').length / own.length;
    };
    const questionsOf = await rows(id);
    for (const part of ['train', 'validation', 'test']) expect(Math.abs(share(part) - 0.25)).toBeLessThan(0.06);
    const again = await datasets.resplit(id, settings);
    expect([again.moved, again.warning]).toEqual([0, 'Every question stays in its part.']);

    await datasets.resplit(id, { by: 'subject' });
    const parts = new Map<string, Set<string>>();
    for (const { documentKey, split } of await rows(id)) {
      const folder = documentKey.split('/')[0]!;
      parts.set(folder, (parts.get(folder) ?? new Set()).add(split));
    }
    expect([...parts.values()].every(({ size }) => size === 1)).toBe(true);
  });

  it('warns in words when test questions would be learned from', async () => {
    const { datasets, filled } = await studio();
    const id = await filled(questions);
    await datasets.resplit(id, { seed: 1 });
    const { leavingTest, warning } = await datasets.previewSplit(id, { seed: 2 });
    expect(leavingTest).toBeGreaterThan(0);
    expect(warning).toContain(`${leavingTest} leave the test part`);
  });
});
