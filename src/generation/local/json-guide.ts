import type { CompiledGrammar, GrammarCompiler, GrammarMatcher } from '@mlc-ai/web-xgrammar';
import type { JsonSchema } from '../contract.ts';
import type { ChatTokenizer } from './chat-tokenizer.ts';
import { loadXGrammar } from './xgrammar.ts';

/** Schemas whose grammars stay compiled: a judge has one an aspect, a writer of questions one. */
const KEPT = 16;
/** Between two parts of an object; without a bound a model may write blanks until its tokens are used up. */
const MOST_BLANKS = 2;

/** Masks the tokens that would leave a schema, one reply long. */
export interface ReplyGuide {
  /** Puts what may not come next out of reach. @param logits [vocabulary], changed in place */
  mask(logits: Float32Array): Promise<void>;
  /** Tells what came. @returns whether the reply is complete */
  accept(token: number): boolean;
  dispose(): void;
}

/**
 * Holds a model's reply to a JSON schema: XGrammar (Dong et al. 2024) says which tokens may come next. Its code
 * is loaded with the first schema.
 */
export class JsonGuide {
  readonly #tokenizer: ChatTokenizer;
  readonly #vocabulary: number;
  readonly #compiled = new Map<string, CompiledGrammar>();
  #compiler: Promise<GrammarCompiler> | undefined;

  /** @param vocabulary length of the logits, which may be more than there are tokens */
  constructor(tokenizer: ChatTokenizer, vocabulary: number) {
    this.#tokenizer = tokenizer;
    this.#vocabulary = vocabulary;
  }

  /** For one reply; the caller disposes of it. */
  async begin(schema: JsonSchema): Promise<ReplyGuide> {
    const { GrammarMatcher } = await loadXGrammar();
    const matcher = await GrammarMatcher.createGrammarMatcher(await this.#grammarOf(JSON.stringify(schema)));
    return new SchemaGuide(matcher, this.#vocabulary);
  }

  async dispose(): Promise<void> {
    for (const grammar of this.#compiled.values()) grammar.dispose();
    this.#compiled.clear();
    (await this.#compiler)?.dispose();
    this.#compiler = undefined;
  }

  async #grammarOf(schema: string): Promise<CompiledGrammar> {
    const known = this.#compiled.get(schema);
    if (known) return known;
    this.#compiler ??= this.#createCompiler();
    // A failure is never kept: the next reply tries to load it again.
    this.#compiler.catch(() => (this.#compiler = undefined));
    const compiler = await this.#compiler;
    const compiled = await compiler.compileJSONSchema(schema, true, undefined, undefined, true, MOST_BLANKS);
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size >= KEPT && oldest !== undefined) {
      this.#compiled.get(oldest)!.dispose();
      this.#compiled.delete(oldest);
    }
    this.#compiled.set(schema, compiled);
    return compiled;
  }

  async #createCompiler(): Promise<GrammarCompiler> {
    const { GrammarCompiler, TokenizerInfo } = await loadXGrammar();
    const { tokens, kind } = this.#tokenizer.vocabulary();
    const info = await TokenizerInfo.createTokenizerInfo(tokens, kind, false, this.#vocabulary, [
      ...this.#tokenizer.stopTokens,
    ]);
    return GrammarCompiler.createGrammarCompiler(info);
  }
}

class SchemaGuide implements ReplyGuide {
  readonly #matcher: GrammarMatcher;
  readonly #vocabulary: number;

  constructor(matcher: GrammarMatcher, vocabulary: number) {
    this.#matcher = matcher;
    this.#vocabulary = vocabulary;
  }

  async mask(logits: Float32Array): Promise<void> {
    const allowed = await this.#matcher.getNextTokenBitmask();
    for (let token = 0; token < this.#vocabulary; token++) {
      if (((allowed[token >> 5]! >> (token & 31)) & 1) === 0) logits[token] = -Infinity;
    }
  }

  accept(token: number): boolean {
    this.#matcher.acceptToken(token);
    return this.#matcher.isTerminated();
  }

  dispose(): void {
    this.#matcher.dispose();
  }
}
