import type { ExampleRow } from '../../storage/schema.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import { exampleText, limitQuestions, trainingExamples } from '../examples.ts';
import type { TrainingSettings } from '../settings.ts';
import { miningPool } from './mining.ts';
import { createRetrievalJudge, type RetrievalJudge } from './retrieval-judge.ts';
import type { TaskInput } from './task.ts';
import { PLAIN_TEXTS } from './text-form.ts';

/** Every text of which a run over frozen vectors needs one, each once; no other text is embedded, or sent anywhere. */
export interface LinearTexts {
  readonly train: readonly ExampleRow[];
  readonly judge: RetrievalJudge<string>;
  readonly questions: readonly string[];
  /** With their headings, as the index embeds them. */
  readonly passages: readonly string[];
}

/** @throws AttuneError of `trainingExamples` */
export async function linearTexts(
  input: Pick<TaskInput, 'examples' | 'memo' | 'seed' | 'workspacePassages'>,
  settings: TrainingSettings<'linear'>,
): Promise<LinearTexts> {
  const examples = trainingExamples(input.examples, 'passage');
  const train = limitQuestions(examples.train, settings.examplesLimit, input.seed);
  const judge = await createRetrievalJudge(input, settings, examples, PLAIN_TEXTS);
  const { hardNegatives } = settings;
  // A probe counts the passages of the workspace too: they will be embedded.
  const pool = hardNegatives > 0 ? await miningPool({ ...input, probing: false }, settings, train) : [];
  return {
    train,
    judge,
    questions: distinct([...train.map(({ question }) => question), ...judge.questions]),
    passages: distinct([
      ...train.map(exampleText),
      ...train.flatMap(({ negatives }) => negatives.slice(0, hardNegatives)),
      ...pool.map(passageText),
      ...judge.passages,
    ]),
  };
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
