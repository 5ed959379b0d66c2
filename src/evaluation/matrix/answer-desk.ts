import { isClosedBook } from '../../chat/prompt/answer-recipe.ts';
import { CHAT_KNOBS } from '../../chat/settings.ts';
import { generationOptions } from '../../generation/settings.ts';
import type { SearchHit } from '../../retrieval/contract.ts';
import { similaritiesOf } from '../../retrieval/similarities.ts';
import { valuesOf } from '../../settings/knob.ts';
import type { ExampleRow, PipelineConfiguration, PipelineModel } from '../../storage/schema.ts';
import type { JudgeQuestion, JudgeResult } from '../judge/contract.ts';
import { judgeAnswer } from '../judge/judge-answer.ts';
import { JUDGE_PROMPT_VERSION } from '../judge/prompts.ts';
import { withoutCitations } from '../metrics/citations.ts';
import { evaluationSettings } from '../settings.ts';
import { ANSWER_VERSION, giveAnswer, type GivenAnswer } from './answer.ts';
import type { RunParts } from './parts.ts';
import { untuned } from './plan.ts';

/** An answer with what is known of it. */
export interface Answered {
  /** What it was written from; null: from nothing but the model. */
  hits: readonly SearchHit[] | null;
  answer: GivenAnswer;
  similarity?: number | undefined;
  judged?: JudgeResult | undefined;
}

/**
 * A server judges several at once, few enough for one at home, whose requests then only wait for one another; a model in
 * this tab has one sequence. Answers never are: their time is measured.
 */
export const judgedAtOnce = ({ engine }: PipelineModel): number => (engine === 'endpoint' ? 4 : 1);

type Listener = (example: ExampleRow, answered: Answered) => Promise<void>;

/** Has questions answered and the answers compared and judged, through the cache. */
export class AnswerDesk {
  readonly #parts: RunParts;
  /** Untuned search model by which answers are compared with references, the same for all; absent: they are not. */
  readonly #comparing: PipelineModel | undefined;

  constructor(parts: RunParts, comparing: PipelineModel | undefined) {
    this.#parts = parts;
    this.#comparing = comparing;
  }

  /** @param hitsOf what a question's answer is written from; undefined: nothing, as by a model that answers by heart */
  async answers(
    configuration: PipelineConfiguration,
    asked: readonly ExampleRow[],
    hitsOf: (example: ExampleRow) => SearchHit[] | undefined,
    onAnswer: Listener,
  ): Promise<Map<ExampleRow, Answered>> {
    const { desk, models, row, signal } = this.#parts;
    const generator = configuration.generator!;
    const { identity, name, adapter } = await models.describe(generator, 'generator');
    const base = configuration.embedder ? untuned(configuration.embedder) : undefined;
    const { answering } = evaluationSettings(row.settings);
    const tuned = Boolean(configuration.embedder?.adapterId);
    const byHeart = isClosedBook(adapter?.recipe);
    const hits = new Map(asked.map((example) => [example, (byHeart ? undefined : hitsOf(example)) ?? null]));
    const knobs = {
      ...valuesOf(CHAT_KNOBS, row.settings),
      ...generationOptions(row.settings),
      answering,
      tuned,
      base: base && (await models.describe(base, 'embedder')).identity,
    };
    const answered = new Map<ExampleRow, Answered>();
    const title = `Answering with ${name}`;
    await desk.take(
      {
        stage: 'answer',
        title,
        items: asked,
        dependsOn: (example) => [
          ANSWER_VERSION,
          identity,
          knobs,
          example.question,
          hits.get(example)?.map(({ documentName, headings, text }) => [documentName, headings, text]) ?? null,
        ],
        compute: async (example) => {
          const engine = await models.generator(generator, ({ stage }) => desk.say(`${title}: ${stage.toLowerCase()}`));
          return giveAnswer({
            question: example.question.trim(),
            hits: hits.get(example)!,
            generator: engine,
            adapter,
            overrides: row.settings,
            answering,
            similarities: async (sentences, passages) =>
              similaritiesOf(base && (await models.embedder(base)), sentences, passages),
            tuned,
            signal,
          });
        },
      },
      async (example, answer) => {
        const similarity = await this.#similarity(example, answer, title);
        const one: Answered = { hits: hits.get(example)!, answer, similarity };
        answered.set(example, one);
        await onAnswer(example, one);
      },
    );
    return answered;
  }

  /** Has answers judged, each with what it was written from, and puts the verdict beside it. */
  async judge(model: PipelineModel, given: ReadonlyMap<ExampleRow, Answered>, onVerdict: Listener): Promise<void> {
    const { desk, models, questions, signal } = this.#parts;
    const { identity, name } = await models.describe(model, 'generator');
    const title = `Judging with ${name}`;
    const asked = (example: ExampleRow): JudgeQuestion => {
      const { answer, hits } = given.get(example)!;
      const references = questions.references.get(example.id);
      return {
        question: example.question,
        answer: answer.text,
        // An empty one says that the documents hold no answer.
        ...(references && { reference: references[0] ?? '' }),
        ...(hits && { passages: hits.map(({ text }) => text) }),
      };
    };
    await desk.take(
      {
        stage: 'judge',
        title,
        items: [...given.keys()],
        atOnce: judgedAtOnce(model),
        dependsOn: (example) => [JUDGE_PROMPT_VERSION, identity, asked(example)],
        compute: async (example) => {
          const judge = await models.judge(model, ({ stage }) => desk.say(`${title}: ${stage.toLowerCase()}`));
          return judgeAnswer(judge, asked(example), { signal });
        },
        // What a judge failed to say once it may well say the next time.
        isFinal: ({ unknown }) => unknown.length === 0,
      },
      async (example, judged: JudgeResult) => onVerdict(example, { ...given.get(example)!, judged }),
    );
  }

  /** Cosine of the answer to the reference that comes first. */
  async #similarity(example: ExampleRow, { text }: GivenAnswer, title: string): Promise<number | undefined> {
    const { desk, models, questions } = this.#parts;
    const reference = questions.references.get(example.id)?.[0];
    const model = this.#comparing;
    const answer = withoutCitations(text).trim();
    if (reference === undefined || !model || answer === '') {
      desk.skip('similarity');
      return undefined;
    }
    const { identity } = await models.describe(model, 'embedder');
    const found = await desk.take({
      stage: 'similarity',
      title,
      items: [example],
      dependsOn: () => [identity, answer, reference],
      compute: async () => [...(await similaritiesOf(await models.embedder(model), [answer], [reference]))],
    });
    return found.get(example)?.[0];
  }
}
