/**
 * A validation as people read it: overall, which answers are taken for which, and by part.
 *
 * @module
 */

import type { Breakdown, Confusion, Probe, Validation } from "@unroll/core/plugin";
import { formatCount, formatFigure, formatMetric, formatPercent, formatTable } from "../format.ts";
import { axesOf, placeText } from "./limits.ts";
import { formatInterval } from "./wilson.ts";

/** More classes than these are no matrix that one can read. */
const MATRIX = 16;
/** Confused pairs that are listed where there is no matrix. */
const PAIRS = 10;

/**
 * Prints a validation.
 *
 * @param validation What was measured.
 * @param breakdown The same in parts, if the task has them.
 * @param columns How long a line of the matrix may be; where it is longer, the pairs that are confused are listed.
 * @returns Lines, each with its end.
 */
export function formatEvaluation(
  validation: Validation,
  breakdown?: Breakdown,
  columns: number = Infinity,
): string {
  const { confusions = [], parts = [] } = breakdown ?? {};
  const classes = new Set(confusions.flatMap(({ wanted, said }) => [wanted, said]));
  const sections = [
    overall(validation, breakdown),
    confused(confusions, [...classes], columns),
    ...axesOf(parts).map((axis) => part(parts.filter((probe) => probe.axis === axis))),
  ];
  return sections.filter((rows) => rows.length > 0).map((rows) =>
    rows.map((line) => `${line}\n`).join("")
  ).join("\n");
}

function overall({ loss, error, metrics = {} }: Validation, breakdown?: Breakdown): string[] {
  const { nats, bits, ...rest } = metrics;
  // Of a text the loss is the nats.
  const measured: readonly (readonly [string, string])[] = nats === undefined
    ? [["loss", formatFigure(loss)]]
    : [
      ["nats per character", formatFigure(nats)],
      ["bits per character", formatFigure(bits ?? nats / Math.LN2)],
      ["perplexity", formatFigure(Math.exp(nats))],
    ];
  const others = Object.entries(rest)
    // What is by ranges is below, with how many there were.
    .filter(([name]) =>
      breakdown === undefined || !/_\d+(_\d+)?$/.test(name) || /^error/.test(name)
    )
    .map(([name, value]) => [
      name.replaceAll("_", " "),
      formatMetric(name, value),
    ]);
  const rows = [
    ...(error === undefined ? [] : [["error", formatPercent(error)]]),
    ...measured,
    ...others,
  ];
  return formatTable(rows.map((row) => [...row]), [0]);
}

/** A matrix where there is room for it, else a list; nothing where all is right and a list would be empty. */
function confused(
  confusions: readonly Confusion[],
  classes: readonly string[],
  columns: number,
): string[] {
  if (confusions.length > 0 && classes.length <= MATRIX) {
    const head = "wanted \\ said";
    for (const corner of [head, ""]) {
      const lines = matrix(confusions, classes, corner);
      if (lines.every((line) => [...line].length <= columns)) {
        return corner === "" ? [head, ...lines] : lines;
      }
    }
  }
  return confusions.every(({ wanted, said }) => wanted === said) ? [] : pairs(confusions);
}

/** Rows are what was wanted, columns what was said. */
function matrix(
  confusions: readonly Confusion[],
  classes: readonly string[],
  corner: string,
): string[] {
  const counts = new Map(confusions.map(({ wanted, said, count }) => [`${wanted} ${said}`, count]));
  const rows = classes.map((wanted) => [
    wanted,
    ...classes.map((said) => {
      const count = counts.get(`${wanted} ${said}`);
      return count === undefined ? "·" : formatCount(count);
    }),
  ]);
  return formatTable([[corner, ...classes], ...rows], [0]);
}

function pairs(confusions: readonly Confusion[]): string[] {
  const totals = new Map<string, number>();
  for (const { wanted, count } of confusions) {
    totals.set(wanted, (totals.get(wanted) ?? 0) + count);
  }
  const confused = confusions.filter(({ wanted, said }) => wanted !== said)
    .toSorted((a, b) => b.count - a.count).slice(0, PAIRS);
  const rows = confused.map(({ wanted, said, count }) => [
    wanted,
    said,
    formatCount(count),
    `${formatPercent(count / (totals.get(wanted) ?? count))} of ${wanted}`,
  ]);
  return formatTable([["wanted", "said", "times", ""], ...rows], [0, 1, 3]);
}

function part(probes: readonly Probe[]): string[] {
  const [{ axis, loss }] = probes;
  const rows = probes.map((probe) => [
    placeText(probe),
    ...(loss === undefined ? [] : [formatFigure(probe.loss ?? NaN)]),
    formatPercent(probe.right / probe.count),
    formatInterval(probe.right, probe.count),
    `${formatCount(probe.right)} of ${formatCount(probe.count)}`,
  ]);
  const heads = [axis, ...(loss === undefined ? [] : ["nats"]), "right", "95 %", ""];
  return formatTable([heads, ...rows], []);
}
