/**
 * A curve in characters, for a terminal.
 *
 * @module
 */

import { shortNumber } from "../format.ts";

/** How a curve is drawn. */
export interface PlotOptions {
  /** Characters that a line has, at least 40. */
  readonly columns: number;
  /** Lines of the frame. */
  readonly rows?: number;
  /** What stands at the left and the right end of the horizontal axis. */
  readonly ends: readonly [string, string];
  /** The greatest value that there is room for; greater ones stand at the top as arrows. */
  readonly top?: number;
  /** Letters under the axis, by their place among the values. */
  readonly marks?: readonly { readonly at: number; readonly letter: string }[];
}

/**
 * Draws values at equal distances. What packages for this draw has no marks, and lines in place of points.
 *
 * @param values The values from left to right, finite, at least one.
 * @param options How.
 * @returns Lines, without their ends.
 */
export function plotValues(
  values: readonly number[],
  { columns, rows = 12, ends, top = Infinity, marks = [] }: PlotOptions,
): string[] {
  const [low, high] = [Math.min(...values), Math.min(top, Math.max(...values))];
  const labels = [high, (low + high) / 2, low].map(shortNumber);
  const margin = Math.max(...labels.map(({ length }) => length)) + 1;
  const width = Math.max(20, columns - margin - 2);
  const columnOf = (index: number) =>
    Math.round(index / Math.max(1, values.length - 1) * (width - 1));
  const cells = Array.from({ length: rows }, () => new Array<string>(width).fill(" "));
  for (const [index, value] of values.entries()) {
    const height = high > low ? (Math.min(value, high) - low) / (high - low) : 0;
    cells[Math.round((1 - height) * (rows - 1))][columnOf(index)] = value > high ? "↑" : "•";
  }
  const labelOf = new Map([[0, labels[0]], [Math.round((rows - 1) / 2), labels[1]], [
    rows - 1,
    labels[2],
  ]]);
  const frame = cells.map((row, i) =>
    `${(labelOf.get(i) ?? "").padStart(margin)} ┤${row.join("")}`.trimEnd()
  );
  const axis = new Array<string>(width).fill("─");
  for (const { at, letter } of marks) axis[columnOf(at)] = letter;
  const [left, right] = ends;
  return [
    ...frame,
    `${" ".repeat(margin)} └${axis.join("")}`,
    `${" ".repeat(margin + 2)}${left}${right.padStart(Math.max(1, width - left.length))}`,
  ];
}
