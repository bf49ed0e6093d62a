/**
 * The parts that pages are made of.
 *
 * @module
 */

import type { MetricsLine } from "@unroll/core/runs";
import type { Chart, LegendItem } from "../charts/run_curves.ts";
import { formatCount } from "../format.ts";

/** Escapes text for HTML and XML. */
export function escapeMarkup(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}

/** CSS of both, for light and dark. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2330; --soft: #5d6878; --line: #dfe4ea; --panel: #f7f8fa;
  --accent: #3b76c4; --second: #e0812b; --good: #2f8a52; --bad: #c33d2e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181f; --ink: #e4e8ee; --soft: #98a3b3; --line: #2c3440; --panel: #1b2029;
    --accent: #6ba3ea; --second: #eba05a; --good: #5fbf85; --bad: #e8786a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 28px 24px 60px; max-width: 1180px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
}
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 34px 0 10px; }
p { margin: 6px 0; }
.soft { color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: 10px; margin: 18px 0 6px; }
.figure { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 8px 14px; min-width: 112px; }
.figure b { display: block; font-size: 19px; font-weight: 600; font-variant-numeric: tabular-nums; }
.figure span { color: var(--soft); font-size: 12.5px; }
.good { color: var(--good); } .bad { color: var(--bad); }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 14px; }
.card { border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; background: var(--paper); min-width: 0; }
.card.wide { margin-bottom: 14px; overflow-x: auto; }
.card svg { display: block; max-width: 100%; height: auto; color: var(--ink); }
.grid .card > svg { width: 100%; max-width: 680px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; color: var(--soft); margin: 2px 4px; }
.legend label { cursor: pointer; overflow-wrap: anywhere; }
.legend input { margin: 0 5px 0 0; vertical-align: -1px; }
.card svg.key, svg.key { display: inline; max-width: none; width: 26px; height: 10px; margin-right: 6px; vertical-align: baseline; }
.all { max-height: 260px; overflow-y: auto; }
#note {
  position: fixed; z-index: 1; pointer-events: none; background: var(--ink); color: var(--paper);
  font-size: 12.5px; padding: 2px 8px; border-radius: 5px; max-width: 90vw;
}
.runs .card { max-height: 46vh; overflow: auto; }
input[data-run] { margin: 0 7px 0 0; vertical-align: -1px; }
input[type=search] { font: inherit; width: min(100%, 300px); padding: 4px 8px; }
a { color: var(--accent); }
.scroll { overflow-x: auto; }
.track { height: 8px; background: var(--panel); border: 1px solid var(--line); border-radius: 5px; overflow: hidden; margin: 14px 0 0; }
.track div { height: 100%; background: var(--accent); }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr)); gap: 10px; }
.settings { grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); }
@media (max-width: 600px) {
  .samples { grid: auto / auto-flow minmax(250px, 1fr); overflow-x: auto; }
  body { padding: 20px 14px 40px; }
}
.samples pre { max-height: 15em; overflow-y: auto; margin: 4px 0; }
.best td { font-weight: 600; }
.badge { color: var(--good); font-weight: 600; white-space: nowrap; }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; }
td.value { overflow-wrap: anywhere; }
td:not(.value) { white-space: nowrap; }
th, td { text-align: left; padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; }
th { font-weight: 600; color: var(--soft); }
pre {
  background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px;
  overflow-x: auto; font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; margin: 8px 0; white-space: pre-wrap;
}
.word { white-space: pre; }
details { margin: 8px 0; } summary { cursor: pointer; color: var(--soft); }
`;

/** Lays out charts beside each other, each with its legend. */
export function chartGrid(charts: readonly Chart[]): string {
  const cards = charts.map(({ id, svg, legend = [] }) =>
    `<div class="card" id="${id}">${svg}${legend.length === 0 ? "" : legendOf(legend)}</div>`
  );
  return `<div class="grid">${cards.join("\n")}</div>`;
}

/** Lays out what series are called, each to be hidden and shown. */
export function legendOf(items: readonly LegendItem[]): string {
  const labels = items.map((item) => {
    const box = item.id === undefined
      ? ""
      : `<input type="checkbox" checked data-series="${escapeMarkup(item.id)}">`;
    return `<label>${box}${lineKey(item)}${escapeMarkup(item.name)}</label>`;
  });
  return `<div class="legend all">${labels.join("")}</div>`;
}

/** Draws a piece of a series' line, as it is in the charts. */
export function lineKey({ color, dash }: Pick<LegendItem, "color" | "dash">): string {
  const dashes = dash === undefined ? "" : ` stroke-dasharray="${dash}"`;
  return `<svg class="key" viewBox="0 0 26 10"><path d="M0 5H26" stroke="${color}" stroke-width="3"${dashes}/></svg>`;
}

/** Samples at most; of more, some between the first and the last. */
const SAMPLES = 8;

/** Lays out what a model made while it learned, side by side; nothing where it made nothing. */
export function samplesPart(lines: readonly MetricsLine[]): string {
  const all = lines.flatMap((line) =>
    line.event === "sample" && typeof line.text === "string" && typeof line.step === "number"
      ? [{ step: line.step, text: line.text }]
      : []
  );
  if (all.length === 0) return "";
  const count = Math.min(SAMPLES, all.length);
  const chosen = Array.from(
    { length: count },
    (_, i) => all[count === 1 ? all.length - 1 : Math.round(i * (all.length - 1) / (count - 1))],
  );
  const cards = chosen.map(({ step, text }) =>
    `<div><span class="soft">Step ${formatCount(step)}</span><pre>${escapeMarkup(text)}</pre></div>`
  );
  return `<h2>Samples on the way</h2>\n<div class="samples" id="samples">${cards.join("\n")}</div>`;
}

/** Lays out figures: what each is called, its text, and the class of that; those without a text are left out. */
export function figureBoxes(
  figures: readonly (readonly [name: string, text: string | undefined, kind?: string])[],
): string {
  const boxes = figures.filter(([, text]) => text !== undefined).map(([name, text, kind = ""]) =>
    `<div class="figure"><b class="${kind}">${escapeMarkup(text ?? "")}</b><span>${
      escapeMarkup(name)
    }</span></div>`
  );
  return `<div class="figures">${boxes.join("")}</div>`;
}
