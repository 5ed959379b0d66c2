import * as v from 'valibot';
import { AttuneError } from '../../errors/attune-error.ts';
import type { ChatEngine, ChatTurn } from '../../generation/contract.ts';
import { replySchema } from '../../generation/reply-schema.ts';

/** The part of an engine that a judge needs: a worker's proxy has it too. */
export type JudgeEngine = Pick<ChatEngine, 'stream'>;

/** The likeliest words, and no penalty: JSON repeats its keys. */
const OPTIONS = { maxNewTokens: 512, temperature: 0, topP: 1, topK: 1, repetitionPenalty: 1 };

/** A whole reply within its tokens. */
const BOUNDS = { longestText: 200, mostItems: 8 };

export interface Reply<T> {
  /** Undefined: twice nothing valid, or the material does not fit the model's context. */
  value: T | undefined;
  /** Why there is no value. */
  problem?: string;
  tokens: { prompt: number; output: number };
}

/**
 * Asks for a JSON object of the schema. What is wrong with the first reply is told to the model, once; then it is given
 * up.
 *
 * @throws what the engine throws, except that the context is full; the signal's reason when it is aborted
 */
export async function askForJson<T>(
  engine: JudgeEngine,
  system: string,
  material: string,
  schema: v.GenericSchema<unknown, T>,
  signal: AbortSignal,
): Promise<Reply<T>> {
  const turns: ChatTurn[] = [
    { role: 'system', content: system },
    { role: 'user', content: material },
  ];
  const options = { ...OPTIONS, json: replySchema(schema, BOUNDS) };
  const tokens = { prompt: 0, output: 0 };
  let problem = '';
  for (let attempt = 0; attempt < 2; attempt++) {
    let text = '';
    try {
      for await (const piece of engine.stream(turns, options, signal)) {
        text += piece.text;
        tokens.prompt += piece.stats?.promptTokens ?? 0;
        tokens.output += piece.stats?.outputTokens ?? 0;
      }
    } catch (error) {
      if (!(error instanceof AttuneError) || error.code !== 'generation/context-full') throw error;
      return { value: undefined, problem: problem || error.message, tokens };
    }
    // An aborted stream ends with what was said so far; half a reply is no verdict.
    signal.throwIfAborted();
    const read = readJson(text, schema);
    if ('value' in read) return { value: read.value, tokens };
    problem = read.problem;
    turns.push(
      { role: 'assistant', content: text },
      { role: 'user', content: `This could not be read: ${problem}. Reply again with the JSON object only.` },
    );
  }
  return { value: undefined, problem, tokens };
}

/** The object from the first brace to the last; fences and words around it are passed over. */
function readJson<T>(text: string, schema: v.GenericSchema<unknown, T>): { value: T } | { problem: string } {
  const [start, end] = [text.indexOf('{'), text.lastIndexOf('}')];
  if (start < 0 || end < start) return { problem: 'there is no JSON object in it' };
  let json: unknown;
  try {
    json = JSON.parse(text.slice(start, end + 1));
  } catch (error) {
    return { problem: `it is no valid JSON (${error instanceof Error ? error.message : String(error)})` };
  }
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return { value: parsed.output };
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  return { problem: path ? `${path}: ${issue.message}` : issue.message };
}
