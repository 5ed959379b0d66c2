import type { GenerationOptions } from '../../generation/contract.ts';
import type { Generator } from '../contract.ts';
import { isAble } from './reading.ts';
import { isFollowUp, withHistoryWords, type Exchange } from './follow-up.ts';

export type RewriteMode = 'automatic' | 'words' | 'model' | 'never';

const REWRITE_PROMPT =
  'Rewrite the last question so that it can be understood without the conversation: put in what "it", "they", "the ' +
  'next one" and the like stand for. Answer with the rewritten question and nothing else.';
const OPTIONS: GenerationOptions = { maxNewTokens: 80, temperature: 0, topP: 1, topK: 1, repetitionPenalty: 1 };
const REMEMBERED = 2;
const LONGEST_REWRITE = 400;

/**
 * The question to search for: a follow-up is made to stand alone, anything else stays as typed.
 *
 * @param loadGenerator called only when a rewrite by the model is wanted.
 * @returns undefined when the question is searched as it is.
 */
export async function condense(
  question: string,
  history: readonly Exchange[],
  mode: RewriteMode,
  loadGenerator: () => Promise<Generator | undefined>,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (mode === 'never' || !isFollowUp(question, history)) return undefined;
  const generator = mode === 'words' ? undefined : await loadGenerator();
  const byModel = generator && (mode === 'model' || (mode === 'automatic' && isAble(generator.info)));
  const rewritten = byModel ? await rewrite(question, history, generator, signal) : undefined;
  return rewritten ?? withHistoryWords(question, history);
}

async function rewrite(
  question: string,
  history: readonly Exchange[],
  generator: Generator,
  signal: AbortSignal,
): Promise<string | undefined> {
  const conversation = history
    .slice(-REMEMBERED)
    .map((exchange) => `Question: ${exchange.question}\nAnswer: ${exchange.answer}`)
    .join('\n');
  const turns = [
    { role: 'system' as const, content: REWRITE_PROMPT },
    { role: 'user' as const, content: `${conversation}\nLast question: ${question}\nRewritten question:` },
  ];
  let text = '';
  for await (const piece of generator.stream(turns, OPTIONS, signal)) text += piece.text;
  signal.throwIfAborted();
  const line = text
    .trim()
    .split('\n')[0]!
    .replace(/^["“]|["”]$/g, '')
    .trim();
  return line.length === 0 || line.length > LONGEST_REWRITE ? undefined : line;
}
