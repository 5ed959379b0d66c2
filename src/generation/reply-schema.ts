import { toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import type { JsonSchema } from './contract.ts';

/** Bounds where a schema has none: small models repeat themselves until their tokens are used up. */
const LONGEST_TEXT = 600;
const MOST_ITEMS = 12;

/**
 * The schema of a reply as an engine is given it. What JSON Schema has no words for (checks, transformations) is left
 * to reading the reply; texts and lists without a bound of their own get one.
 *
 * @param schema of what is read, as it is before its transformations
 */
export function replySchema(schema: v.GenericSchema): JsonSchema {
  const { $schema: _, ...json } = toJsonSchema(schema, { typeMode: 'input', errorMode: 'ignore' });
  return bounded(json) as JsonSchema;
}

function bounded(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(bounded);
  if (typeof node !== 'object' || node === null) return node;
  const parts = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, bounded(value)]));
  // A choice of texts is bounded by its choices.
  if (parts['type'] === 'string' && !('enum' in parts)) return { maxLength: LONGEST_TEXT, ...parts };
  return parts['type'] === 'array' ? { maxItems: MOST_ITEMS, ...parts } : parts;
}
