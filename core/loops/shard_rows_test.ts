import { assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { sampleArray } from "../ir/dense.ts";
import type { Graph } from "../ir/graph.ts";
import { index } from "../ir/expression.ts";
import { optimize } from "../passes/optimize.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import { TARGET_PROGRAMS } from "../test_support/target_programs.ts";
import { randomSource } from "../util/random_source.ts";
import { valueAndGrad } from "../language/gradient.ts";
import { matmul, mean, scan, square, sub, tanh } from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { lowerGraph } from "./lower.ts";
import { findParallel, kernelsOf, type LoopProgram, type Step, type TimeLoop } from "./program.ts";
import { shardRows } from "./shard_rows.ts";
import { substituteAxis } from "./substitute_axis.ts";

const SIZES = { time: 3, hidden: 5, symbols: 7 };

function sample(graph: Graph): Float64Array[] {
  const random = randomSource(3);
  return graph.inputs.map(({ type }) => {
    const range = type.dtype === "i32" ? { min: 0, max: SIZES.symbols } : { min: -0.5, max: 0.5 };
    return Float64Array.from(sampleArray(random, type.shape, { ...type, ...range }).data);
  });
}

function isShards(step: Step): boolean {
  return step.kind === "loop" && step.isParallel === true;
}

/** Puts shards one after the other, the last first. */
function lastFirst(program: LoopProgram): LoopProgram {
  const at = (steps: readonly Step[], loop: TimeLoop, shard: number): Step[] =>
    steps.map((step) =>
      step.kind === "loop"
        ? { ...step, steps: at(step.steps, loop, shard) }
        : substituteAxis(step, loop.time, index(shard))
    );
  const steps = program.steps.flatMap((step) =>
    step.kind === "loop" && step.isParallel
      ? [...Array(step.time.extent).keys()].reverse().flatMap((shard) =>
        at(step.steps, step, shard)
      )
      : [step]
  );
  return { ...program, steps };
}

for (const [name, make] of Object.entries(TARGET_PROGRAMS)) {
  for (const [batch, threads] of [[2, 2], [4, 4], [6, 2], [6, 3]]) {
    Deno.test(`shardRows() keeps the numbers of ${name}, ${batch} rows in ${threads}, in either order`, () => {
      const graph = optimize(make({ ...SIZES, batch }));
      const program = lowerGraph(graph, { scatter: "add" });
      const shards = shardRows(program, { threads, eager: true });
      const wanted = evaluateProgram(program, sample(graph));
      for (const own of [shards, lastFirst(shards)]) {
        evaluateProgram(own, sample(graph)).forEach((found, i) =>
          found.forEach((x, j) => assertAlmostEquals(x, wanted[i][j], 1e-12))
        );
      }
    });
  }
}

Deno.test("shardRows() leaves to all shards together only what adds their sums and updates parameters", () => {
  for (const name of ["oneHotRnn", "embeddingLstm", "gatedRnn"]) {
    const graph = optimize(TARGET_PROGRAMS[name]({ ...SIZES, batch: 4 }));
    const program = lowerGraph(graph);
    const shards = shardRows(program, { threads: 2, eager: true });
    assertEquals(shards.steps.filter(isShards).length, 1, name);
    const rest = kernelsOf(shards.steps.filter((step) => !isShards(step)));
    assertEquals(
      rest.filter(({ kind }) => kind === "matmul").map((kernel) => kernel.name),
      [],
      name,
    );
  }
});

/** How many shards a training step has on some threads; 1 if it is not cut. */
function shardsOf(threads: number, batch: number, sizes: object, eager = false): number {
  const graph = optimize(TARGET_PROGRAMS.gatedRnn({ ...SIZES, ...sizes, batch }));
  const { steps } = shardRows(lowerGraph(graph), { threads, eager });
  return findParallel(steps)?.time.extent ?? 1;
}

Deno.test("shardRows() cuts where the work repays waiting once, and kernels apart would not", () => {
  const shards = (time: number, hidden: number, batch = 16) => shardsOf(2, batch, { time, hidden });
  assertEquals([shards(2, 4), shards(9, 24), shards(9, 256)], [1, 2, 1]);
  // Neither what cannot be halved, nor few rows.
  assertEquals([shards(9, 24, 17), shards(9, 24, 14), shardsOf(2, 14, {}, true)], [1, 1, 2]);
});

Deno.test("shardRows() makes as many shards of eight rows or more as there are threads, or fewer of small programs", () => {
  const shards = (hidden: number) =>
    [1, 2, 3, 4, 8].map((threads) => shardsOf(threads, 32, { time: 9, hidden }));
  assertEquals([shards(24), shards(96)], [[1, 2, 2, 4, 4], [1, 2, 1, 4, 1]]);
});

Deno.test("shardRows() cuts the steps of training that a program makes one after the other", () => {
  const type = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
  const { graph } = trace([type(20, 20), type(16, 32, 20)], (w, batches) => {
    const loss = (w: Tensor, x: Tensor) =>
      mean(square(sub(tanh(matmul(tanh(matmul(x, w)), w)), x)));
    const step = (w: Tensor, x: Tensor): [Tensor, Tensor] => {
      const [value, slope] = valueAndGrad((w: Tensor) => loss(w, x))(w);
      return [sub(w, slope), value];
    };
    return [...scan(step, w, batches)];
  });
  const program = lowerGraph(optimize(graph));
  assertStrictEquals(shardRows(program, { threads: 2 }), program);
  const { steps } = shardRows(program, { threads: 2, eager: true });
  const [inside] = steps.flatMap((step) => step.kind === "loop" ? [step] : []);
  assertEquals(inside.steps.filter(isShards).length, 1);
  assertEquals(inside.time.extent, 16);
});
