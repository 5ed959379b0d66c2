/**
 * Turns tokens into pieces of text as they come. A character may be spread over several tokens: what ends in the middle
 * of one is held back until it is whole.
 */
export class StreamDecoder {
  readonly tokens: number[] = [];
  #decode: (tokens: readonly number[]) => string;
  #said = 0;

  constructor(decode: (tokens: readonly number[]) => string) {
    this.#decode = decode;
  }

  get length(): number {
    return this.tokens.length;
  }

  /** @returns the text that became certain with this token, often '' */
  push(token: number): string {
    this.tokens.push(token);
    const text = this.#decode(this.tokens);
    return text.endsWith('\ufffd') ? '' : this.#rest(text);
  }

  /** What was held back, broken characters included. */
  end(): string {
    return this.#rest(this.#decode(this.tokens));
  }

  #rest(text: string): string {
    const rest = text.slice(this.#said);
    this.#said = text.length;
    return rest;
  }
}
