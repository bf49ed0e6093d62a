/**
 * What a model thinks at each step of one sequence, and what its hidden units do.
 *
 * @module
 */

import type { TypedArray } from "@unroll/core";
import {
  type Annotation,
  type Batch,
  type Predict,
  randomFor,
  type TaskInstance,
} from "@unroll/core/plugin";
import { formatTable } from "../format.ts";

/** What was in the units at each step. */
export interface HiddenStates {
  /** f32[time, units], row-major. */
  readonly values: Float32Array;
  /** Steps. */
  readonly time: number;
  /** Units. */
  readonly units: number;
}

/**
 * Tells whether values have a sign, as those of tanh have, so that 0 is their middle.
 *
 * @param values The values of units.
 * @returns Whether any is below nothing.
 */
export function isSigned(values: Float32Array): boolean {
  return values.some((value) => value < 0);
}

/** Hidden states over time, with what is known of each step. */
export interface HiddenStateCapture {
  /** The states over time. */
  readonly states: HiddenStates;
  /** What a person calls each step. */
  readonly labels: readonly string[];
  /** The task's own state at each step. */
  readonly annotations: readonly Annotation[];
}

/** Which sequence to look at. */
export interface CaptureRequest {
  /** What a person typed; if all is left out the task's own example, else the first of a batch. */
  readonly input?: string;
  /** Steps at most; for models that run by themselves, all of them. */
  readonly length?: number;
  /** Seed of the batch; 0 if left out. */
  readonly seed?: number;
}

/** Default length: three periods of FizzBuzz and one step more. */
const ALONE = 46;

/**
 * Runs a model on one sequence and looks at its hidden states.
 *
 * @param task The task.
 * @param predict Runs the model.
 * @param request Which sequence.
 * @returns The states; `undefined` when the model does not show any.
 * @throws {RangeError} When the task cannot read what was typed.
 */
export async function captureHiddenStates(
  task: TaskInstance,
  predict: Predict,
  request: CaptureRequest = {},
): Promise<HiddenStateCapture | undefined> {
  const { length, inputs, labels, annotations } = sequenceOf(task, request);
  const { hidden, hiddenSize } = await predict({ length, inputs });
  if (hidden === undefined || hiddenSize === undefined) return undefined;
  const states = { values: hidden, time: hidden.length / hiddenSize, units: hiddenSize };
  return { states, labels, annotations };
}

interface Sequence {
  readonly length: number;
  readonly inputs?: TypedArray;
  readonly labels: readonly string[];
  readonly annotations: readonly Annotation[];
}

function sequenceOf(task: TaskInstance, request: CaptureRequest): Sequence {
  const { length, seed = 0 } = request;
  const asked = request.input !== undefined || request.length !== undefined ||
    request.seed !== undefined;
  const input = asked || task.encode === undefined ? request.input : task.example?.();
  const count = (length: number) => Array.from({ length }, (_, step) => String(step));
  if (input !== undefined) {
    if (task.encode === undefined) {
      throw new RangeError("Cannot read --input: this task has no way to read it");
    }
    const encoded = task.encode(input);
    return { ...encoded, annotations: annotate(task, { ...encoded, size: 1, targets: NONE }) };
  }
  if (task.spec.inputs.kind === "none") {
    const steps = length ?? ALONE;
    const annotations = annotate(task, { length: steps, size: 1, targets: NONE });
    return { length: steps, labels: count(steps), annotations };
  }
  const batch = task.batch({ step: 0, seed, random: randomFor(seed, 0) });
  const steps = Math.min(length ?? batch.length, batch.length);
  return {
    length: steps,
    ...(batch.inputs === undefined ? {} : { inputs: firstOf(batch.inputs, batch, steps) }),
    labels: count(steps),
    annotations: annotate(task, batch).map(({ name, values }) => ({
      name,
      values: firstOf(values, batch, steps) as Int32Array,
    })),
  };
}

const NONE = new Int32Array();

function annotate(task: TaskInstance, batch: Batch): readonly Annotation[] {
  const all = task.annotate?.(batch) ?? [];
  // Those of answers after the last step have no place on the way.
  return all.filter(({ values }) => values.length === batch.length * batch.size);
}

/** Takes the first sequence of [time, batch, …], cut to some steps. */
function firstOf(data: TypedArray, { length, size }: Batch, steps: number): TypedArray {
  const width = data.length / (length * size);
  const first = data.slice(0, steps * width);
  for (let t = 0; t < steps; t++) {
    first.set(data.subarray(t * size * width, t * size * width + width), t * width);
  }
  return first;
}

/**
 * Finds what sets on apart from off for such units.
 *
 * @param states The values.
 * @returns 0 for units with a sign, such as those of tanh, else one half.
 */
export function thresholdOf({ values }: HiddenStates): number {
  return isSigned(values) ? 0 : 0.5;
}

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
 * @returns One line for each unit.
 */
export function analyzeHidden(
  states: HiddenStates,
  annotations: readonly Annotation[] = [],
): readonly UnitAnalysis[] {
  const { values, time, units } = states;
  return Array.from({ length: units }, (_, unit) => {
    const signal = Float64Array.from({ length: time }, (_, t) => values[t * units + unit]);
    let low = Infinity;
    let high = -Infinity;
    let sum = 0;
    for (const value of signal) {
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
    }
    const amplitude = (high - low) / 2;
    const period = amplitude < STILL ? undefined : periodOf(signal);
    const correlationRatio = Object.fromEntries(
      annotations.filter(({ values }) => values.length === time && isTelling(values))
        .map((
          { name, values },
        ) => [name, amplitude < STILL ? 0 : correlationRatioOf(signal, values)]),
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

/** Computes the correlation ratio η². */
function correlationRatioOf(signal: Float64Array, classes: Int32Array): number {
  const groups = new Map<number, { sum: number; count: number }>();
  let total = 0;
  signal.forEach((value, t) => {
    const group = groups.get(classes[t]) ?? { sum: 0, count: 0 };
    group.sum += value;
    group.count++;
    total += value;
    groups.set(classes[t], group);
  });
  const mean = total / signal.length;
  let between = 0;
  for (const { sum, count } of groups.values()) between += count * (sum / count - mean) ** 2;
  let all = 0;
  for (const value of signal) all += (value - mean) ** 2;
  return all > 0 ? between / all : 0;
}

/**
 * Prints what units do, as a table.
 *
 * @param analyses What is known of them.
 * @returns Lines without line ends.
 */
export function formatAnalysis(analyses: readonly UnitAnalysis[]): string[] {
  const names = Object.keys(analyses[0]?.correlationRatio ?? {});
  const rows = [
    ["unit", "mean", "amplitude", "period", ...names],
    ...analyses.map(({ unit, mean, amplitude, period, correlationRatio }) => [
      String(unit),
      mean.toFixed(2),
      amplitude.toFixed(2),
      period === undefined ? "-" : String(period),
      ...names.map((name) => correlationRatio[name].toFixed(2)),
    ]),
  ];
  return formatTable(rows);
}
