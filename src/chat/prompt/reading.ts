import type { EngineInfo } from '../../generation/contract.ts';
import type { PassageSnapshot } from '../../storage/schema.ts';
import type { Similarities } from '../attribution/support.ts';
import { bestSentences } from '../extractive/extract.ts';

// Below this a model rewrites badly, forgets instructions and loses its way in long prompts: docs/adr/0050 and 0056.
const ABLE_PARAMETERS = 1e9;

/** Whether a generator is large enough for long prompts, citations and rewriting questions. */
export function isAble(info: EngineInfo): boolean {
  return info.engine === 'endpoint' || info.engine === 'webllm' || (info.parameters ?? 0) >= ABLE_PARAMETERS;
}

/**
 * The passages as a small model is to read them: only their sentences nearest to the question. Passages without one are
 * left out; numbers stay.
 */
export async function sentencesOnly(
  question: string,
  passages: readonly PassageSnapshot[],
  similarities: Similarities,
): Promise<PassageSnapshot[]> {
  const sentences = await bestSentences(question, passages, similarities);
  // Tables and code have no sentences, but may well hold the answer.
  if (sentences.length === 0) return [...passages];
  return passages.flatMap((passage) => {
    const own = sentences.filter(({ source }) => source.number === passage.number);
    return own.length > 0 ? [{ ...passage, text: own.map(({ text }) => text).join(' ') }] : [];
  });
}
