import type { DocumentFormat, DocumentRow } from '../storage/schema.ts';
import type { IngestProgress } from './contract.ts';

/** Reports go out at most this often, in milliseconds: each one is a message to the screen. */
const interval = 100;

/** Work per byte compared with plain text: a PDF is mostly fonts and pictures. */
const workPerByte: Partial<Record<DocumentFormat, number>> = { pdf: 0.2, docx: 0.5, epub: 1.5, html: 0.7 };
/** Work that every file costs, in bytes of plain text. */
const workPerFile = 10_000;

/** Counts files and estimates the time left from the work done so far in this run. */
export class ProgressReport {
  readonly #send: ((progress: IngestProgress) => void) | undefined;
  readonly #started = performance.now();
  #lastSent = -Infinity;
  #done = 0;
  #workDone = 0;

  constructor(send: ((progress: IngestProgress) => void) | undefined) {
    this.#send = send;
  }

  /** A file is being worked on. @param ahead documents still to be read, the current one first. */
  at(share: number, ahead: DocumentRow[]): void {
    const now = performance.now();
    if (!this.#send || now - this.#lastSent < interval) return;
    this.#lastSent = now;
    const current = ahead[0]!;
    const workDone = this.#workDone + share * workOf(current);
    const workLeft = ahead.reduce((sum, row) => sum + workOf(row), 0) - share * workOf(current);
    const seconds = (now - this.#started) / 1000;
    // The first moments say little: libraries are still being loaded.
    const secondsLeft = seconds > 1.5 && workDone > 0 ? (seconds / workDone) * workLeft : undefined;
    this.#send({
      done: this.#done,
      total: this.#done + ahead.length,
      path: current.path,
      share,
      ...(secondsLeft !== undefined && { secondsLeft }),
    });
  }

  /** A file is finished. */
  finished(row: DocumentRow): void {
    this.#done++;
    this.#workDone += workOf(row);
  }

  end(): void {
    this.#send?.({ done: this.#done, total: this.#done });
  }
}

function workOf(row: DocumentRow): number {
  return workPerFile + row.bytes * (workPerByte[row.format] ?? 1);
}
