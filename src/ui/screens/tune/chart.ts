import type uPlot from 'uplot';

/** A chart of lines over steps, drawn by uPlot in the theme's colours. Loaded with the first chart and not before. */

export interface ChartLine {
  id: string;
  /** Written at the line's end. */
  label: string;
  /** A colour of `tokens.css`: "--accent". */
  color: string;
  points: readonly { step: number; value: number }[];
  /** Marks every point: for values that are few. */
  dots?: boolean;
  /** Behind the others: no label, thin and pale. */
  faint?: boolean;
  dashed?: boolean;
}

export interface ChartSpec {
  lines: readonly ChartLine[];
  /** Steps from 0 that the chart is wide. */
  steps: number;
  /** A value worth a horizontal line: the untuned model's. */
  level?: { value: number; label: string };
  /** The point worth a ring: the best. */
  mark?: { step: number; value: number; label: string };
  /** The most that a value can be: no axis goes beyond it. */
  most?: number;
  format: (value: number) => string;
}

export interface Chart {
  update(spec: ChartSpec): void;
  destroy(): void;
}

const FONT_PX = 12;
const LINE_PX = 15;

/**
 * @param onhover the step under the pointer, or null
 */
export async function createChart(
  host: HTMLElement,
  spec: ChartSpec,
  onhover: (step: number | null) => void,
): Promise<Chart> {
  const { default: Plot } = await import('uplot');
  await import('uplot/dist/uPlot.min.css');
  let current = spec;
  let plot = build();

  const rebuild = () => {
    plot.destroy();
    plot = build();
  };
  const resized = new ResizeObserver(() => plot.setSize(sizeOf(host)));
  resized.observe(host);
  // A canvas knows no custom properties: another theme is another drawing.
  const themed = new MutationObserver(rebuild);
  themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', rebuild);

  function build(): uPlot {
    return new Plot(
      optionsOf(host, () => current, onhover),
      dataOf(current.lines),
      host,
    );
  }

  return {
    update(next) {
      const same = shapeOf(next) === shapeOf(current);
      current = next;
      if (same) plot.setData(dataOf(next.lines));
      else rebuild();
    },
    destroy() {
      resized.disconnect();
      themed.disconnect();
      system.removeEventListener('change', rebuild);
      plot.destroy();
    },
  };
}

/** What cannot change without building the plot anew. */
function shapeOf({ lines, steps }: ChartSpec): string {
  return JSON.stringify([steps, lines.map(({ id, label, color }) => [id, label, color])]);
}

/** All lines over one common list of steps; null where a line has no value there. */
function dataOf(lines: readonly ChartLine[]): uPlot.AlignedData {
  const steps = [...new Set(lines.flatMap(({ points }) => points.map(({ step }) => step)))].sort((a, b) => a - b);
  return [
    steps,
    ...lines.map(({ points }) => {
      const byStep = new Map(points.map(({ step, value }) => [step, value]));
      return steps.map((step) => byStep.get(step) ?? null);
    }),
  ];
}

function optionsOf(host: HTMLElement, spec: () => ChartSpec, onhover: (step: number | null) => void): uPlot.Options {
  const colors = new Map<string, string>();
  const color = (token: string) => {
    const known = colors.get(token) ?? resolved(host, token);
    colors.set(token, known);
    return known;
  };
  const font = `${FONT_PX}px ${getComputedStyle(host).fontFamily}`;
  const axis = { stroke: color('--muted'), font, ticks: { show: false } };
  const { lines, steps, format } = spec();
  return {
    ...sizeOf(host),
    padding: [LINE_PX, labelSpace(host, lines, font), 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: false, range: [0, Math.max(1, steps)] },
      y: { range: (_, low, high) => rangeWith(spec(), low, high) },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 64 },
      {
        ...axis,
        size: 52,
        space: 36,
        grid: { stroke: color('--line'), width: 1 },
        values: (_, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      ...lines.map(({ color: token, dots, faint, dashed }) => ({
        stroke: color(token),
        width: faint ? 1 : 2,
        alpha: faint ? 0.35 : 1,
        spanGaps: true,
        ...(dashed && { dash: [6, 4] }),
        points: { show: dots ?? false, size: 6, fill: color(token) },
      })),
    ],
    hooks: {
      setCursor: [(u) => onhover(u.cursor.idx == null ? null : (u.data[0][u.cursor.idx] ?? null))],
      draw: [(u) => annotate(u, spec(), font, color)],
    },
  };
}

