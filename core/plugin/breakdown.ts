/**
 * A closer look at a model's answers: where they are right, and which are taken for which.
 *
 * @module
 */
import type { TypedArray } from "../ir/tensor_type.ts";
import { argmaxAt } from "./evaluation.ts";
import { outputSize, type TaskSpec } from "./task_spec.ts";

/** How a model does on examples that have a number in common, such as how many nines they end in. */
export interface Probe {
  /** What the number counts, such as `9s at the end`. */
  readonly axis: string;
  /** The number; of a range its end. */
  readonly at: number;
  /** The beginning of the range, where it is one. */
  readonly from?: number;
  /** How many examples there were. */
  readonly count: number;
  /** How many of them were right. */
  readonly right: number;
  /** Their mean loss, where that says more than right and wrong do. */
  readonly loss?: number;
  /** The greatest number on the axis that training has, if it has one. */
  readonly trained?: number;
}

/** What is to be probed. */
export interface ProbeRequest {
  /** Examples for each number, as far as there are so many; 40 if left out. */
  readonly count?: number;
}

/** How often one class was answered where another was wanted. */
export interface Confusion {
  /** The class that was right. */
  readonly wanted: string;
  /** The class that was answered; the same, where the answer was right. */
  readonly said: string;
  /** How often. */
  readonly count: number;
}

/** A validation in parts. */
export interface Breakdown {
  /** Which classes are taken for which, right answers too. */
  readonly confusions: readonly Confusion[];
  /** Accuracy by position, by length and whatever else decides how hard an example is. */
  readonly parts: readonly Probe[];
}

/** An answer that a model may give. */
export interface Candidate {
  /** The answer. */
  readonly text: string;
  /** How likely it is, from 0 to 1. */
  readonly probability: number;
}

/** Counts which classes are taken for which, over any number of batches. */
export class ConfusionCounts {
  readonly #counts = new Map<number, number>();
  readonly #classes: number;

  /**
   * Counts that are all zero.
   *
   * @param spec A specification whose answers are classes.
   */
  constructor(spec: TaskSpec) {
    this.#classes = outputSize(spec);
  }

  /**
   * Adds answers.
   *
   * @param outputs The model's outputs, row-major.
   * @param targets The targets.
   * @param counts Whether an answer counts, by its place; all if left out.
   */
  add(
    outputs: Float32Array,
    targets: TypedArray,
    counts: (place: number) => boolean = () => true,
  ): void {
    const classes = this.#classes;
    for (let place = 0; place < targets.length; place++) {
      if (!counts(place)) continue;
      const key = targets[place] * classes + argmaxAt(outputs, place * classes, classes);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
  }

  /**
   * Lists the pairs that occurred.
   *
   * @param names The names of the classes, in their order.
   * @returns The pairs, by the wanted class and then the answered one.
   *
   * @example Usage
   * ```ts
   * import { ConfusionCounts } from "@unroll/core/plugin";
   * import { deepStrictEqual } from "node:assert/strict";
   *
   * const counts = new ConfusionCounts({
   *   inputs: { kind: "none" },
   *   outputs: { kind: "class", classes: 2, at: "every" },
   *   length: 2,
   *   loss: { kind: "cross-entropy", reduction: "mean" },
   *   weighted: false,
   *   stateful: false,
   * });
   * counts.add(Float32Array.of(0, 1, 0, 1), Int32Array.of(0, 1));
   * deepStrictEqual(counts.list(["no", "yes"]), [
   *   { wanted: "no", said: "yes", count: 1 },
   *   { wanted: "yes", said: "yes", count: 1 },
   * ]);
   * ```
   */
  list(names: readonly string[]): Confusion[] {
    const classes = this.#classes;
    return [...this.#counts].sort(([a], [b]) => a - b).map(([key, count]) => ({
      wanted: names[Math.floor(key / classes)] ?? String(Math.floor(key / classes)),
      said: names[key % classes] ?? String(key % classes),
      count,
    }));
  }
}
