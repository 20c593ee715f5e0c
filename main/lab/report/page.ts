/** The page that every report is: one HTML file that opens anywhere without a network, on screens and on paper. It runs no script. */
import { chartColours, chartStyle } from './html-chart.ts';
import { escaped } from './html-text.ts';

/** Whatever a session holds, the page fetches and runs nothing. */
const policy = "default-src 'none'; style-src 'unsafe-inline'";

/** Of screens, and of paper whatever the screen is. `own` are further variables of a theme. */
const light = (own: string): string =>
  '--ink: #1b1f24; --paper: #fff; --quiet: #57606a; --line: #d8dee4; --mark: #8a3ffc; --note: #0f62fe; --warn: #b26b00; ' +
  `${chartColours('light')} ${own}`;
const dark = (own: string): string =>
  '--ink: #e6edf3; --paper: #0d1117; --quiet: #9aa4af; --line: #30363d; --mark: #be95ff; --note: #78a9ff; --warn: #e3a008; ' +
  `${chartColours('dark')} ${own}`;

export interface PageLook {
  /** Variables of each theme, and rules that use them. */
  readonly light?: string;
  readonly dark?: string;
  readonly rules?: string;
}

const style = ({ light: ownLight = '', dark: ownDark = '', rules = '' }: PageLook): string => `
:root { color-scheme: light dark; ${light(ownLight)} }
@media (prefers-color-scheme: dark) {
  :root { ${dark(ownDark)} }
}
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
h3 { margin: 0; } small, header p, figcaption p { color: var(--quiet); font-weight: normal; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem 1.2rem .25rem 0; overflow-wrap: normal; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
.figure { text-align: right; } td.figure, tbody th { white-space: nowrap; } .notes { white-space: pre-wrap; }
tbody th { font-weight: 500; }
.wide { overflow-x: auto; } details .wide { max-height: 24rem; overflow-y: auto; }
pre { overflow-x: auto; padding: 1rem; border: 1px solid var(--line); border-radius: 4px; white-space: pre-wrap; }
.notice { padding: .5rem 1rem; border-left: 4px solid var(--mark); }
.wide.dense table { font-size: 14px; } .wide.dense :is(th, td) { padding-right: .8rem; }
@page { margin: 15mm; }
@media print {
  :root { color-scheme: light; ${light(ownLight)} }
  body { margin: 0; max-width: none; padding: 0; font-size: 11pt; }
  details { display: none; }
  table { font-size: 9pt; } th, td { padding-right: .7rem; } .wide { overflow: visible; }
  .wide.dense table { font-size: 7.5pt; } .wide.dense :is(th, td) { padding-right: .45rem; white-space: normal; }
  figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  h2 { margin-top: 2rem; }
}
${chartStyle}
${rules}`;

/** `body` is HTML, whose texts are escaped already. */
export const page = (title: string, body: string, look: PageLook = {}): string =>
  [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)} – fdscope</title>`,
    `<style>${style(look)}</style></head><body>`,
    body,
    '</body></html>\n',
  ].join('\n');

/** "27 November 2026, 14:58:23 UTC": the same wherever it is read. */
export const dateText = (wallMs: number): string =>
  `${new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(wallMs)}, ${new Date(wallMs).toISOString().slice(11, 19)} UTC`;
