import { plural } from '../../format.ts';

/** "About 9 minutes": an estimate is never more exact than it is. */
export function aboutTime(seconds: number): string {
  if (seconds < 8) return 'A few seconds';
  if (seconds < 55) return `About ${Math.ceil(seconds / 5) * 5} seconds`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `About ${plural(minutes, 'minute')}`;
  const hours = seconds / 3600;
  return `About ${hours < 10 ? hours.toFixed(1).replace('.0', '') : Math.round(hours)} hours`;
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