/** Room for the level and a little air, so that no line runs along the edge. */
function rangeWith({ level, most = Infinity }: ChartSpec, low: number, high: number): [number, number] {
  const values = [low, high, level?.value].filter((value) => value !== undefined && value !== null);
  if (values.length === 0) return [0, 1];
  const bottom = Math.min(...values);
  const top = Math.max(...values);
  const air = (top - bottom) * 0.12 || Math.abs(top) * 0.1 || 0.1;
  // A hair above the most: a line there is drawn whole, and no number stands beside the axis that cannot be reached.
  return [bottom - air, Math.min(top + air, most + air / 20)];
}

/** Names the lines at their ends, the level at its left, and rings the mark. */
function annotate(u: uPlot, spec: ChartSpec, font: string, color: (token: string) => string): void {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = font.replace(`${FONT_PX}px`, `${FONT_PX * ratio}px`);
  ctx.textBaseline = 'middle';
  // A halo in the page's colour keeps words readable where a line runs through them.
  const write = (text: string, x: number, y: number) => {
    ctx.save();
    ctx.strokeStyle = color('--bg');
    ctx.lineWidth = 4 * ratio;
    ctx.lineJoin = 'round';
    ctx.strokeText(text, x, y);
    ctx.restore();
    ctx.fillText(text, x, y);
  };
  if (spec.level) {
    const y = u.valToPos(spec.level.value, 'y', true);
    ctx.strokeStyle = color('--line-control');
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(u.bbox.left, y);
    ctx.lineTo(u.bbox.left + u.bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = color('--muted');
    ctx.textAlign = 'left';
    write(spec.level.label, u.bbox.left + 4 * ratio, y + LINE_PX * 0.65 * ratio);
  }
  if (spec.mark) {
    const x = u.valToPos(spec.mark.step, 'x', true);
    const y = u.valToPos(spec.mark.value, 'y', true);
    ctx.strokeStyle = ctx.fillStyle = color('--accent-strong');
    ctx.lineWidth = 2 * ratio;
    ctx.beginPath();
    ctx.arc(x, y, 7 * ratio, 0, 2 * Math.PI);
    ctx.stroke();
    const atRight = x > u.bbox.left + u.bbox.width * 0.7;
    ctx.textAlign = atRight ? 'right' : 'left';
    // Above its point, and below it where there is no room above.
    const above = y - LINE_PX * 0.75 * ratio;
    const fits = above - LINE_PX * 0.5 * ratio >= 0;
    write(spec.mark.label, x + (atRight ? -12 : 12) * ratio, fits ? above : y + LINE_PX * 0.75 * ratio);
  }
  for (const { label, x, y, token } of apart(u, spec.lines, LINE_PX * ratio)) {
    ctx.textAlign = 'left';
    ctx.fillStyle = color(token);
    write(label, x + 8 * ratio, y);
  }
  ctx.restore();
}

/** The places of the lines' names, pushed apart where the lines end close together. */
function apart(u: uPlot, lines: readonly ChartLine[], height: number) {
  const places = lines
    .flatMap(({ label, color, points, faint }) => {
      const last = points.at(-1);
      if (!last || faint || label === '') return [];
      return [{ label, token: color, x: u.valToPos(last.step, 'x', true), y: u.valToPos(last.value, 'y', true) }];
    })
    .sort((a, b) => a.y - b.y);
  let above = -Infinity;
  for (const place of places) above = place.y = Math.max(place.y, above + height);
  return places;
}

/** Pixels at the right for the longest name; lines that end early need none, but the chart must not jump as they grow. */
function labelSpace(host: HTMLElement, lines: readonly ChartLine[], font: string): number {
  const context = document.createElement('canvas').getContext('2d')!;
  context.font = font;
  const widths = lines.filter(({ faint }) => !faint).map(({ label }) => context.measureText(label).width);
  return Math.min(host.clientWidth * 0.35, Math.max(0, ...widths) + 16);
}

function resolved(host: HTMLElement, token: string): string {
  const probe = host.appendChild(document.createElement('i'));
  probe.style.color = `var(${token})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function sizeOf(host: HTMLElement): { width: number; height: number } {
  return { width: Math.max(120, host.clientWidth), height: Math.max(120, host.clientHeight) };
}
