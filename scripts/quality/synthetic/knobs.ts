/** `rank=8 targets=all` as overrides of knobs. */
export function knobsFrom(pairs: readonly string[]): Record<string, string | number> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key, value] = pair.split('=') as [string, string];
      return [key, Number.isNaN(Number(value)) ? value : Number(value)];
    }),
  );
}
