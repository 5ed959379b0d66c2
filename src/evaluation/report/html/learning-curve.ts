import { bootstrapMean } from '../../metrics/bootstrap.ts';
import { describeMetric } from '../../metrics/catalogue.ts';
import { learningCurve, valueAt } from '../../statistics/learning-curve.ts';
import { valueText } from '../../table/words.ts';
import type { ReportInput } from '../contract.ts';
import { html, type Markup } from './markup.ts';

/** Small enough to be read unscaled on a phone. */
const [WIDTH, HEIGHT] = [360, 190];
const [LEFT, RIGHT, TOP, BOTTOM] = [40, 12, 10, 32];

/** Score against number of training examples, with intervals and the fitted law. */
export function learningCurvePlot({ learningCurve: given }: ReportInput): Markup | undefined {
  if (!given || given.points.length < 2) return undefined;
  const points = given.points.map(({ examples, scores }) => ({ examples, ...bootstrapMean(scores) }));
  const law = learningCurve(given.points);
  const most = Math.max(...points.map(({ examples }) => examples));
  const end = law ? most + 100 : most;
  const top = Math.min(1, Math.max(...points.map(({ high }) => high)) + 0.02);
  const bottom = Math.max(0, Math.min(...points.map(({ low }) => low)) - 0.02);
  const x = (examples: number) => LEFT + (examples / (end || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (score: number) => HEIGHT - BOTTOM - ((score - bottom) / (top - bottom || 1)) * (HEIGHT - TOP - BOTTOM);
  const path = law
    ? Array.from({ length: 61 }, (_, i) => (i / 60) * end)
        .map((examples, i) => `${i === 0 ? 'M' : 'L'}${x(examples).toFixed(1)} ${y(valueAt(law, examples)).toFixed(1)}`)
        .join('')
    : '';
  const term = describeMetric(given.metric)?.term ?? given.metric;
  const said = points.map(({ examples, mean }) => `${examples}: ${valueText(given.metric, mean)}`).join(', ');
  return html`<figure>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${term} by number of training examples: ${said}">
      ${[bottom, (bottom + top) / 2, top].map(
        (score) =>
          html`<line
              class="grid"
              x1="${LEFT}"
              x2="${WIDTH - RIGHT}"
              y1="${y(score).toFixed(1)}"
              y2="${y(score).toFixed(1)}"
            /><text x="${LEFT - 6}" y="${(y(score) + 4).toFixed(1)}" text-anchor="end">${score.toFixed(2)}</text>`,
      )}
      ${law && html`<path class="curve" d="${path}" />`}
      ${points.map(
        ({ examples, mean, low, high }) =>
          html`<line
              class="spread"
              x1="${x(examples).toFixed(1)}"
              x2="${x(examples).toFixed(1)}"
              y1="${y(low).toFixed(1)}"
              y2="${y(high).toFixed(1)}"
            /><circle class="dot" cx="${x(examples).toFixed(1)}" cy="${y(mean).toFixed(1)}" r="4" /><text
              x="${x(examples).toFixed(1)}"
              y="${HEIGHT - 16}"
              text-anchor="middle"
              >${examples}</text
            >`,
      )}
      <text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 2}" text-anchor="middle">training examples</text>
    </svg>
    <figcaption>
      ${term} with 95 % intervals${law && '; the line is a power law fitted to the points, 100 examples further'}.
    </figcaption>
  </figure>`;
}
