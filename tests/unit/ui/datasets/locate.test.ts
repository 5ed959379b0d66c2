import { expect, test } from 'vitest';
import { locate } from '../../../../src/ui/screens/datasets/label/locate.ts';

const chunks = [
  { id: 'c1', text: '## Leave\n\nLeave is **eight weeks** for everybody.' },
  { id: 'c2', text: 'It is paid (in full).\nAsk your lead.' },
];

test('finds a selection although the markup is not rendered', () => {
  const place = locate('eight weeks for', chunks)!;
  expect(place.chunkId).toBe('c1');
  expect(chunks[0]!.text.slice(place.start, place.end)).toBe('eight weeks** for');
  expect(locate('paid (in full). Ask', chunks)?.chunkId).toBe('c2');
});

test('says so when the words are in no single passage, or are no words', () => {
  expect(locate('everybody. It is paid', chunks)).toBeNull();
  expect(locate('nine weeks', chunks)).toBeNull();
  expect(locate(' – ', chunks)).toBeNull();
});
