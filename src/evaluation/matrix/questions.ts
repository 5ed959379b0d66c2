import { inUse, isUnanswerable } from '../../datasets/in-use.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import type { AttuneDatabase } from '../../storage/database.ts';
import type { EvaluationRow, ExampleRow } from '../../storage/schema.ts';
import { plain, readCorpus } from './corpus.ts';
import type { Questions } from './parts.ts';

/** @throws as {@link readAsked} */
export async function readQuestions(db: AttuneDatabase, row: EvaluationRow): Promise<Questions> {
  const { examples, ...questions } = await readAsked(db, row);
  return { ...questions, corpus: await readCorpus(db, row.workspaceId, examples) };
}

/**
 * What is asked and what is right, without what is searched, and all rows in use.
 *
 * @throws AttuneError `evaluation/data-changed` when the data set is not the one that the evaluation was created for
 */
export async function readAsked(
  db: AttuneDatabase,
  { name, datasetId, datasetHash, exampleIds }: EvaluationRow,
): Promise<Omit<Questions, 'corpus'> & { examples: ExampleRow[] }> {
  const dataset = await db.datasets.get(datasetId);
  const examples = (await db.examples.where('datasetId').equals(datasetId).sortBy('ordinal')).filter(inUse);
  const byId = new Map(examples.map((example) => [example.id, example]));
  const asked = exampleIds.flatMap((id) => byId.get(id) ?? []);
  if (!dataset || dataset.hash !== datasetHash || asked.length < exampleIds.length) {
    throw new AttuneError(
      'evaluation/data-changed',
      dataset
        ? `The data set ${dataset.name} has changed since the evaluation ${name} was created.`
        : `The data set of the evaluation ${name} is not there any more.`,
      'Create a new evaluation on the data set as it is now; what is unchanged comes from the cache.',
    );
  }
  return { asked, examples, references: referencesOf(asked, examples) };
}

/**
 * All answers that rows with the same question give, in any of their wordings. Where none gives one, a row whose passage lacks the answer says
 * that to decline is right; the others, as in collections for search, say nothing.
 */
function referencesOf(asked: readonly ExampleRow[], examples: readonly ExampleRow[]): Map<string, string[] | null> {
  const byQuestion = new Map<string, ExampleRow[]>();
  for (const example of examples) {
    const key = plain(example.question);
    byQuestion.set(key, [...(byQuestion.get(key) ?? []), example]);
  }
  return new Map(
    asked.map(({ id, question }) => {
      const rows = byQuestion.get(plain(question))!;
      const answers = rows
        .filter((row) => !isUnanswerable(row) && row.answer.trim() !== '')
        .flatMap(({ answer, moreAnswers = [] }) => [answer, ...moreAnswers]);
      return [id, answers.length > 0 || rows.some(isUnanswerable) ? [...new Set(answers)] : null];
    }),
  );
}
