/**
 * A small task and a small model, for tests of training.
 *
 * @module
 */
import * as z from "zod";
import { broadcastTo, ones, scan } from "../language/ops/mod.ts";
import { defineModel, type ModelPlugin } from "../plugin/model.ts";
import { defineTask, type Task, type Validation } from "../plugin/task.ts";
import { outputSize, type TaskSpec } from "../plugin/task_spec.ts";
import { randomNormal } from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { evaluateOutputs } from "../plugin/evaluation.ts";
import type { TrainResult } from "../training/events.ts";
import { train, type TrainSettings } from "../training/train.ts";

/** What {@linkcode cycle} asks. */
export const SPEC: TaskSpec = {
  inputs: { kind: "none" },
  outputs: { kind: "class", classes: 3, at: "every" },
  length: "variable",
  loss: { kind: "cross-entropy", reduction: "mean" },
  weighted: false,
  stateful: false,
};

/** Say 0, 1, 2, 0, 1, 2, … */
export function cycle(overrides: { readonly validate?: () => Validation } = {}): Task {
  const targets = (length: number) => Int32Array.from({ length }, (_, n) => n % 3);
  return defineTask({
    name: "cycle",
    summary: "Count modulo 3",
    options: z.object({}),
    create: () => ({
      spec: SPEC,
      batch({ random }) {
        const length = 4 + Math.floor(random() * 3);
        return { length, size: 1, targets: targets(length) };
      },
      async validate(predict) {
        if (overrides.validate) return overrides.validate();
        const { outputs } = await predict({ length: 30 });
        const { loss, errors } = evaluateOutputs(SPEC, outputs, targets(30));
        return { loss, error: errors / 30 };
      },
      defaults: () => ({
        steps: 150,
        optimizer: "adam",
        learningRate: 0.05,
        clipNorm: 1,
        l2: 1e-5,
        validateEvery: 50,
      }),
    }),
  })();
}

/** A small recurrent network without inputs. */
export const counter: ModelPlugin = defineModel({
  name: "counter",
  summary: "Counts",
  options: z.object({}),
  create: (_, spec) => ({
    parameters: (key: Tensor) => ({
      wh: randomNormal(key, [6, 6]).mul(0.5),
      start: ones([1, 6]),
      w: randomNormal(key, [6, outputSize(spec)]).mul(0.5),
    }),
    initialState: ({ start }: Readonly<Record<"wh" | "start" | "w", Tensor>>, batch) =>
      broadcastTo(start, [batch, 6]),
    apply({ wh, w }, _, { length, state }) {
      const [end, hidden] = scan(
        (h, _: undefined) => {
          const next = h.matmul(wh).tanh();
          return [next, next] as const;
        },
        state,
        undefined,
        { length },
      ) as unknown as [Tensor, Tensor];
      return { outputs: hidden.matmul(w), state: end, hidden };
    },
    layers: [],
  }),
}) as ModelPlugin;

/** Trains the model on the task. */
export async function run(settings: Partial<TrainSettings> = {}): Promise<TrainResult> {
  return await train({ model: counter(), task: cycle(), device: "reference", ...settings });
}
