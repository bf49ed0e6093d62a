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
  type Said,
  type TaskInstance,
} from "@unroll/core/plugin";

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

/**
 * Finds the value that stands for the strongest colour: 1, or the largest where there are larger ones.
 *
 * @param values The values of units.
 * @returns A number of 1 at least.
 */
export function boundOf(values: Float32Array): number {
  let size = 1;
  for (const value of values) if (Number.isFinite(value)) size = Math.max(size, Math.abs(value));
  return size;
}

/** Hidden states over time, with what is known of each step. */
export interface HiddenStateCapture {
  /** The states over time. */
  readonly states: HiddenStates;
  /** What a person calls each step. */
  readonly labels: readonly string[];
  /** What was read, where it is one sequence. */
  readonly inputs?: TypedArray;
  /** The task's own state at each step. */
  readonly annotations: readonly Annotation[];
  /** What the model said at each step, where the task has words for it. */
  readonly said?: readonly Said[];
  /** Gates by their names, and the memory as `cell`, where they were asked for and the model has them. */
  readonly parts?: Readonly<Record<string, HiddenStates>>;
}

/** Hidden states of many steps, from which it is read what units do. */
export interface Evidence extends HiddenStateCapture {
  /** Sequences that lie side by side, [time, sequences, units]. */
  readonly sequences: number;
  /** Whether the model runs by itself: what repeats itself is its own. */
  readonly isAlone: boolean;
}

/** What is looked at of a model. */
export interface Study {
  /** What is shown. */
  readonly shown: HiddenStateCapture;
  /** From what findings are read: what is shown, if there is no more. */
  readonly evidence: Evidence;
  /** A sequence where one thing holds far longer than in training. */
  readonly trial?: HiddenStateCapture;
}

/** Which sequence to look at. */
export interface CaptureRequest {
  /** What a person typed; if all is left out the task's own example, else the first of a batch. */
  readonly input?: string;
  /** Steps at most; for models that run by themselves, all of them. */
  readonly length?: number;
  /** Seed of the batch; 0 if left out. */
  readonly seed?: number;
  /** Whether gates and memory are looked at too. */
  readonly parts?: boolean;
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
  return await captureSequence(task, predict, sequenceOf(task, request), request.parts);
}

async function captureSequence(
  task: TaskInstance,
  predict: Predict,
  { length, size = 1, inputs, labels, annotations }: Sequence,
  capture: boolean = false,
): Promise<HiddenStateCapture | undefined> {
  const request = { length, ...(size === 1 ? {} : { size }), ...(capture ? { capture } : {}) };
  const { outputs, hidden, hiddenSize: units, parts } = await predict({ ...request, inputs });
  if (hidden === undefined || units === undefined) return undefined;
  const time = hidden.length / units;
  const said = size === 1 ? task.says?.(outputs, length) : undefined;
  return {
    states: { values: hidden, time, units },
    labels,
    ...(size === 1 && inputs !== undefined ? { inputs } : {}),
    annotations,
    ...(said === undefined ? {} : { said }),
    ...(parts === undefined ? {} : {
      parts: Object.fromEntries(
        Object.entries(parts).map(([name, values]) => [name, { values, time, units }]),
      ),
    }),
  };
}

/** Steps from which is read what a model that runs by itself does. */
const LONG = 301;

/**
 * Looks at a model as long as it takes to say what its units do: at one sequence for people, at many steps to find out,
 * and at a trial of what fades.
 *
 * @param task The task.
 * @param predict Runs the model.
 * @param request Which sequence is shown.
 * @returns The states; `undefined` when the model does not show any.
 * @throws {RangeError} When the task cannot read what was typed.
 */
export async function captureStudy(
  task: TaskInstance,
  predict: Predict,
  request: CaptureRequest = {},
): Promise<Study | undefined> {
  const shown = await captureHiddenStates(task, predict, request);
  if (shown === undefined) return undefined;
  const alone = task.spec.inputs.kind === "none";
  const own: Evidence = { ...shown, sequences: 1, isAlone: alone };
  let evidence = own;
  try {
    const long = evidenceOf(task, request);
    const found = await captureSequence(task, predict, long, request.parts);
    const { size = 1, length } = long;
    if (found?.states.time === size * length) {
      evidence = { ...found, sequences: size, isAlone: alone };
    }
  } catch (error) {
    // Without its text a model can be looked at all the same, at what was typed.
    if (request.input === undefined || !(error instanceof RangeError)) throw error;
  }
  const typed = task.trial?.();
  const trial = request.input !== undefined
    ? shown
    : typed === undefined || task.encode === undefined
    ? undefined
    : await captureSequence(task, predict, sequenceOf(task, { input: typed }), request.parts);
  return { shown, evidence, ...(trial === undefined ? {} : { trial }) };
}

/** The sequences from which it is read what units do. */
function evidenceOf(task: TaskInstance, { seed = 0 }: CaptureRequest): Sequence {
  const passage = task.encode === undefined ? undefined : task.passage?.();
  if (passage !== undefined) return sequenceOf(task, { input: passage });
  if (task.spec.inputs.kind === "none") {
    const { length } = task.spec;
    return sequenceOf(task, { length: length === "variable" ? LONG : length });
  }
  const batches = [task.batch({ step: 0, seed, random: randomFor(seed, 0) })];
  const [{ length, size, inputs }] = batches;
  const steps = Math.ceil(MANY / (length * size));
  for (let step = 1; step < steps; step++) {
    const batch = task.batch({ step, seed, random: randomFor(seed, step) });
    if (batch.length === length && batch.size === size) batches.push(batch);
  }
  const beside = (parts: readonly TypedArray[]) => sideBySide(parts, length);
  const annotations = batches.map((batch) => annotate(task, batch));
  return {
    length,
    size: size * batches.length,
    ...(inputs === undefined
      ? {}
      : { inputs: beside(batches.map(({ inputs }) => inputs as TypedArray)) }),
    labels: [],
    annotations: annotations[0].map((annotation, i) => ({
      ...annotation,
      values: beside(annotations.map((all) => all[i].values)) as Int32Array,
    })),
  };
}

/** Steps of batches from which is read what units do. */
const MANY = 2000;

/** Lays batches side by side: [time, batch, …] each, to [time, batches · batch, …]. */
function sideBySide(parts: readonly TypedArray[], length: number): TypedArray {
  const width = parts[0].length / length;
  const all = new (parts[0].constructor as { new (length: number): TypedArray })(
    parts[0].length * parts.length,
  );
  parts.forEach((part, i) => {
    for (let t = 0; t < length; t++) {
      all.set(part.subarray(t * width, (t + 1) * width), (t * parts.length + i) * width);
    }
  });
  return all;
}

interface Sequence {
  readonly length: number;
  readonly size?: number;
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
    annotations: annotate(task, batch).map(({ values, ...rest }) => ({
      ...rest,
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
