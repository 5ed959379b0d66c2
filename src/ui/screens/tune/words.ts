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

/** Values as typed into a list, "4, 8; 16": numbers only, each once, in order. */
export function numbersOf(text: string): number[] {
  const numbers = text
    .split(/[,;\s]+/)
    .filter((part) => part !== '')
    .map(Number)
    .filter(Number.isFinite);
  return [...new Set(numbers)].sort((a, b) => a - b);
}
