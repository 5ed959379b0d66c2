import * as v from 'valibot';
import type { JsonSchema } from '../../../generation/contract.ts';
import { replySchema } from '../../../generation/reply-schema.ts';

const text = v.pipe(v.string(), v.trim());
const Item = v.object({
  question: v.pipe(text, v.minLength(1, 'a question is empty')),
  thought: v.optional(text, ''),
  evidence: v.optional(text, ''),
  answer: v.optional(v.union([text, v.pipe(v.number(), v.transform(String))]), ''),
});
const Reply = v.object({ questions: v.pipe(v.array(Item), v.minLength(1, 'there are no questions')) });

const BOUNDS = { longestText: 600, mostItems: 12 };

/** What a model is held to where its engine can: no more questions than are wanted. */
export function requestedReply(most: number): JsonSchema {
  return replySchema(v.object({ questions: v.pipe(v.array(Item), v.minLength(1), v.maxLength(most)) }), BOUNDS);
}

export type ReplyItem = v.InferOutput<typeof Item>;

/** What a model replied, read; or what is wrong with it, in words that the model can act on. */
export type ParsedReply = { questions: ReplyItem[] } | { error: string };

/**
 * Reads a reply that should be one JSON object. Fences and words around it are passed over, and a bare list of
 * questions is taken as well: what matters is what it says.
 */
export function parseReply(reply: string): ParsedReply {
  const json = jsonIn(reply);
  if (json === undefined) return { error: 'there is no JSON object in it' };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { error: `it is no valid JSON (${error instanceof Error ? error.message : String(error)})` };
  }
  const parsed = v.safeParse(Reply, Array.isArray(value) ? { questions: value } : value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  return { error: path ? `${path}: ${issue.message}` : issue.message };
}

/** From the first bracket to the last one that closes it. */
function jsonIn(reply: string): string | undefined {
  const start = reply.search(/[{[]/);
  if (start < 0) return undefined;
  const end = reply.lastIndexOf(reply[start] === '{' ? '}' : ']');
  return end > start ? reply.slice(start, end + 1) : undefined;
}
