import { isObject } from './is-object.ts';

/**
 * Conversations as trainers of language models read them: OpenAI's `messages`, ShareGPT's `conversations`. The passage
 * stands in the system's turn behind one line of instruction, the reason in a `<think>` block before the answer.
 */
const INSTRUCTION = 'Answer from this text.';

export interface Exchange {
  question: string;
  answer: string;
  thought?: string;
  passage?: string;
}

/** Speakers by the names that files give them. */
const ROLES: Record<string, 'system' | 'user' | 'assistant'> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  bot: 'assistant',
};

interface Turn {
  role: string;
  content: string;
}

/** The turns of a row of the data set. */
export function turnsOf({ question, answer, thought, passage = '' }: Exchange): Turn[] {
  return [
    { role: 'system', content: `${INSTRUCTION}\n\n${passage}` },
    { role: 'user', content: question },
    { role: 'assistant', content: withThought(answer, thought) },
  ];
}

export function withThought(answer: string, thought: string | undefined): string {
  return thought ? `<think>${thought}</think>\n${answer}` : answer;
}

export function withoutThought(text: string): Pick<Exchange, 'answer' | 'thought'> {
  const match = /^\s*<think>([\s\S]*?)<\/think>\n?([\s\S]*)$/.exec(text);
  const thought = match?.[1]!.trim();
  return { answer: match ? match[2]! : text, ...(thought && { thought }) };
}

function saidIn(turns: readonly unknown[]) {
  return turns.filter(isObject).map((turn) => ({
    role: ROLES[text(turn['role'] ?? turn['from']).toLowerCase()],
    content: text(turn['content'] ?? turn['value']),
  }));
}

/** Places of the questions of a conversation that are answered. */
function answeredIn(said: ReturnType<typeof saidIn>): number[] {
  return said.flatMap(({ role }, i) => (role === 'user' && said[i + 1]?.role === 'assistant' ? [i] : []));
}

/** Whether a conversation goes on after its first answer: what is asked then often makes no sense by itself. */
export function goesOn(turns: readonly unknown[]): boolean {
  return answeredIn(saidIn(turns)).length > 1;
}

/** The first question of a conversation with its answer; undefined where it has none. */
export function exchangeOf(turns: readonly unknown[]): Exchange | undefined {
  const said = saidIn(turns);
  const [at] = answeredIn(said);
  if (at === undefined) return undefined;
  const system = said.find(({ role }) => role === 'system')?.content ?? '';
  const own = system.startsWith(`${INSTRUCTION}\n\n`) ? system.slice(INSTRUCTION.length + 2) : undefined;
  const asked = contextAndQuestion(said[at]!.content);
  return {
    ...asked,
    ...withoutThought(said[at + 1]!.content),
    ...(own !== undefined && { passage: own }),
  };
}

/** Others put the passage before the question, under headings of their own. */
function contextAndQuestion(content: string): Pick<Exchange, 'question' | 'passage'> {
  const match = /^\s*(?:context|passage|document|text)s?\s*:\s*([\s\S]+?)\n+\s*question\s*:\s*([\s\S]+)$/i.exec(
    content,
  );
  return match ? { passage: match[1]!.trim(), question: match[2]!.trim() } : { question: content };
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  // OpenAI's content may be a list of parts.
  if (Array.isArray(value)) return value.map((part) => (isObject(part) ? text(part['text']) : '')).join('');
  return '';
}
