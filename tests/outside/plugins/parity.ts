/** Parity: at each bit, whether the number of ones so far is odd. */
import {
  type Batch,
  defineTask,
  evaluateOutputs,
  type OptionsSchema,
  randomFor,
  type RandomSource,
  type TaskPlugin,
  type TaskSpec,
} from "@unroll/core/plugin";
import * as z from "@unroll/core/plugin/zod";

export interface ParityOptions {
  readonly length: number;
  readonly batch: number;
}

const OPTIONS: OptionsSchema<ParityOptions> = z.object({
  length: z.int().min(1).default(16).describe("Bits of a sequence in training"),
  batch: z.int().min(1).default(32).describe("Sequences of a batch"),
});

const SPEC: TaskSpec = {
  inputs: { kind: "symbol", vocabulary: 2 },
  outputs: { kind: "class", classes: 2, at: "every" },
  length: "variable",
  loss: { kind: "cross-entropy", reduction: "mean" },
  weighted: false,
  stateful: false,
};

/** Data lead with time: what follows a bit in its sequence lies `size` places further on. */
function makeBatch(length: number, size: number, random: RandomSource): Batch {
  const inputs = Int32Array.from({ length: length * size }, () => Math.floor(2 * random()));
  const targets = inputs.slice();
  for (let i = size; i < targets.length; i++) targets[i] ^= targets[i - size];
  return { length, size, inputs, targets };
}

export const parity: TaskPlugin<ParityOptions> = defineTask({
  name: "parity",
  summary: "Say whether the ones so far are odd",
  options: OPTIONS,
  create({ length, batch }) {
    const test = makeBatch(64, 64, randomFor(1));
    return {
      spec: SPEC,
      batch: ({ random }) => makeBatch(length, batch, random),
      async validate(predict) {
        const { length, size, inputs, targets } = test;
        const { outputs } = await predict({ length, size, inputs });
        const { loss, errors, count } = evaluateOutputs(SPEC, outputs, targets);
        return { loss, error: errors / count };
      },
      defaults: () => ({ steps: 2000, learningRate: 0.02, validateEvery: 50, stopAtError: 0 }),
      annotate: ({ targets }) => [{ name: "parity", values: Int32Array.from(targets) }],
    };
  },
});
