import { expect, test } from 'vitest';
import { AttuneError, toProblem } from '../../src/errors/attune-error.ts';

test('a problem keeps code, message and way out of an Attune error', () => {
  const error = new AttuneError('document/empty', 'notes.txt is empty.', 'Add a file that has text in it.');
  expect(toProblem(error)).toEqual({
    code: 'document/empty',
    message: 'notes.txt is empty.',
    wayOut: 'Add a file that has text in it.',
  });
});

test('an unknown error keeps its message and gets a way out', () => {
  const problem = toProblem(new Error('boom'));
  expect(problem.message).toBe('boom');
  expect(problem.wayOut).not.toBe('');
});
