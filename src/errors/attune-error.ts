/**
 * The one error type that reaches people. It says what happened, to which thing, and the way out.
 *
 * `code` is stable and machine-readable (`document/encrypted`), `message` is one sentence in plain words that names
 * the thing, `wayOut` is one sentence that says what to do next.
 */
export class AttuneError extends Error {
  readonly code: string;
  readonly wayOut: string;

  constructor(code: string, message: string, wayOut: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AttuneError';
    this.code = code;
    this.wayOut = wayOut;
  }
}

/** What is kept of an error in a database row or a worker message: plain data, safe to clone. */
export interface Problem {
  code: string;
  message: string;
  wayOut: string;
}

/** True for the rejection of a call that its caller cancelled; such errors are never shown. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Reduces anything that was thrown to a {@link Problem}; unknown errors keep their message and get a general way out. */
export function toProblem(error: unknown): Problem {
  if (error instanceof AttuneError) {
    return { code: error.code, message: error.message, wayOut: error.wayOut };
  }
  if (error instanceof DOMException && error.name === 'QuotaExceededError') {
    return {
      code: 'storage/full',
      message: 'The browser has no space left for Attune.',
      wayOut: 'Delete documents or models that you no longer need, or free disk space, and try again.',
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'unexpected',
    message,
    wayOut: 'Try again. If it happens again, reload the page; nothing that was saved is lost.',
  };
}
