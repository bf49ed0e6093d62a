import { assertEquals } from "@std/assert";
import { evaluateGraph } from "../ir/evaluate.ts";
import type { Graph } from "../ir/graph.ts";
import * as ops from "../language/ops/mod.ts";
import type { DenseArray } from "../ir/primitive.ts";
import { sampleArray } from "../ir/dense.ts";
import { PRIMITIVES, samplesOf } from "../language/primitives/table.ts";
import { gradientGraph } from "../testing/check_gradients.ts";
import { randomSource } from "../util/random_source.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import { apply } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import { kernelsOf } from "./program.ts";
import { lowerGraph, type LowerOptions } from "./lower.ts";
import { planArena } from "./plan_memory.ts";

function checkLowering(graph: Graph, inputs: readonly DenseArray[], options: LowerOptions = {}) {
  const expected = evaluateGraph(graph, inputs);
  const program = lowerGraph(graph, options);
  const actual = evaluateProgram(program, inputs.map(({ data }) => data.slice()));
  expected.forEach(({ data }, i) => {
    data.forEach((x, j) => {
      const y = actual[i][j];
      const close = Object.is(x, y) || Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(x));
      assertEquals(close, true, `output ${i}[${j}]: expected ${x}, found ${y}`);
    });
  });
  return program;
}

for (const primitive of PRIMITIVES) {
  Deno.test(`lowerGraph() keeps the meaning of ${primitive.name} and of its gradient`, () => {
    for (const { inputs, params, smooth } of samplesOf(primitive, randomSource(5))) {
      const types = inputs.map(({ type }) => type);
      const { graph } = trace(types, (...args) => apply(primitive, args, params));
      for (const scatter of ["add", "reduce"] as const) {
        checkLowering(graph, inputs, { scatter });
        if (smooth === false) continue;
        const backward = gradientGraph(graph);
        const random = randomSource(6);
        const cotangents = graph.outputs.map(({ type }) => sampleArray(random, type.shape, type));
        checkLowering(backward, [...inputs, ...cotangents], { scatter });
      }
    }
  });
}

/** Loss and gradients of a small recurrent network over symbols. */
function networkGraph(time: number, batch = 2, hidden = 3, symbols = 4): Graph {
  const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
  const loss = trace(
    [
      f32(symbols, hidden),
      f32(hidden, hidden),
      f32(hidden, symbols),
      f32(symbols),
      { dtype: "i32", shape: [time, batch] },
      { dtype: "i32", shape: [time, batch] },
    ],
    (embedding, recurrent, out, bias, inputs, targets) => {
      const [, hidden_] = ops.scan(
        (h, x) => {
          const next = ops.tanh(ops.add(x, h.matmul(recurrent)));
          return [next, next];
        },
        ops.zeros([batch, hidden]),
        ops.gather(embedding, inputs),
      );
      const logits = ops.add(ops.matmul(hidden_, out), bias);
      return [ops.mean(ops.crossEntropy(logits, targets))];
    },
  ).graph;
  return gradientGraph(loss);
}

function networkInputs(graph: Graph, symbols = 4): DenseArray[] {
  const random = randomSource(8);
  return graph.inputs.map(({ type }) =>
    sampleArray(random, type.shape, { dtype: type.dtype, max: type.dtype === "i32" ? symbols : 1 })
  );
}

for (const time of [0, 1, 2, 5, 40]) {
  Deno.test(`lowerGraph() keeps the meaning of a network over ${time} steps and of its gradient`, () => {
    const graph = networkGraph(time);
    checkLowering(graph, networkInputs(graph));
    checkLowering(graph, networkInputs(graph), { scatter: "reduce" });
  });
}

Deno.test("lowerGraph() makes as many kernels for 1000 steps as for 100", () => {
  const count = (time: number) => kernelsOf(lowerGraph(networkGraph(time)).steps).length;
  assertEquals(count(100), count(1000));
});

Deno.test("lowerGraph() fuses a bias and an activation into the product before them", () => {
  const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
  const { graph } = trace([f32(4, 3), f32(3, 5), f32(5)], (x, w, b) => [x.matmul(w).add(b).tanh()]);
  assertEquals(kernelsOf(lowerGraph(graph).steps).map(({ kind }) => kind), ["matmul"]);
});

Deno.test("lowerGraph() updates a donated input in place", () => {
  const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
  const { graph } = trace([f32(4, 3), f32(5, 4), f32(5, 3)], (w, x, dy) => [
    w.sub(x.matmul(dy, { transposeX: true }).mul(0.1)),
  ]);
  const program = lowerGraph(graph, { donated: [[0, 0]] });
  assertEquals(program.outputs[0], program.inputs[0]);
  assertEquals(program.steps.length, 1);
  const random = randomSource(4);
  checkLowering(graph, graph.inputs.map(({ type }) => sampleArray(random, type.shape)), {
    donated: [[0, 0]],
  });
});

Deno.test("lowerGraph() does not overwrite a donated input that is still read", () => {
  const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
  const { graph } = trace([f32(3, 3), f32(2, 3)], (w, x) => [w.mul(2), x.matmul(w)]);
  const random = randomSource(4);
  const inputs = graph.inputs.map(({ type }) => sampleArray(random, type.shape));
  checkLowering(graph, inputs, { donated: [[0, 0]] });
});

Deno.test("planArena() keeps buffers that live at the same time apart", () => {
  const program = lowerGraph(networkGraph(3));
  const { offsets, size } = planArena(program);
  const total = program.temporaries.reduce((sum, { size }) => sum + size * 4 + 16, 0);
  assertEquals(size <= total + 16 * program.temporaries.length, true);
  assertEquals([...offsets.keys()].every((buffer) => sizeOf([buffer.size]) >= 0), true);
});
