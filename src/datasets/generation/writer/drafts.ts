import { seedOf } from '../../../engine/training/random.ts';
import type { TreeDecoder, TreeToken } from '../../../engine/models/llama/tree-decoder.ts';
import type { ChatTokenizer } from '../../../generation/local/chat-tokenizer.ts';
import { Sampler } from '../../../generation/local/sampler.ts';
import { questionPrefix, questionTurns } from '../../question-recipe.ts';
import type { AnswerCandidate } from '../candidates.ts';

/** Tokens after which a question is cut and, unfinished, dropped. */
const LONGEST = 28;

/** A question that the model wrote for an answer in the passage. */
export interface Draft {
  candidate: AnswerCandidate;
  question: string;
  /** False: it was cut before its end. */
  finished: boolean;
  /** Mean natural logarithm of the probability of its tokens, given passage and answer. */
  likelihood: number;
}

export interface DraftOptions {
  temperature: number;
  seed: number;
  signal?: AbortSignal;
}

export interface Drafts {
  drafts: Draft[];
  tokens: { prompt: number; output: number };
}

interface Branch {
  tokens: number[];
  /** Place of its last token in the tree. */
  tip: number;
  logProbability: number;
  sampler: Sampler;
}

/**
 * Writes one question for each of several answers in a passage, all at once: the passage is read a single time, and the
 * questions grow side by side, a token each per run.
 */
export class DraftWriter {
  readonly #decoder: TreeDecoder;
  readonly #tokenizer: ChatTokenizer;
  /** The prompt that the tree begins with. */
  #prompt: number[] = [];

  /** @param decoder with the adapter `questions` in force */
  constructor(decoder: TreeDecoder, tokenizer: ChatTokenizer) {
    this.#decoder = decoder;
    this.#tokenizer = tokenizer;
  }

  async write(
    passage: string,
    candidates: readonly AnswerCandidate[],
    { temperature, seed, signal }: DraftOptions,
  ): Promise<Drafts> {
    const counted = { prompt: 0, output: 0 };
    if (candidates.length === 0) return { drafts: [], tokens: counted };
    const prompt = this.#tokenizer.encodeChat(questionTurns(passage));
    counted.prompt += await this.#read(prompt, signal);

    const started: TreeToken[] = [];
    const ends = candidates.map((candidate) => {
      const tokens = this.#tokenizer.encode(questionPrefix(candidate.text));
      tokens.forEach((token, i) =>
        started.push({ token, parent: i === 0 ? prompt.length - 1 : prompt.length + started.length - 1 }),
      );
      return started.length - 1;
    });
    counted.prompt += started.length;
    let logits = await this.#decoder.append(started, ends, signal);
    const branches = ends.map((end, i): Branch => ({
      tokens: [],
      tip: prompt.length + end,
      logProbability: 0,
      sampler: new Sampler({
        temperature,
        topP: 0.95,
        topK: 40,
        repetitionPenalty: 1,
        maxNewTokens: LONGEST,
        seed: seedOf(seed, i),
      }),
    }));
    const open = new Set(branches);
    const ended = new Set<Branch>();
    for (let length = 0; open.size > 0; length++) {
      const next: TreeToken[] = [];
      const growing = [...open];
      growing.forEach((branch, i) => {
        const row = logits[i]!;
        const normaliser = logSumExp(row);
        const token = branch.sampler.next(row, branch.tokens);
        branch.logProbability += row[token]! - normaliser;
        counted.output++;
        if (this.#endsQuestion(token)) {
          open.delete(branch);
          ended.add(branch);
          return;
        }
        branch.tokens.push(token);
        if (length + 1 >= LONGEST) {
          open.delete(branch);
          return;
        }
        next.push({ token, parent: branch.tip });
        branch.tip = this.#decoder.length + next.length - 1;
      });
      if (next.length > 0) {
        logits = await this.#decoder.append(
          next,
          next.map((_, i) => i),
          signal,
        );
      }
    }
    const drafts = branches.map((branch, i): Draft => ({
      candidate: candidates[i]!,
      question: this.#tokenizer.decode(branch.tokens).replace(/\s+/g, ' ').trim(),
      finished: ended.has(branch),
      likelihood: branch.logProbability / (branch.tokens.length + Number(ended.has(branch))),
    }));
    return { drafts, tokens: counted };
  }

  /** Puts the prompt into the tree; what it shares with the last one stays. @returns tokens that were read */
  async #read(prompt: number[], signal?: AbortSignal): Promise<number> {
    let shared = 0;
    while (shared < prompt.length - 1 && this.#prompt[shared] === prompt[shared]) shared++;
    this.#decoder.truncate(shared);
    // A tree that was emptied meanwhile, by another adapter, has less.
    shared = this.#decoder.length;
    this.#prompt = prompt.slice(0, shared);
    const rest = prompt.slice(shared);
    await this.#decoder.append(
      rest.map((token, i) => ({ token, parent: shared + i - 1 })),
      [],
      signal,
    );
    this.#prompt = prompt;
    return rest.length;
  }

  #endsQuestion(token: number): boolean {
    return this.#tokenizer.stopTokens.has(token) || this.#tokenizer.decode([token]).includes('\n');
  }
}

function logSumExp(values: Float32Array): number {
  let peak = -Infinity;
  for (const value of values) if (value > peak) peak = value;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - peak);
  return peak + Math.log(sum);
}
