import type { QuestionKind } from '../../storage/schema.ts';
import type { TextKnob } from '../../settings/knob.ts';

/** Counts up with every change of a prompt's default: rows name it, "+" behind it where a user changed a prompt. */
export const PROMPT_VERSION = '1';

const prompt = (label: string, help: string, text: string): TextKnob => ({
  kind: 'text',
  label,
  help,
  default: text,
  maxLength: 4000,
});

const SYSTEM = `You write questions for a test of how well documents are understood.
Reply with one JSON object and nothing else:
{"questions": [{"question": "…", "thought": "…", "evidence": "…", "answer": "…"}]}
- question: one sentence that stands on its own. Never mention a passage, a text or a document. Use other words than \
the passage where you can.
- thought: one or two sentences that lead from the evidence to the answer.
- evidence: the sentence of the passage that holds the answer, copied word for word.
- answer: short and complete.`;

/** Every prompt that is sent to an engine, as knobs: shown, and editable. `{n}` is the number of questions wanted. */
export const PROMPT_KNOBS = {
  promptSystem: prompt('Instruction', 'What every request begins with: the task and the form of the reply.', SYSTEM),
  promptFact: prompt(
    'Prompt for facts',
    'Asks for questions that a few words answer.',
    'Write {n} questions, each about one fact of the passage.',
  ),
  promptDefinition: prompt(
    'Prompt for definitions',
    'Asks what things are.',
    'Write {n} questions, each about what a term of the passage means or what a thing is.',
  ),
  promptProcedure: prompt(
    'Prompt for procedures',
    'Asks how things are done.',
    'Write {n} questions, each about how something is done or what has to be done, as the passage says it.',
  ),
  promptComparison: prompt(
    'Prompt for comparisons',
    'Asks how things differ.',
    'Write {n} questions, each comparing two things of the passage.',
  ),
  promptMultiPassage: prompt(
    'Prompt for several passages',
    'Asks for what only two passages together answer.',
    'Write {n} questions that can only be answered with both passages together. Copy the evidence from the first passage.',
  ),
  promptUnanswerable: prompt(
    'Prompt for questions without an answer',
    'Asks for what the passage does not say.',
    'Write {n} questions about the subject of the passage that it does not answer. Leave evidence and answer empty, and say in the thought what is missing.',
  ),
  promptRepair: prompt(
    'Prompt for a second try',
    'Sent once when a reply cannot be read; `{error}` is what is wrong with it.',
    'That could not be read: {error}. Reply again with the JSON object alone.',
  ),
} satisfies Record<string, TextKnob>;

export const PROMPT_OF_KIND: Record<QuestionKind, keyof typeof PROMPT_KNOBS> = {
  fact: 'promptFact',
  definition: 'promptDefinition',
  procedure: 'promptProcedure',
  comparison: 'promptComparison',
  'multi-passage': 'promptMultiPassage',
  unanswerable: 'promptUnanswerable',
};
