/**
 * The error function to about 1e-15: its Taylor series where that converges fast, the continued fraction of its
 * complement beyond (Abramowitz and Stegun 7.1.5 and 7.1.14).
 */
export function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x > 2) return 1 - (Math.exp(-x * x) / Math.sqrt(Math.PI)) * fraction(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))) */
function fraction(x: number): number {
  let value = x;
  for (let n = 60; n >= 1; n--) value = x + n / 2 / value;
  return 1 / value;
}
