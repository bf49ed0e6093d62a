import { assertEquals } from "@std/assert";
import { tensor, zeros } from "../language/ops/mod.ts";
import type { ModelInstance, Tree } from "../plugin/model.ts";
import type { TaskSpec } from "../plugin/task_spec.ts";
import { randomKey } from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { cpuBackend } from "../backends/cpu.ts";
import { compile } from "../compile/compile.ts";
import { flattenTree } from "../language/tree.ts";
import { counter, SPEC as CYCLE } from "../test_support/cycle.ts";
import { adagrad } from "./adagrad.ts";
import { adam } from "./adam.ts";
import { rmsprop } from "./rmsprop.ts";
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

/** The small model of other tests, and what its step needs. */
const COUNTER = counter().create(CYCLE);
const SUMS = {
  settings: {
    instance: COUNTER,
    spec: CYCLE,
    learningRate: 0.1,
    schedule: () => tensor(1),
    steps: 5,
    l2: 0,
    key: randomKey(0),
  },
  initialState: {
    parameters: COUNTER.parameters(randomKey(1)) as Tree,
    step: zeros([], "u32"),
    recent: noneRecent(),
    failed: zeros([], "u32"),
    carried: undefined,
  },
};

Deno.test("trainingStep() gives the same parameters to the bit with and without sums over steps", async () => {
  const start = SUMS.initialState;
  using backend = cpuBackend();
  for (const optimizer of [sgd(), adam(), adagrad({ epsilon: 0.1 }), rmsprop()]) {
    for (const clipNorm of [0, 0.5]) {
      const step = trainingStep({ ...SUMS.settings, optimizer, clipNorm }, 12, 1);
      const state = { ...start, optimizer: optimizer.initialState(start.parameters) };
      const targets = tensor(Array.from({ length: 12 }, (_, i) => [i % 3]), { dtype: "i32" });
      const bits = async (hasSums: boolean) => {
        using compiled = compile((parameters: Tree, own: Tree, recent: Tensor) => {
          const next = step({ ...state, parameters, optimizer: own, recent }, { targets });
          return hasSums
            ? [next.parameters, next.optimizer, next.recent] as const
            : [next.parameters, next.optimizer, recent] as const;
        }, { backend });
        let [parameters, own, recent] = [state.parameters, state.optimizer, state.recent];
        for (let i = 0; i < 5; i++) {
          [parameters, own, recent] = await compiled(parameters, own, recent);
        }
        const leaves = flattenTree([parameters, own]);
        return (await Promise.all(leaves.map((x) => x.data()))).map((data) => [...data]);
      };
      assertEquals(await bits(true), await bits(false), `${optimizer.name} ${clipNorm}`);
    }
  }
});
