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
import { kernelsOf, type LoopProgram, type Step, type TimeLoop } from "./program.ts";
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
      ? [1, 0].flatMap((shard) => at(step.steps, step, shard))
      : [step]
  );
  return { ...program, steps };
}

for (const [name, make] of Object.entries(TARGET_PROGRAMS)) {
  for (const batch of [2, 4, 6]) {
    Deno.test(`shardRows() keeps the numbers of ${name}, ${batch} rows, in either order of shards`, () => {
      const graph = optimize(make({ ...SIZES, batch }));
      const program = lowerGraph(graph, { scatter: "add" });
      const shards = shardRows(program, { eager: true });
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
    const shards = shardRows(program, { eager: true });
    assertEquals(shards.steps.filter(isShards).length, 1, name);
    const rest = kernelsOf(shards.steps.filter((step) => !isShards(step)));
    assertEquals(
      rest.filter(({ kind }) => kind === "matmul").map((kernel) => kernel.name),
      [],
      name,
    );
  }
});

/** The loops around shards of a program whose batch has so many rows. */
function loopsAround(batch: number, sizes: object, eager = false): number[] {
  const graph = optimize(TARGET_PROGRAMS.gatedRnn({ ...SIZES, ...sizes, batch }));
  const around = (steps: readonly Step[], depth: number): number[] =>
    steps.flatMap((step) => {
      if (step.kind !== "loop") return [];
      return isShards(step) ? [depth] : around(step.steps, depth + 1);
    });
  return around(shardRows(lowerGraph(graph), { eager }).steps, 0);
}

Deno.test("shardRows() cuts where the work repays waiting once, and kernels apart would not", () => {
  const shards = (time: number, hidden: number, batch = 16) => loopsAround(batch, { time, hidden });
  assertEquals([shards(3, 4), shards(9, 24), shards(9, 256)], [[], [0], []]);
  // Neither what cannot be halved, nor few rows.
  assertEquals([shards(9, 24, 17), shards(9, 24, 14)], [[], []]);
  assertEquals(loopsAround(14, {}, true), [0]);
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
  assertStrictEquals(shardRows(program), program);
  const { steps } = shardRows(program, { eager: true });
  const [inside] = steps.flatMap((step) => step.kind === "loop" ? [step] : []);
  assertEquals(inside.steps.filter(isShards).length, 1);
  assertEquals(inside.time.extent, 16);
});
