import type { MatrixTable } from '../../table/contract.ts';
import { cellOf } from '../../table/look-up.ts';
import { changeText, pText, valueText } from '../../table/words.ts';
import { PARTS } from '../../advice/steps.ts';
import { OUTCOMES, PART_NAMES, type MatrixRow, type ReportContent } from '../content.ts';
import { html, type Markup } from './markup.ts';

/** One table a group of metrics: values with intervals, those marked that lead their column. */
export function matrixTables({ groups }: ReportContent, table: MatrixTable): Markup {
  return html`${groups.map(
    ({ title, metrics, rows, parts }) =>
      html`<h3>${title}</h3>
        <div class="scroll" tabindex="0" role="region" aria-label="${title}">
          <table>
            <thead>
              <tr>
                ${rowHead(parts)}
                ${metrics.map(({ term, help }) => html`<th scope="col" class="n" title="${help}">${term}</th>`)}
              </tr>
            </thead>
            <tbody>
              ${rows.map(
                (row) =>
                  html`<tr>
                    ${rowCells(row, parts)} ${metrics.map(({ key }) => valueCell(table, row.configuration.id, key))}
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>`,
  )}`;
}

function valueCell(table: MatrixTable, id: string, metric: string): Markup {
  const cell = cellOf(table, id, metric);
  if (!cell) return html`<td class="n none">–</td>`;
  const best = table.leaders[metric]?.includes(id);
  return html`<td class="n${best && ' best'}">
    <span class="v">${valueText(metric, cell.mean)}</span>${best && html`<span class="sr"> best</span>`}
    <small>${valueText(metric, cell.low)} to ${valueText(metric, cell.high)}</small>
  </td>`;
}

/** @param parts how many of search, ranking and answers tell the rows apart */
export function rowHead(parts = PARTS.length): Markup {
  return html`${PARTS.slice(0, parts).map((part) => html`<th scope="col">${PART_NAMES[part]}</th>`)}`;
}

export function rowCells(row: MatrixRow, parts = PARTS.length): Markup {
  const [first, ...others] = row.parts
    .slice(0, parts)
    .map((text) => html`<span class="${text.split(' ')[0]!}">${text}</span>`);
  return html`<th scope="row">${first}</th>
    ${others.map((text) => html`<td>${text}</td>`)}`;
}

/** Forest plots: each difference as a point with its interval, the line of no difference through all of them. */
export function forestPlots({ plots }: ReportContent): Markup {
  return html`${plots.map(({ metric, differences }) => {
    const reach = Math.max(0.01, ...differences.flatMap(({ difference: { low, high } }) => [-low, high])) * 1.05;
    const x = (value: number) => ((value + reach) / (2 * reach)) * 100;
    return html`<h3>${metric.label} <span class="muted">(${metric.term})</span></h3>
      <table class="diff">
        <thead>
          <tr>
            <th scope="col">Change</th>
            <th scope="col" class="plot">
              <span class="axis"
                ><span>${changeText(metric.key, -reach)}</span><span>0</span
                ><span>${changeText(metric.key, reach)}</span></span
              >
            </th>
            <th scope="col" class="n">Difference, 95 % interval</th>
            <th scope="col" class="n">p (Holm)</th>
            <th scope="col" class="n">Questions</th>
          </tr>
        </thead>
        <tbody>
          ${differences.map(({ label, difference: { mean, low, high, adjustedP, significant, n } }) => {
            const worse = mean < 0 === (metric.better === 'higher');
            return html`<tr class="${significant && 'sure'}${worse && ' worse'}">
              <th scope="row">${label}</th>
              <td class="plot">
                <svg viewBox="0 0 100 36" preserveAspectRatio="none" aria-hidden="true">
                  ${line(x(low), 18, x(high), 18, 'whisker')} ${line(x(mean), 12, x(mean), 24, 'point')}
                </svg>
              </td>
              <td class="n d">
                ${changeText(metric.key, mean)}<small
                  >${changeText(metric.key, low)} to ${changeText(metric.key, high)}</small
                >
              </td>
              <td class="n"><span class="narrow">p </span>${pText(adjustedP).replace(/^p (= )?/, '')}</td>
              <td class="n q">${n}</td>
            </tr>`;
          })}
        </tbody>
      </table>`;
  })}`;
}

function line(x1: number, y1: number, x2: number, y2: number, name: string): Markup {
  const [a, b] = [x1.toFixed(2), x2.toFixed(2)];
  return html`<line class="${name}" x1="${a}" y1="${y1}" x2="${b}" y2="${y2}" vector-effect="non-scaling-stroke" />`;
}

/** What became of the questions: a bar and its numbers a configuration. Columns that are 0 throughout are left out. */
export function failureTable({ failures }: ReportContent): Markup {
  const shown = OUTCOMES.map((outcome, i) => ({ ...outcome, i })).filter(({ i }) =>
    failures.some(({ counts }) => counts[i]! > 0),
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Where questions are lost">
    <table>
      <thead>
        <tr>
          ${rowHead()}
          <th scope="col"><span class="sr">Shares as a bar</span></th>
          ${shown.map(({ label, i }) => html`<th scope="col" class="n"><span class="key k${i}"></span>${label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${failures.map(
          ({ row, counts, n }) =>
            html`<tr>
              ${rowCells(row)}
              <td>
                <div class="bar" aria-hidden="true">
                  ${shown.map(({ i }) => counts[i]! > 0 && html`<span class="k${i}" style="width:${((100 * counts[i]!) / n).toFixed(2)}%"></span>`)}
                </div>
              </td>
              ${shown.map(({ i }) => html`<td class="n">${counts[i]!}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
