/**
 * What a model consists of, as a table for people.
 *
 * @module
 */
import type { LayerRow } from "@unroll/core/plugin";

/**
 * Formats a table of layers, what comes out of them and how many parameters they have, with the total.
 *
 * @param layers The layers of a model.
 * @returns Lines of text.
 *
 * @example Usage
 * ```ts
 * import { formatSummary } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const text = formatSummary([
 *   { name: "rnn", output: "[time, batch, 5]", parameters: 35 },
 *   { name: "output", output: "[time, batch, 4]", parameters: 24 },
 * ]);
 * strictEqual(
 *   text,
 *   `Layer   Output            Parameters
 * rnn     [time, batch, 5]          35
 * output  [time, batch, 4]          24
 * total                             59`,
 * );
 * ```
 */
export function formatSummary(layers: readonly LayerRow[]): string {
  const rows: [string, string, string][] = [
    ["Layer", "Output", "Parameters"],
    ...layers.map(({ name, output, parameters }): [string, string, string] => [
      name,
      output,
      formatCount(parameters),
    ]),
    ["total", "", formatCount(layers.reduce((sum, { parameters }) => sum + parameters, 0))],
  ];
  const width = (column: number) => Math.max(...rows.map((row) => row[column].length));
  const [first, second, third] = [width(0), width(1), width(2)];
  return rows.map(([name, output, parameters]) =>
    `${name.padEnd(first)}  ${output.padEnd(second)}  ${parameters.padStart(third)}`
  ).join("\n");
}

function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}
