import { describeMetric } from '../metrics/catalogue.ts';

/** Figures as people read them. */

/** 0.584 -> "58 %". */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`.replace('-', '−');
}

/** "58 % (95 % interval 51 to 65 %)" */
export function percentWithInterval({ mean, low, high }: { mean: number; low: number; high: number }): string {
  return `${percent(mean)} (95 % interval ${percent(low).replace(' %', '')} to ${percent(high)})`;
}

/** A metric's value in its unit: "0.713", "1.3 s", "512". */
export function valueText(metric: string, value: number): string {
  const unit = describeMetric(metric)?.unit ?? 'share';
  return unit === 'share' ? minus(value.toFixed(3)) : `${plain(value)}${unit === 'seconds' ? ' s' : ''}`;
}

/** A difference with its sign: "+0.196", "−0.02 s", "±0". */
export function changeText(metric: string, change: number): string {
  const text = valueText(metric, change);
  if (Number.parseFloat(text.replace('−', '-')) === 0) return '±0';
  return change > 0 ? `+${text}` : text;
}

/** "p < 0.001", "p = 0.03" */
export function pText(p: number): string {
  if (p < 0.001) return 'p < 0.001';
  return `p = ${p < 0.1 ? p.toFixed(3).replace(/0$/, '') : p.toFixed(2)}`;
}

/** Three digits that mean something, and no more. */
function plain(value: number): string {
  const size = Math.abs(value);
  return minus(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2));
}

function minus(text: string): string {
  return text.replace('-', '−');
}
