import type { AttuneDatabase } from '../../storage/database.ts';
import type { EvaluationRow, ExampleRow, PipelineConfiguration, VotedAnswer, VoteRow } from '../../storage/schema.ts';
import type { JudgedPreference } from '../judge/contract.ts';
import { ALIKE, preferAnswer } from '../judge/prefer-answer.ts';
import { JUDGE_PROMPT_VERSION } from '../judge/prompts.ts';
import { judgeVoter } from '../judge/voters.ts';
import { judgedAtOnce } from './answer-desk.ts';
import { contentKey } from './cache.ts';
import type { RunParts } from './parts.ts';
import { readAsked } from './questions.ts';

type Answers = [VotedAnswer, VotedAnswer];

/**
 * Has the judge of `voting` choose between two answers to every question that both configurations answered, and files its
 * choices as votes. Where it has no valid choice there is no vote.
 *
 * @throws AttuneError `evaluation/data-changed`; what the engine throws; DOMException AbortError between two steps
 */
export async function letJudgeVote(
  db: AttuneDatabase,
  row: EvaluationRow,
  { desk, models, signal }: Pick<RunParts, 'desk' | 'models' | 'signal'>,
): Promise<void> {
  const { judge } = row.voting!;
  const { asked, references } = await readAsked(db, row);
  const answers = await answersOf(db, row);
  const items = asked.filter(({ id }) => answers.has(id));
  const { identity, name } = await models.describe(judge, 'generator');
  const title = `Voting with ${name}`;
  const given = ({ id, question }: ExampleRow) => {
    const known = references.get(id);
    return { question, ...(known && { reference: known[0] ?? '' }) };
  };
  const texts = ({ id }: ExampleRow) => answers.get(id)!.map(({ answer }) => answer) as [string, string];
  desk.expect('prefer', items.length);
  await desk.take(
    {
      stage: 'prefer',
      title,
      items,
      atOnce: judgedAtOnce(judge),
      dependsOn: (example) => [JUDGE_PROMPT_VERSION, identity, given(example), texts(example)],
      compute: async (example): Promise<JudgedPreference> => {
        const [first, second] = texts(example);
        if (first.trim() === second.trim()) return ALIKE;
        const engine = await models.judge(judge, ({ stage }) => desk.say(`${title}: ${stage.toLowerCase()}`));
        return preferAnswer(engine, given(example), [first, second], { signal });
      },
      isFinal: ({ winner }) => winner !== 'unknown',
    },
    async ({ id, question }, preference) => {
      const vote = voteOf(row.workspaceId, question, answers.get(id)!, judgeVoter(name), preference);
      if (vote) await db.votes.put(vote);
    },
  );
}

/** By example, where both configurations have answered. */
async function answersOf(
  db: AttuneDatabase,
  { id: evaluationId, configurations, voting }: EvaluationRow,
): Promise<Map<string, Answers>> {
  const of = async (configurationId: string): Promise<Map<string, VotedAnswer>> => {
    const { name } = configurations.find(({ id }) => id === configurationId) as PipelineConfiguration;
    const rows = await db.evaluationScores
      .where('[evaluationId+configurationId+exampleId]')
      .between([evaluationId, configurationId, ''], [evaluationId, configurationId, '\uffff'])
      .toArray();
    return new Map(
      rows.flatMap(({ exampleId, answer }) =>
        answer === undefined ? [] : [[exampleId, { configurationId, name, answer }] as const],
      ),
    );
  };
  const [first, second] = [await of(voting!.first), await of(voting!.second)];
  return new Map(
    [...first].flatMap(([id, answer]): [string, Answers][] => {
      const other = second.get(id);
      return other ? [[id, [answer, other]]] : [];
    }),
  );
}

/** The same judge on the same answers is the same vote, in whichever evaluation it was asked: it counts once. */
function voteOf(
  workspaceId: string,
  question: string,
  answers: Answers,
  by: string,
  { winner, reason }: JudgedPreference,
): VoteRow | undefined {
  if (winner === 'unknown') return undefined;
  const pair = answers.map(({ configurationId, answer }) => JSON.stringify([configurationId, answer])).sort();
  return {
    id: contentKey('prefer', [workspaceId, by, question, pair]),
    ...{ workspaceId, question, answers, by, reason },
    winner: winner === 'tie' ? 'tie' : winner === 'first' ? 0 : 1,
    blind: true,
    createdAt: Date.now(),
  };
}
