/**
 * The page's look, inline so that one file is the whole report. Colours are those of the app's tokens, written out twice
 * because a saved page may be opened by anything.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --bg: #faf9f7; --surface: #ffffff; --sunk: #f2f0ec; --line: #e5e2db; --text: #1d1c19; --muted: #5d5a52;
  --accent: #0b6656; --accent-soft: #e1f0ec; --warn: #7d4c00; --warn-soft: #fcf0d9; --danger: #a8281f;
  --c0: #0b6656; --c1: #a8281f; --c2: #d98a1f; --c3: #6d4fb8; --c4: #2a69ad; --c5: #8b877d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #161615; --surface: #1e1d1c; --sunk: #111110; --line: #32302d; --text: #eeece7; --muted: #aca79d;
    --accent: #62cfb6; --accent-soft: #16342d; --warn: #f1bb66; --warn-soft: #352810; --danger: #ff9f94;
    --c0: #62cfb6; --c1: #ff9f94; --c2: #eab05c; --c3: #b8a4f2; --c4: #8dbdf0; --c5: #7d7971;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--bg); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif;
}
main { max-width: 1040px; margin: 0 auto; padding: 40px 24px 64px; }
h1, h2, h3 { line-height: 1.25; letter-spacing: -0.01em; text-wrap: balance; margin: 0; }
h1 { font-size: 26px; }
h1:not(:first-child) { margin-top: 80px; }
h2 { font-size: 19px; margin-top: 48px; }
h3 { font-size: 15px; margin-top: 24px; }
p { margin: 8px 0 0; max-width: 44rem; }
.muted, small, figcaption, caption { color: var(--muted); font-size: 13px; }
.lead { font-size: 19px; line-height: 1.4; margin-top: 24px; max-width: 48rem; text-wrap: pretty; }
.advice { margin-top: 24px; padding: 16px 20px; border-radius: 10px; background: var(--accent-soft); }
.advice p:first-child { margin: 0; font-weight: 600; }
.advice ul { margin: 8px 0 0; padding-left: 20px; }
.advice li { margin-top: 4px; max-width: 48rem; }
.advice.unclear { background: var(--warn-soft); }
.scroll { position: relative; overflow-x: auto; margin-top: 12px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 8px 12px 8px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--muted); font-weight: 500; vertical-align: bottom; }
tbody th { font-weight: 400; }
td.n, th.n { text-align: right; padding-right: 0; padding-left: 16px; }
td.n { white-space: nowrap; }
td small { display: block; font-size: 12px; white-space: nowrap; }
td.best { font-weight: 600; }
td.best .v { background: var(--accent-soft); color: var(--accent); border-radius: 4px; padding: 1px 6px; margin-right: -6px; }
.tuned { color: var(--accent); font-weight: 600; }
.none { color: var(--muted); }
td small { font-weight: 400; }
.plot { width: 34%; min-width: 160px; padding: 0 32px 0 16px; }
.narrow { display: none; }
td.plot { background: linear-gradient(var(--line), var(--line)) calc(50% - 8px) / 1px 100% no-repeat; }
.plot svg { display: block; width: 100%; height: 36px; overflow: visible; }
.axis { display: flex; justify-content: space-between; font-size: 12px; }
.axis span { width: 0; display: flex; justify-content: center; white-space: nowrap; }
.whisker { stroke: var(--muted); stroke-width: 2; }
.point { stroke: var(--muted); stroke-width: 5; }
.sure .whisker, .sure .point { stroke: var(--accent); }
.sure.worse .whisker, .sure.worse .point { stroke: var(--danger); }
tr.sure td.d { font-weight: 600; }
.bar { display: flex; height: 16px; border-radius: 4px; overflow: hidden; min-width: 160px; gap: 1px; margin-top: 3px; }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
.k0 { background: var(--c0); } .k1 { background: var(--c1); } .k2 { background: var(--c2); }
.k3 { background: var(--c3); } .k4 { background: var(--c4); } .k5 { background: var(--c5); }
figure { margin: 12px 0 0; max-width: 420px; }
figure svg { display: block; width: 100%; height: auto; font-size: 11px; }
figure text { fill: var(--muted); }
.curve { fill: none; stroke: var(--accent); stroke-width: 2; }
.dot { fill: var(--accent); }
.spread { stroke: var(--accent); stroke-width: 1.5; opacity: 0.6; }
.grid { stroke: var(--line); stroke-width: 1; }
.card { margin-top: 16px; padding: 16px 20px; border: 1px solid var(--line); border-radius: 10px; background: var(--surface); }
.card h3 { margin: 0; }
dl { display: grid; grid-template-columns: minmax(110px, 200px) 1fr; gap: 4px 16px; margin: 12px 0 0; font-size: 13px; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(280px, 100%), 1fr)); gap: 16px; margin-top: 12px; }
.pair > div { padding: 12px 16px; border-radius: 6px; background: var(--sunk); min-width: 0; }
.pair p, .card > p { overflow-wrap: anywhere; }
.pair .answer { white-space: pre-line; }
.pair p:first-of-type { margin-top: 4px; }
.tag { font-size: 12px; padding: 1px 8px; border-radius: 999px; background: var(--sunk); color: var(--muted); margin-left: 8px; font-weight: 500; white-space: nowrap; }
.tag.better { background: var(--accent-soft); color: var(--accent); }
.tag.worse { background: var(--warn-soft); color: var(--warn); }
blockquote { margin: 8px 0 0; padding-left: 12px; border-left: 2px solid var(--line); color: var(--muted); font-size: 13px; overflow-wrap: anywhere; }
details { margin-top: 16px; }
summary { cursor: pointer; color: var(--accent); }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 640px) {
  main { padding: 24px 16px 48px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 8px; }
}
/* A4 too: print is laid out in fewer pixels than a window. */
@media (max-width: 800px) {
  .narrow { display: inline; }
  .diff thead th:not(.plot), .diff td.q { display: none; }
  .diff thead th.plot { padding: 0; }
  .diff .axis { justify-content: space-between; }
  .diff .axis span { width: auto; }
  .diff tr { display: grid; grid-template-columns: 1fr auto; border-bottom: 1px solid var(--line); }
  .diff th, .diff td { border-bottom: 0; }
  .diff tbody th, .diff .plot { grid-column: 1 / -1; width: auto; padding: 8px 0 0; }
  .diff td.plot { background-position: center; }
  .diff td.n { text-align: left; padding-left: 0; }
  .diff td.n small { display: inline; margin-left: 8px; }
}
@media print {
  :root { --bg: #fff; --surface: #fff; }
  body { font-size: 11pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  .card, tr, figure, .advice { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  table { font-size: 9pt; }
  th, td { padding: 4px 8px 4px 0; }
  td.n, th.n { padding-left: 8px; }
  td small { font-size: 8pt; }
  .bar, .plot { min-width: 80px; }
}`;
