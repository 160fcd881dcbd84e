/** The style sheets of the HTML report and of the README's chart. */

const LIGHT = `
  --paper: #ffffff; --card: #ffffff; --edge: #e3e6ea; --ink: #1b2026; --muted: #5f6973; --line: #e9ecef;
  --track: #e9ecef; --hapwire: #0b66d6; --portable: #17a2a2; --other: #8b5cd6; --peer: #e2691b; --limit: #7d8894;
  --bad: #b42318; --mark: #fff4d6;`;

const DARK = `
  --paper: #12161b; --card: #1a2027; --edge: #2c343d; --ink: #e8ecf0; --muted: #98a3af; --line: #29313a;
  --track: #2a323b; --hapwire: #58a6ff; --portable: #3cc7c0; --other: #b294f5; --peer: #ff9248; --limit: #8e99a5;
  --bad: #ff7b72; --mark: #3a3216;`;

/** Each contender has the same colour in every chart. */
const BARS = `
.track { fill: var(--track); } .range { fill: var(--ink); opacity: 0.55; }
.hapwire { fill: var(--hapwire); } .portable { fill: var(--portable); } .other { fill: var(--other); }
.peer { fill: var(--peer); } .limit { fill: var(--limit); }`;

const FONT = `system-ui, -apple-system, "Segoe UI", Roboto, sans-serif`;

/** For an SVG that stands by itself. */
export const CHART_STYLE = `
:root { ${LIGHT} } @media (prefers-color-scheme: dark) { :root { ${DARK} } }
text { font: 13px ${FONT}; fill: var(--ink); } .paper { fill: var(--paper); }
.heading, .verdict { font-weight: 650; } .verdict { fill: var(--hapwire); } text.muted { fill: var(--muted); }
${BARS}
`;

export const PAGE_STYLE = `
:root { color-scheme: light dark; ${LIGHT} --paper: #f5f7f9; }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 ${FONT}; overflow-wrap: anywhere; }
main { max-width: 820px; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: 32px; line-height: 1.15; letter-spacing: -0.02em; margin: 0 0 8px; }
h2 { font-size: 21px; letter-spacing: -0.01em; margin: 0 0 6px; }
h3 { font-size: 16px; margin: 24px 0 0; }
p { margin: 0 0 10px; }
a { color: var(--hapwire); }
code { font: 13px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.mark { background: var(--mark); border-radius: 8px; padding: 10px 14px; font-weight: 600; }
.muted { color: var(--muted); }
nav ul { columns: 16em; margin: 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: 3px 0; }
section, nav {
  background: var(--card); border: 1px solid var(--edge); border-radius: 12px;
  padding: 20px 22px; margin: 0 0 16px; scroll-margin-top: 12px;
}
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 0 6px 12px; text-align: right; vertical-align: top; width: 11.5em; font-weight: 400; line-height: 1.35; }
th:first-child, td:first-child { text-align: left; padding-left: 0; width: auto; }
thead th { color: var(--muted); font-size: 13px; }
tbody { border-top: 1px solid var(--edge); }
.group th { font-weight: 650; font-size: 15px; padding-top: 14px; }
.ratio td:nth-child(n + 2) { font-weight: 650; }
small { display: block; color: var(--muted); font-size: 12px; font-weight: 400; }
.failed { color: var(--bad); font-size: 12px; }
.bar { display: block; margin-top: 4px; }
${BARS}
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 10px 0 0; font-size: 15px; }
dt { color: var(--muted); }
dd { margin: 0; }
summary { cursor: pointer; color: var(--hapwire); padding: 4px 0; }
@media (max-width: 640px) {
  main { padding: 24px 10px 40px; }
  h1 { font-size: 26px; }
  section, nav { padding: 16px 14px; }
  th, td { padding-left: 8px; width: 6.6em; }
  small { font-size: 11px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 8px; }
}
`;
