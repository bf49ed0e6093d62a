import { assertThrows } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { add } from "../language/ops/arithmetic.ts";
import { scan } from "../language/ops/scan.ts";
import { ELEMENTWISE_PRIMITIVES } from "../language/primitives/elementwise.ts";
import { TARGET_PROGRAMS } from "../test_support/target_programs.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";

const type = { dtype: "f32", shape: [3] } as const;

function sum(): Graph {
  return trace([type, type], (x, y) => [add(add(x, y), y)]).graph;
}

function loop(): Graph {
  return trace([type, type], (x, xs) => {
    const start = x.slice(0, 0, 1).reshape([]);
    return [scan((c: Tensor, x: Tensor) => [add(c, x), c], start, xs)[1]];
  }).graph;
}

Deno.test("checkGraph() accepts what tracing makes", () => {
  checkGraph(sum());
  checkGraph(loop());
  for (const make of Object.values(TARGET_PROGRAMS)) checkGraph(make({ time: 3 }));
});

Deno.test("checkGraph() refuses a value read before it is bound", () => {
  const { inputs, equations, outputs } = sum();
  const swapped = { inputs, outputs, equations: equations.toReversed() };
  const stray: Value = { type };
  assertThrows(() => checkGraph(swapped), TypeError, "read by add before it is bound");
  assertThrows(() => checkGraph({ inputs, equations, outputs: [stray] }), TypeError, "the outputs");
});

Deno.test("checkGraph() refuses a value bound twice", () => {
  const { inputs, equations, outputs } = sum();
  const twice = { inputs, outputs, equations: [...equations, equations[0]] };
  assertThrows(() => checkGraph(twice), TypeError, "is bound already");
  const [x] = inputs;
  assertThrows(() => checkGraph({ inputs: [x, x], equations: [], outputs }), TypeError, "inputs");
});

Deno.test("checkGraph() refuses a type that is not the primitive's", () => {
  const { inputs } = sum();
  const result: Value = { type: { dtype: "f32", shape: [2] } };
  const primitive = ELEMENTWISE_PRIMITIVES.neg;
  const equation = { primitive, inputs: [inputs[0]], outputs: [result], params: {} };
  assertThrows(
    () => checkGraph({ inputs, equations: [equation], outputs: [result] }),
    TypeError,
    "neg must have f32[3], found f32[2]",
  );
});

Deno.test("checkGraph() refuses a body that reads from outside, or other slices", () => {
  const { inputs, equations, outputs } = loop();
  const last = equations[equations.length - 1];
  const withBody = (change: (body: Graph) => Graph): Graph => ({
    inputs,
    outputs,
    equations: [
      ...equations.slice(0, -1),
      { ...last, params: { ...last.params, body: change(last.params.body as Graph) } },
    ],
  });
  checkGraph(withBody((body) => body));
  const captures = withBody((body) => ({ ...body, equations: [] }));
  assertThrows(() => checkGraph(captures), TypeError, "before it is bound");
  const wider = withBody((body) => ({
    ...body,
    inputs: [body.inputs[0], { type }],
    equations: [],
    outputs: [body.inputs[0], body.inputs[0]],
  }));
  assertThrows(() => checkGraph(wider), TypeError, "the body of scan must have");
});
