import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { evaluateGraph } from "../ir/evaluate.ts";
import { checkGraph } from "../passes/check_graph.ts";
import { formatGraph } from "../ir/graph.ts";
import { checkGradients } from "../testing/check_gradients.ts";
import { bodiesOf } from "./compare_graphs.ts";
import { randomGraph, randomInputs } from "./random_graph.ts";
import { randomSource } from "../util/random_source.ts";

Deno.test("randomGraph() gives the same program for the same seed, and another for another", () => {
  const text = (seed: number) => formatGraph(randomGraph(seed));
  assertEquals(text(3), text(3));
  assertNotEquals(text(3), text(4));
});

Deno.test("randomGraph() draws sound programs whose numbers stay small", () => {
  let [nested, dead] = [0, 0];
  for (let seed = 0; seed < 100; seed++) {
    const graph = randomGraph(seed, { operations: 15 });
    checkGraph(graph);
    if (bodiesOf(graph).some((body) => bodiesOf(body).length > 0)) nested++;
    const read = new Set([...graph.outputs, ...graph.equations.flatMap(({ inputs }) => inputs)]);
    if (graph.equations.some(({ outputs }) => outputs.every((value) => !read.has(value)))) dead++;
    for (const { type, data } of evaluateGraph(graph, randomInputs(graph, seed))) {
      if (type.dtype === "f32") { for (const x of data) assertLess(Math.abs(x), 1000); }
    }
  }
  assert(nested >= 10 && dead >= 10, `${nested} with nested loops, ${dead} with dead code`);
});

Deno.test("randomGraph() draws programs with a gradient if they are to be smooth", () => {
  for (let seed = 0; seed < 60; seed++) {
    const graph = randomGraph(seed, { smooth: true, operations: 6 });
    checkGradients(graph, randomInputs(graph, seed), randomSource(seed), { tolerance: 1e-5 });
  }
});
