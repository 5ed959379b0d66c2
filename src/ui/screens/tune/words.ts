import type { NumberKnob } from '../../../settings/knob.ts';
import type { TrainingEstimate } from '../../../training/contract.ts';
import { bytes, plural } from '../../format.ts';

/** "About 9 minutes": an estimate is never more exact than it is. */
export function aboutTime(seconds: number): string {
  if (seconds < 8) return 'A few seconds';
  if (seconds < 55) return `About ${Math.ceil(seconds / 5) * 5} seconds`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `About ${plural(minutes, 'minute')}`;
  const hours = seconds / 3600;
  return `About ${hours < 10 ? hours.toFixed(1).replace('.0', '') : Math.round(hours)} hours`;
}

/** What a run that does not fit would need. Where memory ran out before a step was done, only that it is more. */
export function needText({
  device,
  memoryBytes,
  memoryLimit,
}: Pick<TrainingEstimate, 'device' | 'memoryBytes' | 'memoryLimit'>): string {
  if (memoryLimit === undefined) return 'It needs more memory than there is.';
  const needed = memoryBytes > memoryLimit ? `${bytes(memoryBytes)} of` : 'more than';
  return `It needs ${needed} the ${bytes(memoryLimit)} that ${device} allows.`;
}

/** One value makes no trials. */
export const ALONE = 'It takes a second value to compare with; a single one is set above.';

/**
 * Values to try as typed into a list, "4, 8; 16": those in range, each once, in order.
 *
 * @returns `problem`: what is not tried of it, and why
 */
export function valuesToTry(
  text: string,
  { min, max }: Pick<NumberKnob, 'min' | 'max'>,
): { values: number[]; problem?: string } {
  const parts = text.split(/[,;\s]+/).filter((part) => part !== '');
  const isInRange = (part: string) => Number(part) >= min && Number(part) <= max;
  const values = [...new Set(parts.filter(isInRange).map(Number))].sort((a, b) => a - b);
  const left = parts.find((part) => !isInRange(part));
  if (left !== undefined) return { values, problem: `“${left}” is left out: values lie between ${min} and ${max}.` };
  return values.length === 1 ? { values, problem: ALONE } : { values };
}
