import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { evaluateGraph } from "../ir/evaluate.ts";
import { checkGraph } from "./check_graph.ts";
import { formatGraph } from "../ir/format_graph.ts";
import { countEquations, type Graph } from "../ir/graph.ts";
import { add, mul, sub } from "../language/ops/arithmetic.ts";
import { tanh } from "../language/ops/functions.ts";
import { zeros } from "../language/ops/creation.ts";
import { oneHot } from "../language/ops/losses.ts";
import { scan } from "../language/ops/scan.ts";
import { ELEMENTWISE_PRIMITIVES } from "../language/primitives/elementwise.ts";
import type { DenseArray } from "../ir/primitive.ts";
import { PRIMITIVES } from "../language/primitives/table.ts";
import {
  bodiesOf,
  checkSameMeaning,
  countPrimitives,
  largestDifference,
  randomInputs,
} from "../test_support/compare_graphs.ts";
import type { Tensor } from "../language/tensor.ts";
import { programs } from "../test_support/arbitrary_programs.ts";
import { boundsOf, outside } from "../test_support/bounds.ts";
import { fc, isLong, RUNS } from "../test_support/fast_check.ts";
import { DOUBLE } from "../test_support/intervals.ts";
import { buildProgram } from "../test_support/program_spec.ts";
import { TARGET_PROGRAMS } from "../test_support/target_programs.ts";
import { trace } from "../language/trace.ts";
import { optimize, type Pass, PASSES } from "./optimize.ts";

/** Inputs of a training step: like random ones, but second moments and the step are positive. */
function trainingInputs(graph: Graph): DenseArray[] {
  return randomInputs(graph, 5).map(({ type, data }) => ({
    type,
    data: type.dtype === "f32" ? data.map((x) => Math.abs(x) + 0.1) : data.map((x) => x & 3),
  }));
}

for (const [name, make] of Object.entries(TARGET_PROGRAMS)) {
  Deno.test(`optimize() keeps what a training step of ${name} computes`, () => {
    const graph = make({ time: 4, batch: 3, hidden: 4, symbols: 5 });
    const inputs = trainingInputs(graph);
    optimize(graph, {
      trace(_pass, changed) {
        checkGraph(changed);
        checkSameMeaning(graph, changed, { inputs, tolerance: 1e-11 });
      },
    });
  });

  Deno.test(`optimize() makes a graph of ${name} whose size does not depend on time`, () => {
    const [short, long] = [7, 1001].map((time) => countEquations(optimize(make({ time }))));
    assertEquals(short, long);
  });

  Deno.test(`optimize() reaches a fixed point for ${name}`, () => {
    const graph = optimize(make());
    for (const [, pass] of PASSES) assert(pass(graph) === graph);
  });

  Deno.test(`optimize() leaves one product a step, forward and backward, in ${name}`, () => {
    const graph = optimize(make());
    const bodies = bodiesOf(graph);
    assertEquals(bodies.length, 2);
    const layout = ["fill", "broadcast", "split", "concatenate", "gather"];
    for (const body of bodies) {
      const { matmul, ...rest } = countPrimitives(body);
      assertEquals(matmul, 1);
      for (const primitive of Object.keys(rest)) {
        assert(layout.includes(primitive) || primitive in ELEMENTWISE_PRIMITIVES, primitive);
      }
    }
    // The backward product reads the forward one's weights transposed; nothing is added up there.
    const backward = graph.equations.filter(({ primitive }) => primitive.name === "scan")[1];
    const product = bodies[1].equations.find(({ primitive }) => primitive.name === "matmul");
    assertEquals(product?.params, { transposeX: false, transposeY: true });
    assertEquals(backward.params.constants, 1);
    for (const step of ["tanh", "sigmoid", "exp"]) {
      assertEquals(countPrimitives(bodies[1])[step], undefined);
    }
  });
}

function scanSizes(graph: Graph, which: number): Record<string, number> {
  const { inputs, outputs, params } =
    graph.equations.filter(({ primitive }) => primitive.name === "scan")[which];
  const [constants, carries] = [params.constants as number, params.carries as number];
  return {
    constants,
    carries,
    sequences: inputs.length - constants - carries,
    stacks: outputs.length - carries,
  };
}

Deno.test("optimize() saves only what the way back reads", () => {
  // The states before and after each step: tanh' and sigmoid' need only the output.
  for (const make of [TARGET_PROGRAMS.autonomousRnn, TARGET_PROGRAMS.oneHotRnn]) {
    assertEquals(scanSizes(optimize(make()), 0).stacks, 2);
  }
  // h and, for the derivatives, the h and c before, i, f, g, o and tanh(c).
  const lstm = optimize(TARGET_PROGRAMS.embeddingLstm());
  // Its inputs are rows of a table, the embedding times the weights, which is constant.
  assertEquals(scanSizes(lstm, 0), { constants: 3, carries: 2, sequences: 1, stacks: 8 });
  assertEquals(scanSizes(lstm, 1), { constants: 1, carries: 2, sequences: 7, stacks: 1 });
});

