import { describe, expect, test } from 'vitest';
import { leftOut } from '../../../scripts/demo/left-out.ts';
import { until, type Watch } from '../../../scripts/demo/until.ts';

const HOUR = 3600_000;

/** An app that is looked at once an hour. */
function app({ pulses = [''], problems = [] as string[][] } = {}): Watch {
  let hours = 0;
  return {
    pulse: () => Promise.resolve(pulses[Math.min(hours, pulses.length - 1)]!),
    problems: () => Promise.resolve(problems[hours] ?? []),
    pause: () => Promise.resolve(void hours++),
    now: () => hours * HOUR,
  };
}
const after = (times: number) => () => Promise.resolve(times-- > 0 ? undefined : 'there');

describe('waiting for the app', () => {
  test('goes on for hours while something is done', async () => {
    const busy = app({ pulses: ['1', '2', '3', '4', '5'] });
    expect(await until('it', busy, after(4))).toBe('there');
  });

  test('ends when nothing is done any more, and says what was waited for', async () => {
    const still = app({ pulses: ['1', '2'] });
    await expect(until('the reading', still, after(9))).rejects.toThrow(/nothing for 20 minutes while the reading/);
  });

  test('ends at once with the app’s own words when something went wrong', async () => {
    const broken = app({ pulses: ['1', '2', '3'], problems: [[], ['No row can be used.']] });
    await expect(until('it', broken, after(9))).rejects.toThrow('No row can be used.');
  });

  test('takes an answer that came together with a problem', async () => {
    expect(await until('it', app({ problems: [['It failed.']] }), after(0))).toBe('there');
  });
});

describe('files that cannot be searched', () => {
  const ready = (path: string) => ({ path, status: 'ready' as const });
  const problem = { code: 'document/encrypted', message: 'It is locked.', wayOut: 'Unlock it.' };

  test('are those that the app did not take and those that it could not read', () => {
    const rows = [ready('documents/a.txt'), { path: 'documents/b.pdf', status: 'failed' as const, problem }];
    expect(leftOut(['documents/a.txt', 'documents/b.pdf', 'documents/c.rar'], rows)).toEqual([
      expect.stringMatching(/^documents\/c\.rar was not taken/),
      'documents/b.pdf could not be read: It is locked.',
    ]);
  });

  test('are no zips that were unpacked, nor names whose letters are composed in another way', () => {
    const rows = [ready('documents/all.zip/one.txt'), ready('documents/\u00fc.txt')];
    expect(leftOut(['documents/all.zip', 'documents/u\u0308.txt'], rows)).toEqual([]);
  });
});
