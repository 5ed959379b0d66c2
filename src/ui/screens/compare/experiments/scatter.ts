/** Where points, ticks and labels of a scatter plot lie. Pure: numbers in, places out. */

export interface Scale {
  /** From a value to a place between 0 and 1. */
  at: (value: number) => number;
  ticks: number[];
}

/** A scale that holds all values with some air; equal values stand in the middle. */
export function scaleOf(values: readonly number[], logarithmic: boolean): Scale {
  const log = logarithmic && values.every((value) => value > 0);
  const to = (value: number) => (log ? Math.log10(value) : value);
  const [low, high] = [Math.min(...values.map(to)), Math.max(...values.map(to))];
  const air = high > low ? (high - low) * 0.08 : Math.abs(high) * 0.1 || 1;
  const [from, span] = [low - air, high - low + 2 * air];
  return {
    at: (value) => (to(value) - from) / span,
    ticks: log ? logTicks(10 ** low, 10 ** high) : roundTicks(low, high),
  };
}

/** About four round numbers between the ends. */
function roundTicks(low: number, high: number): number[] {
  if (high === low) return [low];
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  // Multiples by multiplication: adding up would drift.
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function logTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of [1, 2, 5]) {
      const tick = Number((factor * 10 ** power).toPrecision(12));
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks.length > 1 ? ticks : [low, high].filter((tick, i, all) => all.indexOf(tick) === i);
}

export interface Placed {
  id: string;
  x: number;
  y: number;
  /** In pixels. */
  width: number;
}

/**
 * Which points get their label, best first: one that would lie over an earlier one is left out, since two labels on one
 * another say less than one.
 *
 * @param height of a line of text, in pixels
 */
export function labelled(
  points: readonly Placed[],
  height: number,
  right: number,
): ReadonlyMap<string, 'start' | 'end'> {
  const taken: { left: number; top: number; right: number; bottom: number }[] = [];
  const sides = new Map<string, 'start' | 'end'>();
  for (const { id, x, y, width } of points) {
    for (const side of ['start', 'end'] as const) {
      const left = side === 'start' ? x + 8 : x - 8 - width;
      const box = { left, top: y - height / 2, right: left + width, bottom: y + height / 2 };
      const free = !taken.some(
        (other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom,
      );
      if (!free || box.left < 0 || box.right > right) continue;
      taken.push(box);
      sides.set(id, side);
      break;
    }
  }
  return sides;
}
