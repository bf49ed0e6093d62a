import { assertEquals } from "@std/assert";
import { add, matmul, tanh } from "../../language/ops/mod.ts";
import { trace } from "../../language/trace.ts";
import { lowerGraph } from "../../loops/lower.ts";
import { axesOf, kernelsOf } from "../../loops/program.ts";
import { evaluateProgram } from "../../test_support/evaluate_program.ts";
import { flattenEpilogues } from "./flatten_epilogues.ts";

/** Kernels of `tanh(x·y + z)` with so many columns, and their axes. */
function kernelsFor(columns: number, lanes: number, isBias = false): string[] {
  const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
  const rest = isBias ? f32(columns) : f32(8, columns);
  const { graph } = trace(
    [f32(8, 3), f32(3, columns), rest],
    (x, y, z) => [tanh(add(matmul(x, y), z))],
  );
  const [before, program] = [lowerGraph(graph), flattenEpilogues(lowerGraph(graph), lanes)];
  const inputs = graph.inputs.map(({ type: { shape } }, i) =>
    Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, j) => Math.sin(7 * i + j))
  );
  assertEquals(evaluateProgram(program, inputs), evaluateProgram(before, inputs));
  return kernelsOf(program.steps).map((kernel) =>
    `${kernel.kind} ${axesOf(kernel).map(({ extent }) => extent).join("×")}`
  );
}

Deno.test("flattenEpilogues() splits off what takes far fewer vectors along all elements", () => {
  assertEquals(kernelsFor(20, 16), ["matmul 8×20", "map 160"]);
  assertEquals(kernelsFor(20, 4), ["matmul 8×20"]);
  assertEquals(kernelsFor(48, 16), ["matmul 8×48"]);
  assertEquals(kernelsFor(50, 16), ["matmul 8×50"]);
});

Deno.test("flattenEpilogues() leaves work that would run row by row all the same", () => {
  assertEquals(kernelsFor(20, 16, true), ["matmul 8×20"]);
});
