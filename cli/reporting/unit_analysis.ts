/**
 * What each unit does: how far it moves, after how many steps it repeats itself, and what explains it.
 *
 * @module
 */

import type { Annotation } from "@unroll/core/plugin";
import { formatTable } from "../format.ts";
import type { HiddenStates } from "./hidden_states.ts";

/** What is known of one unit. */
export interface UnitAnalysis {
  /** Its number, from 1. */
  readonly unit: number;
  /** Mean of its states. */
  readonly mean: number;
  /** Half the distance between its lowest and highest value. */
  readonly amplitude: number;
  /** After how many steps it repeats itself; absent when it does not, or hardly moves. */
  readonly period?: number;
  /** For each annotation: how much of the unit's variance it explains, from 0 to 1. */
  readonly correlationRatio: Readonly<Record<string, number>>;
}

/** A unit that moves less than this does nothing. */
const STILL = 0.02;
/** A period is one where the unit is this much like itself. */
const ALIKE = 0.85;

/**
 * Looks at what each unit does.
 *
 * The period is the smallest shift at which the autocorrelation, without the mean, is nearly the highest of all and at
 * least 0.85. What an annotation explains is the correlation ratio η² = (variance between its values' means) / (variance),
 * which asks no order of the values: `n mod 3` may be coded in any way. A ratio is not told where the annotation has
 * fewer than two values, or nearly as many as there are steps, which explains everything and nothing.
 *
 * @param states What was in the units.
 * @param annotations The task's own state at each step.
 * @param repeats Whether periods are looked for, which takes as long as the square of the steps.
 * @returns One line for each unit.
 */
export function analyzeHidden(
  states: HiddenStates,
  annotations: readonly Annotation[] = [],
  repeats: boolean = true,
): readonly UnitAnalysis[] {
  const { values, time, units } = states;
  const told = annotations.filter(({ values }) => values.length === time && isTelling(values))
    .map(({ name, values }) => ({ name, ...classesOf(values) }));
  const signal = new Float64Array(time);
  return Array.from({ length: units }, (_, unit) => {
    let low = Infinity;
    let high = -Infinity;
    let sum = 0;
    for (let t = 0; t < time; t++) {
      const value = values[t * units + unit];
      signal[t] = value;
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
    }
    const amplitude = (high - low) / 2;
    const period = amplitude < STILL || !repeats ? undefined : periodOf(signal);
    const correlationRatio = Object.fromEntries(
      told.map((classes) => [
        classes.name,
        amplitude < STILL ? 0 : correlationRatioOf(signal, classes),
      ]),
    );
    return {
      unit: unit + 1,
      mean: sum / time,
      amplitude,
      ...(period === undefined ? {} : { period }),
      correlationRatio,
    };
  });
}

/**
 * Finds after how many steps a signal repeats itself.
 *
 * @param signal The values in order.
 * @returns The smallest shift at which it is most like itself; `undefined` if it is not like itself at any.
 */
export function periodOf(signal: Float64Array): number | undefined {
  // Shifts up to half the length, so that at least half of the signal is compared.
  const maxShift = Math.floor(signal.length / 2);
  const likeness: number[] = [];
  for (let shift = 1; shift <= maxShift; shift++) likeness.push(correlation(signal, shift));
  // What changes slowly is like itself at once: a period comes after it was unlike itself.
  const fallen = likeness.findIndex((value) => value < 0.5);
  if (fallen < 0) return undefined;
  const best = Math.max(...likeness.slice(fallen).filter(Number.isFinite));
  if (best < ALIKE) return undefined;
  const found = likeness.findIndex((value, index) => index >= fallen && value >= best - 0.05);
  // The top of the hill that begins there.
  let top = found;
  while (top + 1 < likeness.length && likeness[top + 1] > likeness[top]) top++;
  return top + 1;
}

/** Computes the correlation of a signal with itself, so many steps later. */
function correlation(signal: Float64Array, shift: number): number {
  const length = signal.length - shift;
  let meanA = 0;
  let meanB = 0;
  for (let t = 0; t < length; t++) {
    meanA += signal[t] / length;
    meanB += signal[t + shift] / length;
  }
  let both = 0;
  let a = 0;
  let b = 0;
  for (let t = 0; t < length; t++) {
    const x = signal[t] - meanA;
    const y = signal[t + shift] - meanB;
    both += x * y;
    a += x * x;
    b += y * y;
  }
  return a > 0 && b > 0 ? both / Math.sqrt(a * b) : NaN;
}

