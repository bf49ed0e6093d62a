/**
 * Exclusive or of two bits: the least task that no linear model can learn (Minsky and Papert, 1969).
 *
 * @module
 */
import {
  argmaxAt,
  type Batch,
  defineTask,
  evaluateOutputs,
  type OptionsSchema,
  type Predict,
  type TaskInstance,
  type TaskPlugin,
  type TaskSpec,
  type TrainingDefaults,
} from "@unroll/core/plugin";
import * as z from "zod/mini";

/** Options of {@linkcode xor}. */
export interface XorOptions {
  /** How answers are judged: summed squared distances from the one-hot vectors, or cross entropy. */
  readonly loss: "squared-error" | "cross-entropy";
}

/** The schema of {@linkcode XorOptions}. */
const OPTIONS: OptionsSchema<XorOptions> = /* @__PURE__ */ (() =>
  z.object({
    loss: z._default(z.enum(["squared-error", "cross-entropy"]), "squared-error").check(
      z.describe("Loss function"),
    ),
  }))();

/** The four cases, first bit and second. */
const CASES: readonly (readonly [number, number])[] = [[0, 0], [0, 1], [1, 0], [1, 1]];

/**
 * The two bits come one after the other, and the answer after the second. So recurrent models read them
 * in two steps, and models that see a window of two see both at once: one task serves all.
 */
export const xor: TaskPlugin<XorOptions> = /* @__PURE__ */ defineTask({
  name: "xor",
  summary: "Say whether two bits differ",
  options: OPTIONS,
  create({ loss }): TaskInstance {
    const spec: TaskSpec = {
      inputs: { kind: "vector", size: 1 },
      outputs: { kind: "class", classes: 2, at: "last" },
      length: 2,
      loss: { kind: loss, reduction: loss === "squared-error" ? "sum" : "mean" },
      weighted: false,
      stateful: false,
    };
    const inputs = Float32Array.from([0, 1].flatMap((t) => CASES.map((bits) => bits[t])));
    const targets = Int32Array.from(CASES, ([a, b]) => a ^ b);
    const cases: Batch = { length: 2, size: CASES.length, inputs, targets };
    const ask = async (predict: Predict) =>
      (await predict({ length: 2, size: CASES.length, inputs })).outputs;
    return {
      spec,
      stepsPerEpoch: 1,
      batch: () => cases,
      async validate(predict) {
        const { loss, errors, count } = evaluateOutputs(spec, await ask(predict), targets);
        return { loss, error: errors / count };
      },
      defaults: defaultsOf,
      async show(predict) {
        const outputs = await ask(predict);
        return CASES.map(([a, b], i) => line(a, b, outputs.subarray(2 * i, 2 * i + 2)));
      },
      async answer(predict, question) {
        const [, a, b] = /^\s*([01])[\s,]*([01])\s*$/.exec(question) ?? [];
        if (a === undefined) {
          throw new RangeError(`Cannot answer "${question}": two bits are needed, such as 0 1`);
        }
        const { outputs } = await predict({
          length: 2,
          inputs: Float32Array.of(Number(a), Number(b)),
        });
        return [line(Number(a), Number(b), outputs)];
      },
      annotate: () => [{ name: "exclusive or", values: targets }],
    };
  },
});

/** A case, what was answered, and the numbers behind it. */
function line(a: number, b: number, outputs: Float32Array): string {
  const said = argmaxAt(outputs, 0, 2);
  const numbers = [...outputs].map((x) => x.toFixed(2).replace(/^-0\.00$/, "0.00")).join(", ");
  return `${a} xor ${b} = ${said}${said === (a ^ b) ? "" : "  wrong"}  (${numbers})`;
}

function defaultsOf(): TrainingDefaults {
  return {
    steps: 1000,
    optimizer: "adam",
    learningRate: 0.02,
    validateEvery: 100,
    best: "loss",
    stopAtError: 0,
    stopAtLoss: 0.001,
  };
}
