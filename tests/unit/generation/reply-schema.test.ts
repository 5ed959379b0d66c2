import * as v from 'valibot';
import { expect, it } from 'vitest';
import { replySchema } from '../../../src/generation/reply-schema.ts';

const BOUNDS = { longestText: 50, mostItems: 3 };

it('is the schema of what is read, before its transformations, with bounds where it has none of its own', () => {
  const reading = v.pipe(
    v.object({
      reason: v.pipe(v.string(), v.trim(), v.minLength(1)),
      better: v.picklist(['A', 'B']),
      parts: v.array(v.object({ text: v.pipe(v.string(), v.maxLength(9)), right: v.boolean() })),
      few: v.pipe(v.array(v.number()), v.maxLength(2)),
    }),
    v.check(({ parts }) => parts.length > 0),
    v.transform(() => 1),
  );
  expect(replySchema(reading, BOUNDS)).toEqual({
    type: 'object',
    properties: {
      reason: { type: 'string', minLength: 1, maxLength: 50 },
      better: { type: 'string', enum: ['A', 'B'] },
      parts: {
        type: 'array',
        maxItems: 3,
        items: {
          type: 'object',
          properties: { text: { type: 'string', maxLength: 9 }, right: { type: 'boolean' } },
          required: ['text', 'right'],
        },
      },
      few: { type: 'array', maxItems: 2, items: { type: 'number' } },
    },
    required: ['reason', 'better', 'parts', 'few'],
  });
});
