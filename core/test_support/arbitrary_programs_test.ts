import { assert, assertEquals, assertGreater } from "@std/assert";
import { evaluateGraph } from "../ir/evaluate.ts";
import { formatGraph } from "../ir/format_graph.ts";
import { checkGraph } from "../passes/check_graph.ts";
import { checkGradients } from "../testing/check_gradients.ts";
import { randomSource } from "../util/random_source.ts";
import { programs } from "./arbitrary_programs.ts";
import { boundsOf, outside } from "./bounds.ts";
import { bodiesOf } from "./compare_graphs.ts";
import { fc } from "./fast_check.ts";
import { SINGLE } from "./intervals.ts";
import { buildProgram } from "./program_spec.ts";

const sample = (runs: number, seed: number) =>
  fc.sample(programs({ large: false }), { seed, numRuns: runs });

Deno.test("programs() draws the same programs for the same seed", () => {
  const text = (seed: number) =>
    sample(5, seed).map((spec) => formatGraph(buildProgram(spec).graph)).join();
  assertEquals(text(3), text(3));
  assert(text(3) !== text(4));
});

Deno.test("programs() draws sound programs: loops in loops, dead code, special numbers", () => {
  let [nested, dead, special] = [0, 0, 0];
  for (const spec of sample(300, 1)) {
    const { graph, inputs } = buildProgram(spec);
    checkGraph(graph);
    if (bodiesOf(graph).some((body) => bodiesOf(body).length > 0)) nested++;
    const read = new Set([...graph.outputs, ...graph.equations.flatMap(({ inputs }) => inputs)]);
    if (graph.equations.some(({ outputs }) => outputs.every((value) => !read.has(value)))) dead++;
    if (inputs.some(({ data }) => data.some((x) => !Number.isFinite(x)))) special++;
  }
  for (const count of [nested, dead, special]) assertGreater(count, 10);
});

Deno.test("programs() that are smooth have the gradients that finite differences have", () => {
  const smooth = programs({ smooth: true, large: false, derivatives: 0, operations: 6 });
  const property = fc.property(smooth, (spec) => {
    const { graph, inputs } = buildProgram(spec);
    checkGradients(graph, inputs, randomSource(1), { tolerance: 1e-5 });
  });
  fc.assert(property, { seed: 1, numRuns: 150 });
});

Deno.test("boundsOf() knows four of five results to a thousandth, and holds the interpreter's", () => {
  let [all, narrow] = [0, 0];
  for (const spec of sample(100, 2)) {
    const { graph, inputs } = buildProgram(spec);
    const bounds = boundsOf(graph, inputs, SINGLE);
    const exact = evaluateGraph(graph, inputs);
    assertEquals(outside(bounds, exact.map(({ data }) => data), exact), []);
    for (const { lo, hi } of bounds.flatMap(({ elements }) => elements)) {
      all++;
      // Bounds of NaN are NaN for certain, those of infinity infinite.
      const isNear = hi - lo <= 1e-3 * Math.max(1, Math.abs(lo));
      if (isNear || Object.is(lo, hi)) narrow++;
    }
  }
  assertGreater(narrow / all, 0.8);
});
