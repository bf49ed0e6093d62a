/**
 * Many batches as one, so that a model answers them at once.
 *
 * @module
 */

import { type Batch, randomFor, type TaskInstance } from "@unroll/core/plugin";

/** Batches side by side. */
export interface JoinedBatches {
  /** Steps of each sequence. */
  readonly length: number;
  /** Sequences. */
  readonly size: number;
  /** What is read, by step and then by sequence. */
  readonly inputs: Int32Array;
  /** What is right. */
  readonly targets: Int32Array;
}

/**
 * Puts the first batches of a task side by side.
 *
 * @param task A task that reads symbols and answers after each of them.
 * @param request How many batches, of which seed.
 */
export function joinBatches(
  task: TaskInstance,
  { count, seed }: { readonly count: number; readonly seed: number },
): JoinedBatches {
  const batches: Batch[] = Array.from(
    { length: count },
    (_, step) => task.batch({ step, seed, random: randomFor(seed, step) }),
  );
  const [{ length, size }] = batches;
  const width = size * count;
  const inputs = new Int32Array(length * width);
  const targets = new Int32Array(length * width);
  batches.forEach((batch, i) => {
    for (let t = 0; t < length; t++) {
      const [from, to] = [t * size, t * width + i * size];
      inputs.set(batch.inputs?.subarray(from, from + size) ?? [], to);
      targets.set(batch.targets.subarray(from, from + size), to);
    }
  });
  return { length, size: width, inputs, targets };
}
