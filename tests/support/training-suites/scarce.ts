import { expect } from 'vitest';
import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';

/**
 * Lives a life in a runtime that has room for nothing, then for one tensor or session, and so on until it has room for
 * all; each time, nothing may stay in the runtime.
 *
 * @param live throws what the runtime threw
 * @returns how often there was no room
 */
export async function liveInEveryShortage(
  runtime: ResidentRuntime,
  live: (scarce: ResidentRuntime) => Promise<void>,
): Promise<number> {
  const before = levels(runtime);
  for (let room = 0; ; room++) {
    const full = new Error(`Full after ${room}.`);
    let left = room;
    const taking = <T>(take: () => T): T => {
      if (left-- <= 0) throw full;
      return take();
    };
    const scarce = Object.create(runtime, {
      tensor: { value: (...all: Parameters<ResidentRuntime['tensor']>) => taking(() => runtime.tensor(...all)) },
      createSession: {
        value: async (...all: Parameters<ResidentRuntime['createSession']>) =>
          taking(() => runtime.createSession(...all)),
      },
    }) as ResidentRuntime;
    const error = await live(scarce).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(levels(runtime), full.message).toEqual(before);
    if (error === undefined) return room;
    expect(error).toBe(full);
  }
}

function levels({ usage: { tensors, tensorBytes, sessions } }: ResidentRuntime) {
  return { tensors, tensorBytes, sessions };
}
