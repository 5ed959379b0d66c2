import { estimateTokens } from '../../generation/estimate-tokens.ts';
import type { ChunkRow, GenerationRow } from '../../storage/schema.ts';
import type { GenerationEstimate, GenerationRequest } from './contract.ts';
import { generationSettings } from './settings.ts';

/** Characters per token of English text, on the safe side. */
const CHARACTERS_PER_TOKEN = 3.5;
/** Tokens of a question; with an answer, a thought and the evidence around it as JSON. */
const QUESTION_TOKENS = 16;
const REPLY_TOKENS = 110;
const DRAFT_PROMPT_TOKENS = 9;
const SYSTEM_TOKENS = 30;
/** Passages that a run must have read before its speed says anything. */
const ENOUGH = 3;

/** What a run on these passages would take, from their lengths and the speed of earlier runs. */
export function estimateOf(
  request: GenerationRequest,
  chosen: readonly Pick<ChunkRow, 'text'>[],
  worthReading: number,
  earlier: readonly GenerationRow[],
): GenerationEstimate {
  const { promptTokens, outputTokens, questions } = tokensOf(request, chosen);
  const rate = speedOf(request, earlier);
  return {
    passages: chosen.length,
    worthReading,
    questions,
    promptTokens,
    outputTokens,
    ...(rate !== undefined && { seconds: rate * chosen.length }),
    leavesMachine: request.method === 'engine' && request.model?.engine === 'endpoint',
  };
}

function tokensOf({ method, settings }: GenerationRequest, chosen: readonly Pick<ChunkRow, 'text'>[]) {
  const count = chosen.length;
  const lengthOf = (longest: number) =>
    chosen.reduce((sum, { text }) => sum + Math.min(text.length, longest) / CHARACTERS_PER_TOKEN, 0);
  if (method === 'writer') {
    const { drafts, perPassage, reads } = generationSettings('writer', settings);
    return {
      promptTokens: Math.round(lengthOf(reads) + count * (SYSTEM_TOKENS + drafts * DRAFT_PROMPT_TOKENS)),
      outputTokens: count * drafts * QUESTION_TOKENS,
      questions: count * Math.min(drafts, perPassage),
    };
  }
  const { perPassage } = generationSettings(method, settings);
  if (method === 'extracted') return { promptTokens: 0, outputTokens: 0, questions: count * perPassage };
  const { promptSystem } = generationSettings('engine', settings);
  const system = estimateTokens([{ role: 'system', content: promptSystem }]) + SYSTEM_TOKENS;
  return {
    promptTokens: Math.round(lengthOf(Infinity) + count * system),
    outputTokens: count * perPassage * REPLY_TOKENS,
    questions: count * perPassage,
  };
}

/** Seconds per passage of the last run that worked alike; undefined: there was none. */
function speedOf({ method, model }: GenerationRequest, earlier: readonly GenerationRow[]): number | undefined {
  const alike = earlier.filter(
    (row) => row.method === method && row.model?.modelId === model?.modelId && row.next >= ENOUGH && row.seconds > 0,
  );
  const last = alike.sort((a, b) => a.updatedAt - b.updatedAt).at(-1);
  return last && last.seconds / last.next;
}
