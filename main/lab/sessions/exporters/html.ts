/** One HTML file that opens anywhere without a network: charts as SVG, tables, machine, scenario. It runs no script. */
import type { Exporter } from './exporter.ts';
import { chartColours, chartStyle } from './html-chart.ts';
import { readFigures } from './html-figures.ts';
import { reportBody } from './html-report.ts';
import { shareClasses, shareStyle } from './html-shares.ts';
import { escaped } from './html-text.ts';

/** Whatever a session holds, the page fetches and runs nothing. */
const policy = "default-src 'none'; style-src 'unsafe-inline'";

/** Of screens, and of paper whatever the screen is. */
const light =
  '--ink: #1b1f24; --paper: #fff; --quiet: #57606a; --line: #d8dee4; --mark: #8a3ffc; --note: #0f62fe; --warn: #b26b00; ' +
  chartColours('light') +
  ' ' +
  shareStyle('light');

const style = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --quiet: #9aa4af; --line: #30363d; --mark: #be95ff; --note: #78a9ff; --warn: #e3a008; ${chartColours('dark')} ${shareStyle('dark')} }
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
@page { margin: 15mm; }
@media print {
  :root { color-scheme: light; ${light} }
  body { margin: 0; max-width: none; padding: 0; font-size: 11pt; }
  details { display: none; }
  table { font-size: 9pt; } th, td { padding-right: .7rem; } .wide { overflow: visible; }
  figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  h2 { margin-top: 2rem; }
}
${chartStyle}
${shareClasses}`;

export const html: Exporter = {
  format: 'html',
  about: 'a report in one file, which opens without a network',
  extension: '.html',
  shape: () => 'file',
  async write(reader, output) {
    const { session } = reader;
    const { manifest, annotations, wasClosedWell } = session;
    const overview = await session.overview();
    const figures = await readFigures(reader, overview);
    const file = await output.create('report.html');
    await file.write(
      [
        '<!doctype html>',
        '<html lang="en"><head><meta charset="utf-8">',
        `<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">`,
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        `<title>${escaped(manifest.name)} – fdscope</title>`,
        `<style>${style}</style></head><body>`,
        reportBody({ manifest, annotations, overview, figures, wasClosedWell }),
        '</body></html>\n',
      ].join('\n'),
    );
  },
};
