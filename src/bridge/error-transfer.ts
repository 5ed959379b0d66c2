import * as Comlink from 'comlink';
import { AttuneError, isAbort, toProblem, type Problem } from '../errors/attune-error.ts';

type WireError = { abort: true } | { abort: false; problem: Problem; stack: string | undefined };

interface Thrown {
  value: unknown;
}

/**
 * Teaches Comlink to carry our errors whole. Its own handler keeps only name, message and stack, so the code and the
 * way out for the user would be lost between worker and screen. Must be called once on both sides.
 */
export function carryErrorsWhole(): void {
  const builtIn = Comlink.transferHandlers.get('throw');
  if (!builtIn) throw new Error('Comlink has no "throw" transfer handler: its version changed');
  Comlink.transferHandlers.set('throw', {
    canHandle: (value: unknown): value is Thrown => builtIn.canHandle(value),
    serialize: ({ value }: Thrown): [WireError, Transferable[]] => [serializeError(value), []],
    deserialize: (wire: WireError) => {
      throw deserializeError(wire);
    },
  });
}

function serializeError(value: unknown): WireError {
  if (isAbort(value)) return { abort: true };
  return { abort: false, problem: toProblem(value), stack: value instanceof Error ? value.stack : undefined };
}

function deserializeError(wire: WireError): Error {
  if (wire.abort) return new DOMException('The operation was cancelled.', 'AbortError');
  const { code, message, wayOut } = wire.problem;
  const error = new AttuneError(code, message, wayOut);
  if (wire.stack) error.stack = wire.stack;
  return error;
}
