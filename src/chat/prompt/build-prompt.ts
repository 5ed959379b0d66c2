import type { ChatTurn } from '../../generation/contract.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import type { PassageSnapshot } from '../../storage/schema.ts';
import { splitSentences } from '../text/sentences.ts';
import type { Exchange } from './follow-up.ts';

/** What goes into a prompt, and how large it may become. */
export interface PromptParts {
  systemPrompt: string;
  question: string;
  /** Best first. */
  passages: readonly PassageSnapshot[];
  /** Whether passages carry their number, document and headings; without, they are one plain text. */
  numbered: boolean;
  /** Earlier turns that the model should see, oldest first. */
  history: readonly Exchange[];
  /** Tokens that the passages may take together. */
  passageTokens: number;
  /** Context of the model less the longest answer. */
  promptTokens: number;
  countTokens: (turns: ChatTurn[]) => Promise<number>;
}

export interface Prompt {
  turns: ChatTurn[];
  /** The passages that fitted, with the text as the model sees it (the last one may be cut at a sentence). */
  passages: PassageSnapshot[];
}

/**
 * Builds the conversation for the model: instructions, remembered turns, then numbered passages and the question in one
 * turn. Passages are taken best first until the budget is spent, counted in the model's own tokens; a first passage
 * that is too long is cut after a sentence. History gives way before passages do.
 *
 * @throws AttuneError `generation/context-full` when not even the question fits.
 */
export async function buildPrompt(parts: PromptParts): Promise<Prompt> {
  const count = (passages: readonly PassageSnapshot[], history: readonly Exchange[]) =>
    parts.countTokens(turnsOf(parts, passages, history));
  const empty = await count([], []);
  if (empty >= parts.promptTokens) {
    throw new AttuneError(
      'generation/context-full',
      'The question and the instructions do not fit into the context of the answer model.',
      'Ask a shorter question, shorten the instructions in the settings, or choose a model with a larger context.',
    );
  }
  const budget = Math.min(parts.passageTokens, parts.promptTokens - empty);
  const passages = await fit(parts.passages, budget, async (chosen) => (await count(chosen, [])) - empty);
  let history = [...parts.history];
  while (history.length > 0 && (await count(passages, history)) > parts.promptTokens) history = history.slice(1);
  return { turns: turnsOf(parts, passages, history), passages };
}

/** @param size tokens that these passages add to the prompt. */
async function fit(
  passages: readonly PassageSnapshot[],
  budget: number,
  size: (chosen: PassageSnapshot[]) => Promise<number>,
): Promise<PassageSnapshot[]> {
  const chosen: PassageSnapshot[] = [];
  for (const passage of passages) {
    if ((await size([...chosen, passage])) <= budget) chosen.push(passage);
    else if (chosen.length === 0) {
      const cut = await cutToFit(passage, async (candidate) => (await size([candidate])) <= budget);
      if (cut) chosen.push(cut);
    }
  }
  return chosen;
}

/** The longest beginning of a passage, in whole sentences, that fits; found by bisection since counting is a round trip. */
async function cutToFit(
  passage: PassageSnapshot,
  fits: (candidate: PassageSnapshot) => Promise<boolean>,
): Promise<PassageSnapshot | undefined> {
  const ends = splitSentences(passage.text).map(({ end }) => end);
  const upTo = (sentences: number): PassageSnapshot => {
    const length = ends[sentences - 1]!;
    return { ...passage, text: passage.text.slice(0, length), end: passage.start + length };
  };
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (await fits(upTo(middle))) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? undefined : upTo(low);
}

function turnsOf(parts: PromptParts, passages: readonly PassageSnapshot[], history: readonly Exchange[]): ChatTurn[] {
  return [
    { role: 'system', content: parts.systemPrompt },
    ...history.flatMap(({ question, answer }): ChatTurn[] => [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ]),
    {
      role: 'user',
      content: [...passages.map(parts.numbered ? withNumber : withoutNumber), `Question: ${parts.question}`].join(
        '\n\n',
      ),
    },
  ];
}

function withoutNumber({ text }: PassageSnapshot): string {
  return text.trim();
}

function withNumber(passage: PassageSnapshot): string {
  const title = [passage.documentName, ...passage.headings].join(' > ');
  return `[${passage.number}] ${title}\n${passage.text.trim()}`;
}
