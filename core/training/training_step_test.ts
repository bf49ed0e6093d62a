import { assertEquals } from "@std/assert";
import { tensor, zeros } from "../language/ops/mod.ts";
import type { ModelInstance, Tree } from "../plugin/model.ts";
import type { TaskSpec } from "../plugin/task_spec.ts";
import { randomKey } from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { sgd } from "./sgd.ts";
import { noneRecent, trainingStep } from "./training_step.ts";

const SPEC: TaskSpec = {
  inputs: { kind: "vector", size: 1 },
  outputs: { kind: "vector", size: 1, at: "every" },
  length: 1,
  loss: { kind: "squared-error", reduction: "sum" },
  weighted: false,
  stateful: false,
};

interface Weights {
  readonly w: Tensor;
  readonly norm: { readonly seen: Tensor };
}

Deno.test("trainingStep() leaves to the model the parameters that it sets itself", async () => {
  const instance: ModelInstance<Weights, undefined> = {
    parameters: () => ({ w: tensor([1]), norm: { seen: tensor([10]) } }),
    initialState: () => undefined,
    apply: ({ w, norm: { seen } }, inputs) => ({
      outputs: (inputs as Tensor).mul(w).add(seen.mul(0)),
      state: undefined,
      updates: { "norm.seen": seen.add(1) },
    }),
    layers: [],
  };
  const settings = {
    instance: instance as ModelInstance<unknown, unknown> as ModelInstance,
    spec: SPEC,
    optimizer: sgd(),
    learningRate: 0.25,
    schedule: () => tensor(1),
    steps: 2,
    l2: 0.5,
    key: randomKey(0),
  };
  const parameters = instance.parameters(randomKey(0)) as unknown as Tree;
  const start = {
    parameters,
    optimizer: sgd().initialState(parameters),
    step: zeros([], "u32"),
    recent: noneRecent(),
    failed: zeros([], "u32"),
    carried: undefined,
  };
  const data = { inputs: tensor([[[1]]]), targets: tensor([[[3]]]) };
  // d/dw of (w − 3)² + 0.5 w² at 1 is −4 + 1; `seen` counts neither in the loss nor in the norm.
  for (const [clipNorm, slope] of [[0, -3], [1.5, -1.5]]) {
    const step = trainingStep({ ...settings, clipNorm }, 1, 1);
    const once = step(start, data).parameters as unknown as Weights;
    assertEquals([...await once.w.data()], [1 - 0.25 * slope]);
    assertEquals([...await once.norm.seen.data()], [11]);
  }
});
