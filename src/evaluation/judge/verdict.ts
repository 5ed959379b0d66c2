/** Whether a judge takes an answer for right: at a half, as much is missing or wrong as is there. */
export function judgedRight(correctness: number): boolean {
  return correctness > 0.5;
}
