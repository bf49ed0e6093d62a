/**
 * Where models fail, side by side, and in a sentence each.
 *
 * @module
 */

import type { Probe } from "@unroll/core/plugin";
import { formatCount, formatFigure, formatPercent, formatTable, wrapLines } from "../format.ts";
import { formatInterval } from "./wilson.ts";

/** What was asked of one run. */
export interface ProbedRun {
  /** Its name. */
  readonly name: string;
  /** Its answers. */
  readonly probes: readonly Probe[];
}

/** How far a model is right along an axis. */
export interface Limit {
  /** The axis. */
  readonly axis: string;
  /** The last number before the first with a mistake; absent if there is a mistake in the first. */
  readonly rightThrough?: number;
  /** The first with a mistake; absent if there is none. */
  readonly wrongFrom?: number;
  /** All of it, for people. */
  readonly sentence: string;
}

/** Writes what numbers a probe is of, such as `22` or `20–49`. */
export function placeText({ from, at }: Probe): string {
  return from === undefined || from === at
    ? formatCount(at)
    : `${formatCount(from)}–${formatCount(at)}`;
}

/** Names the axes of probes, in their order. */
export function axesOf(probes: readonly Probe[]): string[] {
  return [...new Set(probes.map(({ axis }) => axis))];
}

/**
 * Finds where a model fails.
 *
 * @param probes What it was asked along one axis, in order.
 * @returns Its limit.
 */
export function limitOf(probes: readonly Probe[]): Limit {
  const [{ axis, trained, loss }] = probes;
  const known = trained === undefined ? "" : ` (training has up to ${formatCount(trained)})`;
  if (loss !== undefined) return { axis, sentence: `${axis}${known}: ${gainText(probes)}` };
  const first = probes.findIndex(({ right, count }) => right < count);
  const about = `${axis}${known}: `;
  if (first < 0) {
    const { at } = probes[probes.length - 1];
    return {
      axis,
      rightThrough: at,
      sentence: `${about}right through ${formatCount(at)}, the end`,
    };
  }
  const { at, from = at, right, count } = probes[first];
  const wrong = `wrong from ${formatCount(from)}: ${formatCount(right)} of ${formatCount(count)}` +
    ` right (${formatInterval(right, count)})`;
  if (first === 0) return { axis, wrongFrom: from, sentence: `${about}${wrong}` };
  const rightThrough = probes[first - 1].at;
  return {
    axis,
    rightThrough,
    wrongFrom: from,
    sentence: `${about}right through ${formatCount(rightThrough)}, ${wrong}`,
  };
}

/** Says up to where a loss falls, to within 1 % of the least. */
function gainText(probes: readonly Probe[]): string {
  const losses = probes.map(({ loss = NaN }) => loss);
  const enough = probes[losses.findIndex((loss) => loss <= 1.01 * Math.min(...losses))];
  const [first, last] = [probes[0], probes[probes.length - 1]];
  if (enough === undefined) return "its answers are not finite numbers";
  const begun = `${formatFigure(losses[0])} nats after ${placeText(first)}`;
  const best = `${formatFigure(enough.loss ?? NaN)} after ${placeText(enough)}`;
  if (enough === first) return `${begun}, and more make it no better`;
  return `${begun}, ${best}${
    enough === last ? "" : `, and more, up to ${formatCount(last.at)}, make it no better`
  }`;
}

/** How much {@linkcode formatLimits} prints. */
export interface LimitsFormat {
  /** Whether only right answers are told, without intervals and sentences. */
  readonly brief?: boolean;
  /** How long a line may be. */
  readonly columns?: number;
}

/**
 * Prints probes as tables, one for each axis, with a column for each run and then its sentence.
 *
 * @param runs The runs.
 * @param format How much of it.
 * @returns Lines, each with its end.
 */
export function formatLimits(
  runs: readonly ProbedRun[],
  { brief = false, columns: width = Infinity }: LimitsFormat = {},
): string {
  const axes = [...new Set(runs.flatMap(({ probes }) => axesOf(probes)))];
  const fits = (lines: readonly string[]) => lines.every((line) => [...line].length <= width);
  const tables = axes.map((axis) => {
    const lines = tableLines(axis, runs, brief);
    if (fits(lines)) return lines.map((line) => `${line}\n`).join("");
    // Long names stand above tables of their numbers, of as many runs as there is room for.
    const numbered = runs.map((run, i) => ({ ...run, name: `(${i + 1})` }));
    const split = (part: readonly ProbedRun[]): string[] => {
      const lines = tableLines(axis, part, brief);
      const half = Math.ceil(part.length / 2);
      return fits(lines) || half === part.length
        ? lines
        : [...split(part.slice(0, half)), "", ...split(part.slice(half))];
    };
    const names = runs.flatMap(({ name }, i) => wrapLines(name, width, `(${i + 1}) `));
    return [...names, ...split(numbered)].map((line) => `${line}\n`).join("");
  });
  if (brief) return tables.join("\n");
  const sentences = runs.flatMap(({ name, probes }) =>
    axesOf(probes).map((axis) => {
      const { sentence } = limitOf(probes.filter((probe) => probe.axis === axis));
      const lines = wrapLines(`${runs.length > 1 ? `${name}, ` : ""}${sentence}`, width);
      return lines.map((line) => `${line}\n`).join("");
    })
  );
  return [...tables, sentences.join("")].join("\n");
}

function tableLines(axis: string, runs: readonly ProbedRun[], brief: boolean): string[] {
  const columns = runs.map(({ probes }) =>
    new Map(probes.filter((probe) => probe.axis === axis).map((probe) => [placeText(probe), probe]))
  );
  const places = [...new Map(columns.flatMap((probes) => [...probes])).entries()]
    .toSorted(([, a], [, b]) => a.at - b.at).map(([place]) => place);
  const heads = [axis, ...runs.flatMap(({ name }) => brief ? [name] : [name, "95 %"])];
  const rows = places.map((place) => [
    place,
    ...columns.flatMap((probes) => {
      const probe = probes.get(place);
      return brief ? [probe === undefined ? "-" : formatCount(probe.right)] : cellsOf(probe);
    }),
  ]);
  return formatTable([heads, ...alikeTogether(rows)], []);
}

function cellsOf(probe: Probe | undefined): [string, string] {
  if (probe === undefined) return ["-", ""];
  const { right, count, loss } = probe;
  if (loss !== undefined) {
    return [`${formatFigure(loss)} nats, ${formatPercent(right / count)}`, interval(probe)];
  }
  return [`${formatCount(right)} of ${formatCount(count)}`, interval(probe)];
}

function interval({ right, count }: Probe): string {
  return formatInterval(right, count);
}

/** Makes one row of neighbours that say the same, each of one number: ranges would have to be counted together. */
function alikeTogether(rows: readonly string[][]): string[][] {
  const merged: { first: string; last: string; cells: string[] }[] = [];
  for (const [place, ...cells] of rows) {
    const before = merged.at(-1);
    const alike = before?.cells.join("|") === cells.join("|");
    if (before !== undefined && alike && !`${before.last}${place}`.includes("–")) {
      before.last = place;
    } else merged.push({ first: place, last: place, cells });
  }
  return merged.map(({ first, last, cells }) => [
    first === last ? first : `${first} to ${last}`,
    ...cells,
  ]);
}
