import { describeMetric } from '../../metrics/catalogue.ts';
import { valueText } from '../../table/words.ts';
import { adapterCards, datasetCard, methodCard, type Card } from '../cards.ts';
import { reportContent, type ReportContent } from '../content.ts';
import type { ReportInput } from '../contract.ts';
import { sampleMetric, type Sample } from '../samples.ts';
import { STATISTICS } from '../statistics.ts';
import { failureTable, forestPlots, matrixTables, rowCells, rowHead } from './figures.ts';
import { learningCurvePlot } from './learning-curve.ts';
import { html, Markup } from './markup.ts';
import { STYLE } from './style.ts';

/** Nothing is loaded and nothing runs: a page made of documents' text must not be able to. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/**
 * The report as one HTML page without scripts, which needs no network: styles and plots are in it.
 *
 * @param inputs each an evaluation, one below the other
 */
export function reportHtml(...inputs: [ReportInput, ...ReportInput[]]): string {
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
      <title>${reportContent(inputs[0]).title}</title>
      <style>
        ${new Markup(STYLE)}
      </style>
    </head>
    <body>
      <main>${inputs.map(evaluationSection)}</main>
    </body>
  </html>`;
  return `<!doctype html>\n${page.text}\n`;
}

function evaluationSection(input: ReportInput): Markup {
  const content = reportContent(input);
  const { title, date, summary, recommendation, failures, samples } = content;
  const curve = learningCurvePlot(input);
  return html`<h1>${title}</h1>
    <p class="muted">${factsLine(input, date)}</p>
    ${summary && html`<p class="lead">${summary}</p>`}
    <section class="advice ${recommendation.tune}">
      <p>${recommendation.headline}</p>
      <ul>
        ${recommendation.reasons.map((reason) => html`<li>${reason}</li>`)}
      </ul>
    </section>
    <h2>Scores of each combination</h2>
    <p class="muted">
      Mean over the questions with the 95 % interval below it. Marked are the best of a column and those that these
      questions cannot tell from it.
    </p>
    ${matrixTables(content, input.table)}
    ${
      content.plots.length > 0 &&
      html`<h2>Differences</h2>
        <p class="muted">
          Question by question, with 95 % intervals. Coloured ones are significant: p is below 0.05 after Holm’s
          correction.
        </p>
        ${forestPlots(content)}`
    }
    ${
      failures.length > 0 &&
      html`<h2>Where questions are lost</h2>
        ${failureTable(content)}`
    }
    ${
      curve &&
      html`<h2>What more examples bring</h2>
        ${curve}`
    }
    ${effortSection(content)} ${samples.length > 0 && samplesSection(samples, input)}
    <h2>What was measured, and with what</h2>
    ${[datasetCard(input), ...adapterCards(input), methodCard(input)].map(cardSection)} ${definitions(input)}`;
}

function factsLine({ evaluation, dataset, table }: ReportInput, date: string): string {
  const questions = `${evaluation.exampleIds.length} questions of ${dataset?.name ?? 'a data set deleted since'}`;
  return [date, `${questions}, part ${evaluation.split}`, `${table.configurations.length} combinations`].join(' · ');
}

function effortSection({ effort: { columns, rows } }: ReportContent): Markup | undefined {
  if (rows.length === 0) return undefined;
  return html`<h2>Time and cost</h2>
    <p class="muted">
      Means per question on this device. Amounts are what 1,000 questions with as many tokens would cost by the price
      table that was typed in.
    </p>
    <div class="scroll" tabindex="0" role="region" aria-label="Time and cost">
      <table>
        <thead>
          <tr>
            ${rowHead()} ${columns.map((column) => html`<th scope="col" class="n">${column}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ row, values }) =>
              html`<tr>
                ${rowCells(row)} ${values.map((value) => html`<td class="n">${value}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function samplesSection(samples: readonly Sample[], input: ReportInput): Markup {
  const metric = sampleMetric(input.table)!;
  return html`<h2>Questions side by side</h2>
    <p class="muted">
      Chosen by rule: those that differ most by ${describeMetric(metric)?.term ?? metric} between the untuned and the
      best combination, in both directions, and one that both get wrong.
    </p>
    ${samples.map(
      ({ why, question, reference, answers }) =>
        html`<section class="card">
          <h3>${question}<span class="tag ${why}">${why}</span></h3>
          ${reference && html`<p><span class="muted">Reference:</span> ${reference}</p>`}
          <div class="pair">
            ${answers.map(
              ({ label, answer, score, rank, passage, reason }) =>
                html`<div>
                  <small>${label}</small>
                  ${answer !== undefined && html`<p class="answer">${answer || '(no answer)'}</p>`}
                  ${answer === undefined && passage !== undefined && html`<blockquote>${passage}</blockquote>`}
                  <p class="muted">
                    ${describeMetric(metric)?.term ?? metric} ${valueText(metric, score)} ·
                    ${rank === undefined ? 'right passage not found' : `right passage at place ${rank}`}
                  </p>
                  ${reason && html`<p class="muted">${reason}</p>`}
                </div>`,
            )}
          </div>
        </section>`,
    )}`;
}

function cardSection({ title, facts }: Card): Markup {
  return html`<section class="card">
    <h3>${title}</h3>
    <dl>
      ${facts.map(
        ([label, value]) =>
          html`<dt>${label}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
  </section>`;
}

function definitions({ table }: ReportInput): Markup {
  return html`<section class="card">
    <h3>How to read the numbers</h3>
    <dl>
      ${[...table.metrics.flatMap((key) => describeMetric(key) ?? []), ...STATISTICS].map(
        ({ term, help }) =>
          html`<dt>${term}</dt>
            <dd>${help}</dd>`,
      )}
    </dl>
  </section>`;
}
