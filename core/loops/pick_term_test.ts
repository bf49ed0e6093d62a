import { assertEquals } from "@std/assert";
import { eq, exp, expandDims, iota, sum, where } from "../language/ops/mod.ts";
import { trace } from "../language/trace.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import { lowerGraph } from "./lower.ts";
import { kernelsOf } from "./program.ts";

for (const turned of [false, true]) {
  Deno.test(`lowerGraph() reads the term of a label alone, at its place${turned ? ", either way round" : ""}`, () => {
    const { graph } = trace(
      [{ dtype: "i32", shape: [5] }, { dtype: "f32", shape: [5, 3] }],
      (labels, x) => {
        const [label, classes] = [expandDims(labels, 1), iota([5, 3], 1)];
        const isOwn = turned ? eq(classes, label) : eq(label, classes);
        return [sum(where(isOwn, exp(x), 0), 1)];
      },
    );
    const program = lowerGraph(graph);
    const folded = kernelsOf(program.steps).flatMap((kernel) =>
      kernel.kind === "reduce" ? kernel.inner : []
    );
    assertEquals(folded, []);
    // Labels of no class count nothing, wherever they point, and a number that is none is not read.
    const x = Float64Array.from({ length: 15 }, (_, i) => i === 1 ? NaN : Math.log(i + 1));
    const [picked] = evaluateProgram(program, [Float64Array.of(0, 2, 3, -1, 1), x]);
    assertEquals([...picked].map(Math.round), [1, 6, 0, 0, 14]);
  });
}

Deno.test("lowerGraph() adds all terms where more than the own one counts", () => {
  const { graph } = trace(
    [{ dtype: "i32", shape: [2] }, { dtype: "f32", shape: [2, 3] }],
    (labels, x) => [sum(where(eq(expandDims(labels, 1), iota([2, 3], 1)), x, 1), 1)],
  );
  const inputs = [Float64Array.of(0, 5), Float64Array.of(7, 8, 9, 4, 5, 6)];
  assertEquals([...evaluateProgram(lowerGraph(graph), inputs)[0]], [9, 3]);
});
