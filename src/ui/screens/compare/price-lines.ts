import type { ModelPrice } from '../../../evaluation/costs/contract.ts';

/** A line of the price table as typed: a comma may stand for the point until it is saved. */
export interface PriceLine {
  model: string;
  input: string;
  output: string;
}

export const isFilled = (line: PriceLine): boolean =>
  [line.model, line.input, line.output].some((text) => text.trim() !== '');

export const isAmount = (text: string): boolean => amount(text) >= 0;

/** Whether a line above has the model already: the table would show two columns of one name. */
export function isRepeated(lines: readonly PriceLine[], place: number): boolean {
  const name = nameOf(lines[place]!);
  return name !== '' && lines.slice(0, place).some((line) => nameOf(line) === name);
}

/** What the lines say; null while a line that was begun is not complete, or names a model again. */
export function pricesOf(lines: readonly PriceLine[]): ModelPrice[] | null {
  const filled = lines.filter(isFilled);
  const right = filled.every(
    (line, place) => nameOf(line) !== '' && isAmount(line.input) && isAmount(line.output) && !isRepeated(filled, place),
  );
  if (!right) return null;
  return filled.map((line) => ({
    model: nameOf(line),
    inputPerMillion: amount(line.input),
    outputPerMillion: amount(line.output),
  }));
}

const nameOf = ({ model }: PriceLine): string => model.trim();
const amount = (text: string): number => (text.trim() === '' ? NaN : Number(text.replace(',', '.')));
