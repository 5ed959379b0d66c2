/**
 * Hands what a producer pushes to a consumer that pulls. transformers.js' `generate` cannot be paused, so pieces wait
 * here; there are never more than an answer has.
 */
export class PieceQueue {
  #pieces: string[] = [];
  #ended = false;
  #error: unknown;
  #wake: () => void = () => undefined;

  push(piece: string): void {
    this.#pieces.push(piece);
    this.#wake();
  }

  /** No more pieces; an error is thrown to the consumer after the last one. */
  end(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    while (true) {
      while (this.#pieces.length > 0) yield this.#pieces.shift()!;
      if (this.#ended) break;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
