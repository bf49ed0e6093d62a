/**
 * What a task asks of a model: what goes in, what must come out, and how that is judged. Models are
 * built for a specification and never see the task.
 *
 * @module
 */
import type { TensorType, TypedArray } from "../ir/tensor_type.ts";
import type { Tensor } from "../language/tensor.ts";

/**
 * What a model reads. Data lead with time:
 *
 * - `none`: nothing; the model runs by itself for a number of steps;
 * - `symbol`: i32[time, batch], each from 0 to before `vocabulary`;
 * - `vector`: f32[time, batch, size].
 */
export type InputSpec =
  | { readonly kind: "none" }
  | { readonly kind: "symbol"; readonly vocabulary: number }
  | { readonly kind: "vector"; readonly size: number };

/**
 * What a model answers, at every step (`[time, batch, …]`) or once, after the last (`[batch, …]`):
 *
 * - `class`: logits f32[…, classes]; targets are i32[…];
 * - `vector`: f32[…, size]; targets are the same.
 */
export type OutputSpec =
  | { readonly kind: "class"; readonly classes: number; readonly at: OutputPlace }
  | { readonly kind: "vector"; readonly size: number; readonly at: OutputPlace };

/** Whether a model answers at every step or once, after the last. */
export type OutputPlace = "every" | "last";

/** How answers are judged; `mean` is over the answers, `sum` over everything. */
export interface LossSpec {
  /**
   * `cross-entropy` under a softmax, in nats, for classes; `squared-error` for vectors, and for
   * classes as the squared distance from the one-hot vector; or a loss of the task's own, of each answer
   * by itself, which its gradient is found of. `evaluateOutputs` does not know that, so such a task measures
   * it in `validate`.
   */
  readonly kind: "cross-entropy" | "squared-error" | OwnLoss;
  /**
   * `mean`: over the answers of a batch (for squared errors, over their elements too); `sum`: over
   * all of them. Weighted answers are divided by the sum of the weights, and not by their number.
   */
  readonly reduction: "mean" | "sum";
}

/**
 * A loss of a task's own.
 *
 * @param outputs The model's outputs, as {@linkcode OutputSpec} has them.
 * @param targets What is right, as it is there.
 * @returns One number for each answer: f32 of the shape of targets that are classes, without the last axis of vectors.
 */
export type OwnLoss = (outputs: Tensor, targets: Tensor) => Tensor;

/** What a task asks of a model. */
export interface TaskSpec {
  /** What the model reads. */
  readonly inputs: InputSpec;
  /** What the model answers. */
  readonly outputs: OutputSpec;
  /** Number of steps of every sequence, or `variable` where batches differ. */
  readonly length: number | "variable";
  /** How answers are judged. */
  readonly loss: LossSpec;
  /** Whether answers have weights; 0 leaves one out. */
  readonly weighted: boolean;
  /**
   * Whether a batch goes on where the one before ended, so that the model's state is carried over. A
   * batch says with `reset` when it does not.
   */
  readonly stateful: boolean;
}

/** One batch of a task, on the host. The types follow from the specification. */
export interface Batch {
  /** Number of steps. */
  readonly length: number;
  /** Number of sequences. */
  readonly size: number;
  /** What the model reads, row-major; absent where it reads nothing. */
  readonly inputs?: TypedArray;
  /** What it should answer, row-major. */
  readonly targets: TypedArray;
  /** A weight for each answer, where the specification says so. */
  readonly weights?: Float32Array;
  /** For stateful tasks: whether the state starts anew before this batch. */
  readonly reset?: boolean;
}

/**
 * Computes the type of the inputs of so many sequences of so many steps; `undefined` where there are none.
 *
 * @example Usage
 * ```ts
 * import { inputType } from "@unroll/core/plugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const spec = {
 *   inputs: { kind: "symbol", vocabulary: 5 },
 *   outputs: { kind: "class", classes: 4, at: "every" },
 *   length: 3,
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * } as const;
 * deepStrictEqual(inputType(spec, 3, 8), { dtype: "i32", shape: [3, 8] });
 * ```
 */
export function inputType(spec: TaskSpec, length: number, size: number): TensorType | undefined {
  switch (spec.inputs.kind) {
    case "none":
      return undefined;
    case "symbol":
      return { dtype: "i32", shape: [length, size] };
    case "vector":
      return { dtype: "f32", shape: [length, size, spec.inputs.size] };
  }
}

/**
 * Counts the numbers that a model answers at one place.
 *
 * @example Usage
 * ```ts
 * import { outputSize } from "@unroll/core/plugin";
 * import { strictEqual } from "node:assert/strict";
 *
 * const spec = {
 *   inputs: { kind: "symbol", vocabulary: 5 },
 *   outputs: { kind: "class", classes: 4, at: "every" },
 *   length: 3,
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * } as const;
 * strictEqual(outputSize(spec), 4);
 * ```
 */
export function outputSize(spec: TaskSpec): number {
  return spec.outputs.kind === "class" ? spec.outputs.classes : spec.outputs.size;
}

/**
 * Computes the type of a model's answers: f32[time, batch, n], or f32[batch, n] after the last step.
 *
 * @example Usage
 * ```ts
 * import { outputType } from "@unroll/core/plugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const spec = {
 *   inputs: { kind: "symbol", vocabulary: 5 },
 *   outputs: { kind: "class", classes: 4, at: "every" },
 *   length: 3,
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * } as const;
 * deepStrictEqual(outputType(spec, 3, 8), { dtype: "f32", shape: [3, 8, 4] });
 * ```
 */
export function outputType(spec: TaskSpec, length: number, size: number): TensorType {
  const places = spec.outputs.at === "every" ? [length, size] : [size];
  return { dtype: "f32", shape: [...places, outputSize(spec)] };
}

/**
 * Computes the type of the targets: i32 of the places for classes, f32 like the answers for vectors.
 *
 * @example Usage
 * ```ts
 * import { targetType } from "@unroll/core/plugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const spec = {
 *   inputs: { kind: "symbol", vocabulary: 5 },
 *   outputs: { kind: "class", classes: 4, at: "every" },
 *   length: 3,
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * } as const;
 * deepStrictEqual(targetType(spec, 3, 8), { dtype: "i32", shape: [3, 8] });
 * ```
 */
export function targetType(spec: TaskSpec, length: number, size: number): TensorType {
  const { shape } = outputType(spec, length, size);
  return spec.outputs.kind === "class"
    ? { dtype: "i32", shape: shape.slice(0, -1) }
    : { dtype: "f32", shape };
}

/**
 * Computes the type of the weights: one for each place.
 *
 * @example Usage
 * ```ts
 * import { weightType } from "@unroll/core/plugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const spec = {
 *   inputs: { kind: "symbol", vocabulary: 5 },
 *   outputs: { kind: "class", classes: 4, at: "every" },
 *   length: 3,
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * } as const;
 * deepStrictEqual(weightType(spec, 3, 8), { dtype: "f32", shape: [3, 8] });
 * ```
 */
export function weightType(spec: TaskSpec, length: number, size: number): TensorType {
  return { dtype: "f32", shape: outputType(spec, length, size).shape.slice(0, -1) };
}
