/**
 * The parts that pages are made of.
 *
 * @module
 */

import type { Chart } from "../charts/run_curves.ts";

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
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; color: var(--soft); margin: 2px 4px; }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; }
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
  const cards = charts.map(({ id, svg, legend }) => {
    const names = (legend ?? []).map(({ name, color }) =>
      `<span><i style="background:${color}"></i>${escapeMarkup(name)}</span>`
    );
    return `<div class="card" id="${id}">${svg}${
      names.length === 0 ? "" : `<div class="legend">${names.join("")}</div>`
    }</div>`;
  });
  return `<div class="grid">${cards.join("\n")}</div>`;
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
