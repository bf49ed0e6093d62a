import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Graph } from "../ir/graph.ts";
import type { Buffer } from "../ir/expression.ts";
import { type DType, sizeOf } from "../ir/tensor_type.ts";
import { webgpuBackend } from "../backends/webgpu.ts";
import { compile } from "../compile/compile.ts";
import { add } from "../language/ops/arithmetic.ts";
import { tensor } from "../language/ops/creation.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { optimize } from "../passes/optimize.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import { programs } from "../test_support/arbitrary_programs.ts";
import { fc } from "../test_support/fast_check.ts";
import { buildProgram, donations } from "../test_support/program_spec.ts";
import * as targets from "../test_support/target_programs.ts";
import { randomSource } from "../testing/mod.ts";
import { countBindings } from "./buffers.ts";
import { fitsBindings } from "./fit_bindings.ts";
import { lowerGraph } from "./lower.ts";
import { lowerForWebgpu } from "./lower_for_webgpu.ts";
import { accessesOf } from "./accesses.ts";
import { kernelsOf, type LoopProgram } from "./program.ts";

const SIZES = { time: 3, batch: 2, hidden: 3, symbols: 4 };

/** Sums of many arguments, and steps of training that update all of their parameters in place. */
function graphs(): Readonly<Record<string, Graph>> {
  const vectors = Array.from({ length: 12 }, () => ({ dtype: "f32", shape: [3] }) as const);
  return {
    "a sum of 12": trace(vectors, (...xs) => [xs.reduce((a, x) => add(a, x))]).graph,
    "12 results of 12": trace(vectors, (...xs) => xs.map((x, i) => x.mul(xs[(i + 5) % 12]))).graph,
    "an autonomous network": targets.autonomousRnn(SIZES),
    "a one-hot network": targets.oneHotRnn(SIZES),
    "a long short-term memory": targets.embeddingLstm(SIZES),
    "a gated network": targets.gatedRnn(SIZES),
    ...Object.fromEntries(
      fc.sample(programs({ operations: 12, large: false }), { seed: 1, numRuns: 12 })
        .map((spec, i) => [`random program ${i}`, buildProgram(spec).graph] as const),
    ),
  };
}

function run(program: LoopProgram, graph: Graph): Float64Array[] {
  const random = randomSource(5);
  return evaluateProgram(
    program,
    graph.inputs.map(({ type: { dtype, shape } }) =>
      Float64Array.from(
        { length: sizeOf(shape) },
        () => dtype === "f32" ? Math.fround(random()) : Math.floor(2 * random()),
      )
    ),
  );
}

/** The most that a kernel binds, counted here by hand. */
function mostBindings(program: LoopProgram): number {
  const external = new Set([...program.inputs, ...program.outputs]);
  return Math.max(
    ...kernelsOf(program.steps).map((kernel) => {
      const touched = new Set(accessesOf(kernel).map(({ buffer }) => buffer));
      const own = [...touched].filter((buffer) => external.has(buffer));
      const shared = [...touched].filter((buffer) => !external.has(buffer));
      return own.length +
        new Set(shared.map(({ dtype }) => dtype === "bool" ? "u32" : dtype)).size;
    }),
  );
}

for (const [name, raw] of Object.entries(graphs())) {
  Deno.test(`lowerForWebgpu() fits the kernels of ${name} to 8 and 4 buffers, with the same results`, () => {
    const graph = optimize(raw);
    for (const donated of [[], donations(graph)]) {
      const free = lowerGraph(graph, { scatter: "reduce", donated });
      const wanted = run(free, graph);
      for (const maxBindings of [8, 4]) {
        const program = lowerForWebgpu(graph, { donated, maxBindings });
        assert(mostBindings(program) <= maxBindings, `${mostBindings(program)}`);
        assertEquals(run(program, graph), wanted);
        // Where nothing is in the way, nothing is otherwise.
        if (mostBindings(free) <= maxBindings) {
          assertStrictEquals(kernelsOf(program.steps).length, kernelsOf(free.steps).length);
        }
      }
    }
  });
}

Deno.test("countBindings() counts arguments each, and others by type", () => {
  const buffer = (dtype: DType): Buffer => ({ name: "b", dtype, size: 1 });
  const own = [buffer("f32"), buffer("f32")];
  const others = [buffer("f32"), buffer("f32"), buffer("bool"), buffer("u32")];
  assertStrictEquals(countBindings([...own, ...others], (one) => own.includes(one)), 4);
});

Deno.test("fitsBindings() finds the kernel that binds too many", () => {
  const { "a sum of 12": graph } = graphs();
  const program = lowerGraph(optimize(graph));
  assertEquals([12, 13].map((most) => fitsBindings(program, most)), [false, true]);
});

const device = await webgpuBackend().catch(() => undefined);
device?.dispose();

Deno.test({
  name: "webgpuBackend() with 8 or 4 storage buffers runs what reads and writes more",
  ignore: device === undefined,
  async fn() {
    const xs = Array.from({ length: 12 }, (_, i) => tensor([i, 2 * i]));
    for (const maxStorageBuffersPerShaderStage of [8, 4]) {
      using backend = await webgpuBackend({ limits: { maxStorageBuffersPerShaderStage } });
      assertStrictEquals(
        backend.limits.maxStorageBuffersPerShaderStage,
        maxStorageBuffersPerShaderStage,
      );
      const sum = compile((xs: Tensor[]) => xs.reduce((a, x) => a.add(x)), { backend });
      assertEquals([...await (await sum(xs)).data()], [66, 132]);
      const doubled = compile((xs: Tensor[]) => xs.map((x) => x.mul(2)), { backend });
      for (const [i, y] of (await doubled(xs)).entries()) {
        assertEquals([...await y.data()], [2 * i, 4 * i]);
      }
    }
  },
});
