import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/engine/training/random.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { Distractors } from '../../../src/training/tasks/distractors.ts';

const row = (question: string, answer: string, passage: string, more: Partial<ExampleRow> = {}) =>
  ({ question, answer, passage, headings: [], documentKey: 'a.md', negatives: [], ...more }) as unknown as ExampleRow;

const asked = row('Where do foxes sleep?', 'in dens', 'Foxes sleep in dens under the trees of the wood.');
const rows = [
  asked,
  row('Where do foxes sleep?', 'under roots', 'A hollow between roots will do for a fox.'),
  row('When are foxes awake?', 'at night', 'Foxes sleep in dens under the trees of the wood, by day.'),
  row('Where are cubs born?', 'beneath the ground', 'Cubs are born in dens, in spring.', { documentKey: 'b.md' }),
  row('What do badgers dig?', 'setts', 'Badgers dig setts.'),
  row('What drives nails?', 'a hammer', 'A hammer drives nails.', { documentKey: 'b.md' }),
];
const shown = (example: ExampleRow, count = 9) =>
  new Distractors(rows).of(example, count, seededRandom(1)).map(({ text }) => text);

describe('the wrong passages of a prompt', () => {
  it('neither are right, nor say nearly the same, nor hold the answer: it may be refused without the right one', () => {
    expect(shown(asked)).toEqual(['Badgers dig setts.', 'A hammer drives nails.']);
  });

  it('begin with those that the data set names, unless one holds the answer; then comes the same document', () => {
    const negatives = ['Vixens sleep in dens, too.', 'Owls sleep in hollow trees.'];
    expect(shown({ ...asked, negatives })).toEqual([negatives[1], 'Badgers dig setts.', 'A hammer drives nails.']);
    expect(shown({ ...asked, negatives }, 2)).toHaveLength(2);
  });
});
