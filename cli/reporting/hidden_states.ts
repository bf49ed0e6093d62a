/**
 * What a model thinks at each step of one sequence.
 *
 * @module
 */

import { type TypedArray } from "@unroll/core";
import {
  type Annotation,
  type Batch,
  type Predict,
  randomOf,
  type TaskInstance,
} from "@unroll/core/plugin";
import { type HiddenStates, isSigned } from "./hidden_values.ts";

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

/** Three rounds of fifteen and the one that shows that it goes on. */
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
  const batch = task.batch({ step: 0, seed, random: randomOf(seed, 0) });
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

/** The first sequence of [time, batch, …], cut to some steps. */
function firstOf(data: TypedArray, { length, size }: Batch, steps: number): TypedArray {
  const width = data.length / (length * size);
  const first = data.slice(0, steps * width);
  for (let t = 0; t < steps; t++) {
    first.set(data.subarray(t * size * width, t * size * width + width), t * width);
  }
  return first;
}

/**
 * What sets on apart from off for such units.
 *
 * @param states The values.
 * @returns 0 for units with a sign, such as those of tanh, else one half.
 */
export function thresholdOf({ values }: HiddenStates): number {
  return isSigned(values) ? 0 : 0.5;
}
