import { seededRandom, seedOf } from '../../../engine/training/random.ts';
import { splitSentences, type Span } from '../../../chat/text/sentences.ts';
import { answerCandidates, spreadCandidates } from '../candidates.ts';
import type { SearchPassages } from '../../contract.ts';
import type { PassageWriter, SourcePassage, WrittenPassage, WrittenQuestion } from '../passage-writer.ts';
import { isWhole, readable, spanInPassage, type ReadableText } from '../readable.ts';
import type { GenerationSettings } from '../settings.ts';
import { draftProblem, isAlike, type DropReason } from './checks.ts';
import type { Draft, DraftWriter, Drafts } from './drafts.ts';

/** Counts up with every change of what the model reads: rows name it. */
const PROMPT_VERSION = 'questions-1';
/** What a place further down in the search costs, next to the likelihood of a question. */
const RANK_COST = 0.3;

/** A draft with the place of its passage in the search for it, from 1; absent: not searched. */
export interface RankedDraft extends Draft {
  rank?: number;
}

/**
 * The question writer: answers first, then a question for each by the starter model with its adapter `questions`, then
 * checks; of the drafts that find their passage the likeliest are kept.
 */
export class QuestionWriter implements PassageWriter {
  readonly promptVersion = PROMPT_VERSION;
  readonly generator: string;
  readonly #drafts: Pick<DraftWriter, 'write'>;
  readonly #settings: GenerationSettings<'writer'>;
  readonly #seed: number;
  readonly #search: SearchPassages | undefined;
  readonly #dispose: () => Promise<void>;

  constructor(options: {
    generator: string;
    drafts: Pick<DraftWriter, 'write'>;
    settings: GenerationSettings<'writer'>;
    seed: number;
    /** Absent: drafts are not searched for. */
    search?: SearchPassages;
    dispose?: () => Promise<void>;
  }) {
    this.generator = options.generator;
    this.#drafts = options.drafts;
    this.#settings = options.settings;
    this.#seed = options.seed;
    this.#search = options.search;
    this.#dispose = options.dispose ?? (() => Promise.resolve());
  }

  async write(passage: SourcePassage, signal: AbortSignal): Promise<WrittenPassage> {
    const read = readable(passage.chunk.text);
    const { drafts, tokens } = await this.draft(passage, read, signal);
    const dropped: Record<string, number> = {};
    const drop = (reason: DropReason) => (dropped[reason] = (dropped[reason] ?? 0) + 1);
    const sound = drafts.filter((draft) => {
      const problem = draftProblem(draft);
      if (problem) drop(problem);
      return !problem;
    });
    const found = await this.#rank(sound, passage.chunk.id);
    const limit = this.#settings.roundTrip;
    const inOrder = found
      .filter(({ rank }) => {
        const lost = rank !== undefined && rank > limit;
        if (lost) drop('does not find its passage');
        return !lost;
      })
      .sort((a, b) => valueOfDraft(b) - valueOfDraft(a));
    const kept: RankedDraft[] = [];
    for (const draft of inOrder) {
      const earlier = kept.map(({ question }) => question);
      if (isAlike(draft.question, earlier)) drop('asked before');
      else if (kept.length >= this.#settings.perPassage) drop('more than wanted');
      else kept.push(draft);
    }
    return {
      questions: kept.map((draft) => writtenQuestion(draft, read, passage.chunk.text)),
      drafts: drafts.length,
      dropped,
      tokens,
    };
  }

  /** Drafts of a passage before any check. */
  draft({ chunk, place }: SourcePassage, read: ReadableText, signal?: AbortSignal): Promise<Drafts> {
    const heading = chunk.headings.slice(-2).join(', ');
    const random = seededRandom(this.#seed, place);
    const window = readingWindow(read.text, this.#settings.reads, random);
    const shown = read.text.slice(window.start, window.end);
    const whole = answerCandidates(read.text).filter(
      ({ start, end }) => start >= window.start && end <= window.end && isWhole(read, start, end),
    );
    const candidates = spreadCandidates(whole, this.#settings.drafts, random);
    return this.#drafts.write(heading ? `${heading}: ${shown}` : shown, candidates, {
      temperature: this.#settings.temperature,
      seed: seedOf(this.#seed, place, 1),
      signal,
    });
  }

  dispose(): Promise<void> {
    return this.#dispose();
  }

  async #rank(drafts: readonly Draft[], chunkId: string): Promise<RankedDraft[]> {
    const limit = this.#settings.roundTrip;
    const questions = drafts.map(({ question }) => question);
    const found = limit > 0 && questions.length > 0 ? await this.#search?.(questions, limit) : undefined;
    return drafts.map((draft, i) => {
      const at = found?.[i]!.findIndex((hit) => hit.chunkId === chunkId);
      return at === undefined ? draft : { ...draft, rank: at < 0 ? Infinity : at + 1 };
    });
  }
}

/**
 * Sentences in a row of at most so many characters, from one that is drawn: reading is what takes the time, and the
 * answers of a long passage are as good in one part as in another.
 */
function readingWindow(text: string, longest: number, random: () => number): Span {
  if (text.length <= longest) return { start: 0, end: text.length };
  const sentences = splitSentences(text);
  const starts = sentences.filter(({ start }) => start === 0 || text.length - start >= 0.9 * longest);
  const start = starts[Math.floor(random() * starts.length)]?.start ?? 0;
  const end = sentences.findLast((sentence) => sentence.end <= start + longest)?.end ?? 0;
  return { start, end: end > start ? end : start + longest };
}

/** By what the drafts of a passage are ordered, best first. */
export function valueOfDraft({ likelihood, rank }: RankedDraft): number {
  return likelihood - RANK_COST * Math.log(rank ?? 1);
}

export function writtenQuestion({ candidate, question }: Draft, read: ReadableText, passage: string): WrittenQuestion {
  const evidence = spanInPassage(read, candidate.evidence.start, candidate.evidence.end);
  const quote = passage.slice(evidence.start, evidence.end).replace(/\s+/g, ' ').trim();
  return {
    question,
    answer: candidate.text,
    thought: `It says: “${quote}” So the answer is: ${candidate.text}.`,
    kind: candidate.kind,
    evidence,
  };
}