function isTelling(values: Int32Array): boolean {
  const different = new Set(values).size;
  return different >= 2 && different * 2 <= values.length;
}

/** The values of an annotation, numbered from 0. */
interface Classes {
  readonly numbers: Int32Array;
  readonly count: number;
}

function classesOf(values: Int32Array): Classes {
  const known = new Map<number, number>();
  const numbers = values.map((value) => {
    const number = known.get(value) ?? known.size;
    known.set(value, number);
    return number;
  });
  return { numbers, count: known.size };
}

/** Computes the correlation ratio η². */
function correlationRatioOf(signal: Float64Array, { numbers, count }: Classes): number {
  const sums = new Float64Array(count);
  const counts = new Int32Array(count);
  let total = 0;
  for (let t = 0; t < signal.length; t++) {
    sums[numbers[t]] += signal[t];
    counts[numbers[t]]++;
    total += signal[t];
  }
  const mean = total / signal.length;
  let between = 0;
  for (let i = 0; i < count; i++) between += counts[i] * (sums[i] / counts[i] - mean) ** 2;
  let all = 0;
  for (const value of signal) all += (value - mean) ** 2;
  return all > 0 ? between / all : 0;
}

/** More columns than these do not fit: the best alone is told. */
const COLUMNS = 4;

/**
 * Prints what units do, as a table.
 *
 * @param analyses What is known of them.
 * @returns Lines without line ends.
 */
export function formatAnalysis(analyses: readonly UnitAnalysis[]): string[] {
  const names = Object.keys(analyses[0]?.correlationRatio ?? {});
  const isWide = names.length > COLUMNS;
  const repeats = analyses.some(({ period }) => period !== undefined);
  const rows = [
    [
      "unit",
      "mean",
      "amplitude",
      ...(repeats ? ["period"] : []),
      ...(isWide ? ["explained best by"] : names),
    ],
    ...analyses.map(({ unit, mean, amplitude, period, correlationRatio }) => [
      String(unit),
      mean.toFixed(2),
      amplitude.toFixed(2),
      ...(repeats ? [period === undefined ? "-" : String(period)] : []),
      ...(isWide
        ? [
          bestOf(correlationRatio).map(([name, share]) => `${name} ${share.toFixed(2)}`).join(", "),
        ]
        : names.map((name) => correlationRatio[name].toFixed(2))),
    ]),
  ];
  return formatTable(rows, isWide ? [rows[0].length - 1] : []);
}

/** The two things that explain most. */
function bestOf(ratios: UnitAnalysis["correlationRatio"]): [string, number][] {
  return Object.entries(ratios).sort(([, a], [, b]) => b - a).slice(0, 2);
}

/**
 * Explains the columns of {@linkcode formatAnalysis}.
 *
 * @param analyses What is known of units.
 * @returns Sentences.
 */
export function explainAnalysis(analyses: readonly UnitAnalysis[]): string[] {
  const names = Object.keys(analyses[0]?.correlationRatio ?? {});
  // What explains most is the best example.
  const [[unit, example, share] = [0, "", 0]] = analyses
    .map(({ unit, correlationRatio }) => [unit, ...bestOf(correlationRatio)[0] ?? ["", 0]] as const)
    .sort((a, b) => b[2] - a[2]);
  return [
    "Amplitude: half of the way from the lowest value to the highest.",
    ...(analyses.some(({ period }) => period !== undefined)
      ? ["Period: after so many steps the unit is where it was."]
      : []),
    ...(names.length === 0 ? [] : [
      `${example} ${share.toFixed(2)}: the share of unit ${unit}'s variance that ` +
      `${example} explains (η²), from 0 to 1.`,
    ]),
  ];
}

/**
 * Chooses the units that a table is worth: all of a few, of many those that something explains.
 *
 * @param analyses What is known of all.
 * @param most How many at most.
 * @returns Some of them, in order.
 */
export function worthTelling(
  analyses: readonly UnitAnalysis[],
  most: number = 16,
): readonly UnitAnalysis[] {
  if (analyses.length <= most) return analyses;
  const best = ({ correlationRatio, period }: UnitAnalysis) =>
    Math.max(period === undefined ? 0 : 0.5, ...Object.values(correlationRatio));
  return analyses.filter((one) => best(one) >= 0.5).sort((a, b) => best(b) - best(a)).slice(0, most)
    .sort((a, b) => a.unit - b.unit);
}
