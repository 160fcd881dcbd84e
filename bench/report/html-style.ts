/** The style sheets of the reports. Charts take their colours from here, by name: see charts.ts. */

const LIGHT = `
  --paper: #ffffff; --card: #ffffff; --edge: #e3e6ea; --ink: #1b2026; --muted: #66707b; --line: #e9ecef;
  --series-1: #0b66d6; --series-2: #17a2a2; --series-3: #8b5cd6; --series-4: #c2488f;
  --peer: #e2691b; --limit: #7d8894; --good: #1a7f45; --bad: #b42318; --tint: #f5f7f9;`;

const DARK = `
  --paper: #12161b; --card: #1a2027; --edge: #2c343d; --ink: #e8ecf0; --muted: #98a3af; --line: #29313a;
  --series-1: #58a6ff; --series-2: #3cc7c0; --series-3: #b294f5; --series-4: #e884bd;
  --peer: #ff9248; --limit: #8e99a5; --good: #4cc38a; --bad: #ff7b72; --tint: #161b21;`;

/** For an SVG that stands by itself, such as the README's: on paper of its own, since nobody knows what is behind it. */
export const CHART_STYLE = `:root{${LIGHT}}@media (prefers-color-scheme: dark){:root{${DARK}}}`
  .replace(/\s*\n\s*/g, " ")
  .replace(/\{ /g, "{");

export const PAGE_STYLE = `
:root { color-scheme: light dark; ${LIGHT} --paper: #f5f7f9; }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 940px; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: 34px; line-height: 1.15; letter-spacing: -0.02em; margin: 0 0 6px; }
h2 { font-size: 22px; letter-spacing: -0.01em; margin: 0 0 6px; }
h3 { font-size: 16px; margin: 26px 0 2px; }
p { margin: 0 0 12px; }
a { color: var(--series-1); text-decoration: none; }
a:hover { text-decoration: underline; }
code { font: 13px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.lead, .how { color: var(--muted); max-width: 72ch; }
.how { font-size: 15px; }
nav { display: flex; flex-wrap: wrap; gap: 8px; margin: 20px 0; }
nav a {
  padding: 3px 12px; border: 1px solid var(--edge); border-radius: 999px; background: var(--card);
  color: var(--ink); font-size: 14px;
}
section {
  background: var(--card); border: 1px solid var(--edge); border-radius: 14px;
  padding: 22px 24px; margin: 0 0 20px; scroll-margin-top: 12px;
}
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 10px 0 0; padding: 0; list-style: none; font-size: 14px; }
.legend span { display: inline-block; width: 11px; height: 11px; border-radius: 50%; margin-right: 7px; vertical-align: -1px; }
.legend .limit { width: 4px; height: 13px; border-radius: 1px; margin: 0 10px 0 4px; vertical-align: -2px; }
figure { margin: 4px 0 0; }
figure svg { display: block; max-width: 100%; height: auto; }
.narrow { display: none; }
.scroll { overflow-x: auto; margin: 8px 0 0; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 10px; text-align: right; vertical-align: top; border-top: 1px solid var(--line); white-space: nowrap; }
thead th { border-top: 0; color: var(--muted); font-weight: 600; font-size: 13px; vertical-align: bottom; white-space: normal; }
th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal; font-weight: 500; min-width: 84px; }
td:last-child, th:last-child { padding-right: 0; }
td small { display: block; color: var(--muted); font-size: 12px; font-weight: 400; }
td.failed { white-space: normal; color: var(--bad); font-size: 12px; max-width: 150px; }
td.subject, th.subject { background: var(--tint); }
td.ratio { font-weight: 650; }
td.text, th.text { text-align: left; white-space: normal; }
.met { color: var(--good); font-weight: 600; }
.missed { color: var(--bad); font-weight: 600; }
.unmeasured { color: var(--muted); }
.bars { border-top: 1px solid var(--line); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 10px 0 0; font-size: 15px; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: 12px; }
summary { cursor: pointer; color: var(--series-1); font-size: 14px; }
footer { color: var(--muted); font-size: 14px; }
@media (max-width: 640px) {
  main { padding: 24px 10px 40px; }
  h1 { font-size: 27px; }
  section { padding: 18px 14px; border-radius: 12px; }
  .wide { display: none; }
  .narrow { display: block; }
  .narrow svg { width: 100%; }
  .scroll td:first-child, .scroll thead th:first-child { position: sticky; left: 0; background: var(--card); }
  th, td { padding: 6px 7px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 8px; }
}
@media print { nav { display: none; } section { break-inside: avoid; } }
`;
