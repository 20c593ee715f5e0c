/** The lab report's style sheet: paper. */
export const reportStyle = `
:root { color-scheme: light; --ink: #131a23; --dim: #586577; --line: #d9dfe7; --good: #0c6e43; --bad: #b3261e; }
body { margin: 0; background: #fff; color: var(--ink); font: 15px/1.5 system-ui, 'Segoe UI', 'Liberation Sans', sans-serif; }
main { max-width: 900px; margin: 0 auto; padding: 2rem 1.5rem; }
h1 { margin: 0 0 .5rem; font-size: 1.8rem; } h2 { margin: .1rem 0 .3rem; font-size: 1.3rem; } .chapter { margin: 2.5rem 0 0; color: var(--dim); font-size: .9rem; } h3 { margin: 1.5rem 0 .3rem; font-size: 1rem; }
header p { margin: .1rem 0; color: var(--dim); } .question { margin: 0 0 1rem; } .dim { color: var(--dim); }
section { border-top: 1px solid var(--line); }
img.dark { filter: invert(1) hue-rotate(180deg); }
.predictions td:last-child { white-space: nowrap; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 0 1rem; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th.figure, td.figure { text-align: right; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
tbody th { font-weight: 500; }
figure { margin: 1rem 0; } figcaption { color: var(--dim); font-size: .85rem; }
svg, img { display: block; width: 100%; max-width: 760px; height: auto; }
svg text { font: 12px system-ui, 'Liberation Sans', sans-serif; fill: var(--ink); }
polyline { fill: none; stroke-width: 2.5; stroke: #1b7fb8; } polyline.predicted { stroke: #b86e00; stroke-dasharray: 7 4; }
.claims { padding-left: 1.2rem; } .claims li { margin: .3rem 0; } .claims b { color: var(--good); } .claims .bad b, .bad { color: var(--bad); }
code { font-family: ui-monospace, 'Liberation Mono', monospace; font-size: .9em; }
.calls { font-size: .9rem; }
.told { padding: .5rem 1rem; border-left: 4px solid #1b7fb8; background: #f3f5f8; }
@page { margin: 15mm; }
@media print {
  main { max-width: none; padding: 0; } body { font-size: 11pt; }
  figure, tr, li, .told, .short { break-inside: avoid; } h2, h3, .chapter { break-after: avoid; } .wide { overflow: visible; }
  /* A question stands with what was predicted of it. */
  .question { break-after: avoid; } .pictures figure { margin: .5rem 0; }
}
`;