Deno.test("optimize() makes the gradient of each weight one product outside", () => {
  // Products: input or none, output, their gradients, the gradient of the states by the output.
  assertEquals(countPrimitives(optimize(TARGET_PROGRAMS.autonomousRnn())).matmul, 4);
  const rnn = countPrimitives(optimize(TARGET_PROGRAMS.oneHotRnn()));
  assertEquals([rnn.matmul, rnn.gather, rnn.scatter_add], [4, 1, 1]);
  const lstm = countPrimitives(optimize(TARGET_PROGRAMS.embeddingLstm()));
  // The rows of the table are picked in the loop.
  assertEquals([lstm.matmul, lstm.gather, lstm.scatter_add], [7, undefined, 1]);
  const gru = countPrimitives(optimize(TARGET_PROGRAMS.gatedRnn()));
  assertEquals([gru.matmul, gru.gather, gru.scatter_add], [4, 1, 1]);
});

Deno.test("optimize() sees one-hot vectors in a loop around before they leave it", () => {
  // Steps of training in a row: the products leave the loop over time, and meet what they are products of.
  const types = [{ dtype: "f32", shape: [5, 2] }, { dtype: "i32", shape: [6, 4, 3] }] as const;
  const { graph } = trace(types, (weights, batches) => [
    scan(
      (w: Tensor, symbols: Tensor) => {
        const [last] = scan(
          (h: Tensor, x: Tensor) => [tanh(add(h, x.matmul(w))), []],
          zeros([3, 2]),
          oneHot(symbols, 5),
        );
        return [mul(w, last.sum()), []];
      },
      weights,
      batches,
    )[0],
  ]);
  const [body] = bodiesOf(optimize(graph));
  const { matmul, gather } = countPrimitives(body);
  assertEquals([matmul, gather], [undefined, 1]);
});

Deno.test(`${isLong ? "[long] " : ""}optimize() keeps the meaning of random programs after each pass`, () => {
  const changed = new Set<string>();
  const used = new Set<string>();
  const names = (graph: Graph): string[] =>
    [graph, ...bodiesOf(graph)].flatMap(({ equations }) =>
      equations.map(({ primitive }) => primitive.name)
    );
  let [before, after] = [0, 0];
  const property = fc.property(programs({ large: false }), (spec) => {
    const { graph, inputs } = buildProgram(spec);
    checkGraph(graph);
    for (const name of names(graph)) used.add(name);
    const expected = evaluateGraph(graph, inputs);
    const optimized = optimize(graph, {
      trace(name, next) {
        changed.add(name);
        checkGraph(next);
        const found = evaluateGraph(next, inputs);
        if (largestDifference(expected, found) <= 1e-13) return;
        // Sums in another order are rounded otherwise, also where they cancel.
        const wrong = outside(
          boundsOf(graph, inputs, DOUBLE),
          found.map(({ data }) => data),
          expected,
        );
        if (wrong.length > 0) {
          throw new RangeError(
            `${name} changes what this computes:\n${formatGraph(graph)}\n${wrong.join("\n")}`,
          );
        }
      },
    });
    before += countEquations(graph);
    after += countEquations(optimized);
  });
  fc.assert(property, { seed: 1, numRuns: (isLong ? 4 : 2) * RUNS });
  // Every pass had something to do, and every primitive was there.
  assertEquals([...changed].sort(), PASSES.map(([name]) => name).sort());
  assertEquals([...used].sort(), PRIMITIVES.map(({ name }) => name).sort());
  assertLess(after, before / 2);
});

Deno.test("checkSameMeaning() notices another operation, and results of another type", () => {
  const type = { dtype: "f32", shape: [2] } as const;
  const sum = trace([type, type], (x, y) => [add(x, y)]).graph;
  const difference = trace([type, type], (x, y) => [sub(x, y)]).graph;
  const product = trace([type, type], (x, y) => [add(x, y).sum()]).graph;
  checkSameMeaning(sum, sum);
  assertThrows(() => checkSameMeaning(sum, difference), RangeError, "Graphs differ in meaning");
  assertThrows(() => checkSameMeaning(sum, product), TypeError, "f32[2] is wanted, found f32[]");
});

Deno.test("optimize() runs no pass again on a graph that it has left as it is", () => {
  const { graph } = trace([{ dtype: "f32", shape: [2] }], (x) => {
    add(x, 1); // read by nothing, so that the first pass changes the graph
    return [mul(x, x)];
  });
  let runs = 0;
  const passes = PASSES as (readonly [name: string, pass: Pass])[];
  passes.push(["count", (graph) => (runs++, graph)]);
  try {
    optimize(graph);
  } finally {
    passes.pop();
  }
  assertEquals(runs, 1);
});
