import { assertEquals, assertRejects } from "@std/assert";
import * as z from "zod";
import { oneHot, scan, zeros } from "../language/ops/mod.ts";
import { defineModel, type Model, type ModelInstance } from "../plugin/model.ts";
import { outputSize, type TaskSpec } from "../plugin/task_spec.ts";
import { randomNormal } from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { checkModel } from "./check_model.ts";

interface Weights {
  readonly w: Tensor;
  readonly b: Tensor;
}

/** A running sum through a linear layer, and ways to spoil it. */
function sums(
  spoil: (instance: ModelInstance<Weights, Tensor>, spec: TaskSpec) => object = () => ({}),
  refusal = "it reads symbols alone, and answers at every step",
): Model {
  return defineModel({
    name: "sums",
    summary: "Sums",
    options: z.object({}),
    unsupportedReason: ({ inputs, outputs }) =>
      inputs.kind === "symbol" && outputs.at === "every" ? undefined : refusal,
    create(_, spec) {
      const n = outputSize(spec);
      const instance: ModelInstance<Weights, Tensor> = {
        parameters: (key) => ({ w: randomNormal(key, [5, n]), b: zeros([n]) }),
        initialState: (_, batch) => zeros([batch, 5]),
        apply({ w, b }, inputs, { state }) {
          const [last, all] = scan(
            (sum: Tensor, x: Tensor) => {
              const next = sum.add(x);
              return [next, next];
            },
            state,
            oneHot(inputs as Tensor, 5),
          );
          return { outputs: all.matmul(w).add(b), state: last };
        },
        layers: [{ name: "linear", output: "[time, batch, n]", parameters: 6 * n }],
      };
      return { ...instance, ...spoil(instance, spec) } as ModelInstance<Weights, Tensor>;
    },
  })();
}

Deno.test("checkModel() accepts what is right, and tells what was tried", async () => {
  const { supported, unsupported } = await checkModel(sums());
  assertEquals([supported.length, unsupported.length], [2, 10]);
});

type Apply = ModelInstance<Weights, Tensor>["apply"];
const applying = (change: (apply: Apply) => Apply) =>
  sums(({ apply }) => ({ apply: change(apply) }));
const counter = { value: 0 };

const BROKEN: readonly (readonly [string, Model, string])[] = [
  ["miscounted layers", sums(() => ({ layers: [] })), "its layers say 0 parameters, found 24"],
  [
    "changing parameters",
    sums(() => ({ parameters: () => ({ w: zeros([5, 4]).add(counter.value++), b: zeros([4]) }) })),
    "parameter w of the same key must be the same",
  ],
  [
    "outputs of another type",
    applying((apply) => (...args) => {
      const { outputs, state } = apply(...args);
      return { outputs: outputs.sum(0), state };
    }),
    "outputs must be f32[4,3,4], found f32[3,4]",
  ],
  [
    "a state of another type",
    applying((apply) => (...args) => ({ ...apply(...args), state: zeros([2]) })),
    "the state must stay { f32[3,5]}, found { f32[2]}",
  ],
  [
    "infinite outputs",
    applying((apply) => (...args) => {
      const { outputs, state } = apply(...args);
      return { outputs: outputs.div(0), state };
    }),
    "outputs must be finite",
  ],
  [
    "outputs that differ from call to call",
    applying((apply) => (...args) => {
      const { outputs, state } = apply(...args);
      return { outputs: outputs.add(counter.value++), state };
    }),
    "outputs a second time must be the same",
  ],
  [
    "a dead parameter",
    applying((apply) => ({ w, b }, ...rest) => apply({ w, b: b.mul(0) }, ...rest)),
    "no gradient reaches parameter b",
  ],
  [
    "mixed sequences",
    applying((apply) => (...args) => {
      const { outputs, state } = apply(...args);
      return { outputs: outputs.sub(outputs.mean(1, { keepDims: true }).mul(0.5)), state };
    }),
    "sequence 0 in a batch must be the same",
  ],
  [
    "a forgotten state",
    applying((apply) => (parameters, inputs, context) =>
      apply(parameters, inputs, { ...context, state: context.state.mul(0) })
    ),
    "steps 2 to 3 of a whole must be the same",
  ],
  ["a full stop", sums(undefined, "it cannot."), "the reason is the end of a sentence"],
];

for (const [name, model, message] of BROKEN) {
  Deno.test(`checkModel() finds ${name}`, async () => {
    await assertRejects(() => checkModel(model), Error, message);
  });
}
