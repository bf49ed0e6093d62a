import { assertAlmostEquals, assertEquals } from "@std/assert";
import { referenceBackend } from "../backends/reference.ts";
import { compile } from "../compile/compile.ts";
import { tensor } from "../language/ops/creation.ts";
import type { Tree } from "../plugin/model.ts";
import { Tensor } from "../language/tensor.ts";
import { flattenTree } from "../language/tree.ts";
import { valueAndGrad } from "../language/gradient.ts";
import { adagrad } from "./adagrad.ts";
import { adam, adamw } from "./adam.ts";
import { clipByNorm, clipByValue, globalNorm } from "./clip.ts";
import goldens from "./goldens/optimizers.json" with { type: "json" };
import type { Optimizer } from "./optimizer.ts";
import { OPTIMIZERS, SCHEDULES } from "./optimizers.ts";
import { rmsprop } from "./rmsprop.ts";
import {
  exponentialDecay,
  linearDecay,
  type Schedule,
  stepDecay,
  withWarmup,
} from "./schedules.ts";
import { sgd } from "./sgd.ts";

interface Point {
  readonly w: Tensor;
  readonly b: Tensor;
  readonly [name: string]: Tensor;
}

const SCALE = tensor([1, 2, 4]);
const TARGET = tensor([0.5, -1, 2]);

function loss({ w, b }: Point): Tensor {
  const [x, y, z] = w.split(3);
  const product = x.mul(y).mul(z).reshape([]);
  const fourth = b.square().square();
  return w.sub(TARGET).square().mul(SCALE).sum().add(b.mul(product)).add(fourth);
}

interface Case {
  readonly optimizer: Optimizer;
  readonly rate: number;
  readonly clip?: (gradients: Point) => Point;
}

const CASES: Readonly<Record<keyof typeof goldens, Case>> = {
  "sgd": { optimizer: sgd(), rate: 0.05 },
  "sgd momentum": { optimizer: sgd({ momentum: 0.9 }), rate: 0.05 },
  "sgd nesterov": { optimizer: sgd({ momentum: 0.9, nesterov: true }), rate: 0.05 },
  "adam": { optimizer: adam(), rate: 0.05 },
  "adam betas": { optimizer: adam({ beta1: 0.5, beta2: 0.75, epsilon: 1e-3 }), rate: 0.05 },
  "adamw": { optimizer: adamw({ weightDecay: 0.1 }), rate: 0.05 },
  "adagrad outside": {
    optimizer: adagrad({ epsilon: 1e-3, epsilonPlace: "outside" }),
    rate: 0.5,
  },
  "rmsprop": { optimizer: rmsprop(), rate: 0.05 },
  "rmsprop momentum": { optimizer: rmsprop({ decay: 0.5, momentum: 0.9 }), rate: 0.05 },
  "sgd clip value": { optimizer: sgd(), rate: 0.05, clip: (g) => clipByValue(g, 1.5) },
  "sgd clip norm": { optimizer: sgd(), rate: 0.05, clip: (g) => clipByNorm(g, 1.5) },
};

for (const [name, { optimizer, rate, clip }] of Object.entries(CASES)) {
  Deno.test(`${name}: five steps give PyTorch's numbers`, async () => {
    using backend = referenceBackend();
    using step = compile((parameters: Point, state: Tree, learningRate: Tensor) => {
      const [, slopes] = valueAndGrad(loss)(parameters);
      const gradients = clip ? clip(slopes) : slopes;
      const next = optimizer.update(parameters, gradients, state, { learningRate });
      return [next.parameters, next.state] as const;
    }, { backend });
    let parameters: Point = { w: tensor([1, 0.25, -0.5]), b: tensor(0.75) };
    let state = optimizer.initialState(parameters);
    for (const row of goldens[name as keyof typeof goldens]) {
      [parameters, state] = await step(parameters, state, rate);
      const found = [...await parameters.w.data(), await parameters.b.item()];
      // The learning rate is rounded to f32, and so are the numbers that are read.
      row.forEach((wanted, i) => assertAlmostEquals(found[i], wanted, 1e-6));
    }
    assertEquals(step.programs, 1);
  });
}

Deno.test("adagrad() adds epsilon inside the root unless told otherwise", async () => {
  const optimizer = adagrad({ epsilon: 1 });
  const w = { w: tensor([1]) };
  const { parameters } = optimizer.update(w, { w: tensor([2]) }, optimizer.initialState(w), {
    learningRate: tensor(0.5),
  });
  assertAlmostEquals((await parameters.w.data())[0], 1 - 0.5 * 2 / Math.sqrt(5), 1e-7);
});

Deno.test("OPTIMIZERS are named as they name themselves", () => {
  for (const [name, { create }] of Object.entries(OPTIMIZERS)) {
    assertEquals(create().name, name);
  }
});

Deno.test("clipByNorm() leaves small gradients as they are, and none at all", async () => {
  const small = clipByNorm({ w: tensor([3, 4]) }, 5);
  assertEquals([...await small.w.data()], [3, 4]);
  const zero = clipByNorm({ w: tensor([0, 0]) }, 5);
  assertEquals([...await zero.w.data()], [0, 0]);
  assertEquals(await globalNorm([tensor([3, 4]), tensor(12)]).item(), 13);
  assertEquals(await globalNorm({}).item(), 0);
  assertEquals(flattenTree(clipByNorm({}, 5)), []);
});

Deno.test("schedules go as they say", async () => {
  const at = async (schedule: Schedule, step: number) => await schedule(tensor(step), 100).item();
  const check = async (schedule: Schedule, points: readonly (readonly [number, number])[]) => {
    for (const [step, wanted] of points) assertAlmostEquals(await at(schedule, step), wanted, 1e-6);
  };
  await check(SCHEDULES.constant(), [[0, 1], [99, 1]]);
  await check(SCHEDULES.linear(), [[0, 1], [25, 0.75], [100, 0], [200, 0]]);
  await check(SCHEDULES.cosine(), [[0, 1], [50, 0.5], [100, 0]]);
  await check(linearDecay({ end: 0.5 }), [[0, 1], [50, 0.75], [100, 0.5]]);
  await check(stepDecay({ every: 10 }), [[0, 1], [9, 1], [10, 0.1], [25, 0.01]]);
  await check(exponentialDecay({ every: 10 }), [[0, 1], [5, Math.sqrt(0.1)], [10, 0.1]]);
  await check(withWarmup(linearDecay(), 20), [[0, 0.05], [19, 1], [20, 1], [60, 0.5], [100, 0]]);
});

Deno.test("a tensor tree of state keeps its form from step to step", () => {
  const parameters = { layers: [{ w: tensor([[1, 2]]), b: tensor([3]) }], out: tensor(1) };
  for (const make of [sgd, adam, adamw, adagrad, rmsprop]) {
    const optimizer = make({ momentum: 0.9 });
    const state = optimizer.initialState(parameters);
    const next = optimizer.update(parameters, parameters, state, { learningRate: tensor(1) });
    const types = (tree: Tree) => flattenTree(tree).map(({ type }) => type);
    assertEquals(types(next.state), types(state));
    assertEquals(next.parameters.layers[0].w instanceof Tensor, true);
  }
});
