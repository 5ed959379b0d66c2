import { toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import type { JsonSchema } from './contract.ts';

/** Bounds of what a schema leaves open: small models repeat themselves until their tokens are used up. */
export interface ReplyBounds {
  /** Characters of a text. */
  longestText: number;
  /** Items of a list. */
  mostItems: number;
}

/**
 * The schema of a reply as an engine is given it. What JSON Schema has no words for (checks, transformations) is left
 * to reading the reply; texts and lists without a bound of their own get one.
 *
 * @param schema of what is read, as it is before its transformations
 */
export function replySchema(schema: v.GenericSchema, bounds: ReplyBounds): JsonSchema {
  const { $schema: _, ...json } = toJsonSchema(schema, { typeMode: 'input', errorMode: 'ignore' });
  return bounded(json, bounds) as JsonSchema;
}

function bounded(node: unknown, bounds: ReplyBounds): unknown {
  if (Array.isArray(node)) return node.map((part) => bounded(part, bounds));
  if (typeof node !== 'object' || node === null) return node;
  const parts = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, bounded(value, bounds)]));
  // A choice of texts is bounded by its choices.
  if (parts['type'] === 'string' && !('enum' in parts)) return { maxLength: bounds.longestText, ...parts };
  return parts['type'] === 'array' ? { maxItems: bounds.mostItems, ...parts } : parts;
}
