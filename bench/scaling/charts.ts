/**
 * The figures of the page: panels with two logarithmic axes side by side, and what their lines are.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { drawSvg, PALETTE } from "../../cli/charts/svg.ts";

/** What a line of a panel is. */
export interface Line {
  /** What the legend calls it; lines of one name look the same in all panels. */
  readonly name: string;
  /** Its points, from left to right. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Whether it is a bound or a formula, drawn in dashes and without dots. */
  readonly dashed?: boolean;
}

/** One panel. */
export interface Panel {
  /** What stands above it. */
  readonly title: string;
  /** What the horizontal axis is. */
  readonly x: string;
  /** Its lines. */
  readonly lines: readonly Line[];
  /** Words for a height. */
  readonly format: (y: number) => string;
}

const WIDTH = 420;
const HEIGHT = 280;
const COLUMNS = 2;
const LEGEND = 30;
/** How much of the axis lies beyond the least and the greatest value, as a factor. */
const MARGIN = 1.5;
/** Above the charts' own titles. */
const TITLE = 22;

/**
 * Draws panels in rows of two, with one legend for all.
 *
 * @param label What the figure shows, for who cannot see it.
 * @param panels The panels.
 * @returns An SVG document as text.
 */
export function drawPanels(label: string, panels: readonly Panel[]): string {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const colorOf = (name: string) => PALETTE[names.indexOf(name) % PALETTE.length];
  const dashed = new Set(
    panels.flatMap(({ lines }) => lines.filter((line) => line.dashed).map(({ name }) => name)),
  );
  const width = WIDTH * Math.min(COLUMNS, panels.length);
  const height = LEGEND + Math.ceil(panels.length / COLUMNS) * (HEIGHT + TITLE);
  const charts = panels.map((panel, i) => {
    const [x, y] = [
      i % COLUMNS * WIDTH,
      LEGEND + Math.floor(i / COLUMNS) * (HEIGHT + TITLE),
    ];
    return drawPanel(panel, colorOf).replace("<svg ", `<svg x="${x}" y="${y}" `);
  });
  const legend = names.map((name, i) => {
    const x = 16 + i * (width - 16) / names.length;
    const dash = dashed.has(name) ? ' stroke-dasharray="4 3"' : "";
    return `<line x1="${x}" x2="${x + 22}" y1="17" y2="17" stroke="${colorOf(name)}" ` +
      `stroke-width="2"${dash}/><text x="${x + 28}" y="21">${name}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${label}" width="${width}" ` +
    `height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" ` +
    `font-size="11"><rect width="100%" height="100%" fill="white"/>${legend.join("")}${
      charts.join("")
    }</svg>\n`;
}

function drawPanel({ title, x, lines, format }: Panel, colorOf: (name: string) => string): string {
  const ys = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))]
    .sort((a, b) => a - b);
  const [least, most] = [Math.min(...ys) / MARGIN, Math.max(...ys) * MARGIN];
  const powers = powersOfTen(least, most);
  const marks = lines.flatMap(({ name, points, dashed }) => {
    const data = points.map(([x, y]) => ({ x, y }));
    const stroke = colorOf(name);
    const line = Plot.lineY(data, {
      x: "x",
      y: "y",
      stroke,
      strokeWidth: 1.8,
      strokeDasharray: dashed ? "4 3" : undefined,
    });
    return dashed ? [line] : [line, Plot.dot(data, { x: "x", y: "y", fill: stroke, r: 2.5 })];
  });
  return drawSvg({
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 62,
    marginBottom: 38,
    x: { type: "log", label: null, axis: null },
    y: { type: "log", label: null, axis: null, domain: [least, most] },
    marks: [
      Plot.gridY(powers, { strokeOpacity: 0.12 }),
      Plot.axisY(powers, { text: (y: number) => format(y), label: null, tickSize: 0 }),
      Plot.axisX(xs, {
        text: (x: number) => String(x),
        label: x,
        labelAnchor: "center",
        labelArrow: "none",
        tickSize: 3,
      }),
      ...marks,
    ],
  }, title);
}

/** The powers of ten between two values. */
function powersOfTen(least: number, most: number): number[] {
  const first = Math.ceil(Math.log10(least));
  const last = Math.floor(Math.log10(most));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(`1e${first + i}`));
}
