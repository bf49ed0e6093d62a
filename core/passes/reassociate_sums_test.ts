import { assert, assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import { formatGraph } from "../ir/format_graph.ts";
import type { Graph } from "../ir/graph.ts";
import { add } from "../language/ops/arithmetic.ts";
import { tanh } from "../language/ops/functions.ts";
import { scan } from "../language/ops/scan.ts";
import type { Tensor } from "../language/tensor.ts";
import { bodiesOf, checkSameMeaning } from "../test_support/compare_graphs.ts";
import { trace } from "../language/trace.ts";
import { reassociateSums } from "./reassociate_sums.ts";

const type = { dtype: "f32", shape: [2] } as const;

function loop(body: (h: Tensor, x: Tensor, bias: Tensor) => Tensor): Graph {
  return trace([type, { dtype: "f32", shape: [3, 2] }, type], (start, xs, bias) => [
    scan((h: Tensor, x: Tensor) => [body(h, x, bias), undefined], start, xs)[0],
  ]).graph;
}

Deno.test("reassociateSums() adds first what does not depend on the carry", () => {
  const variants = [
    loop((h, x, bias) => tanh(add(add(x, h), bias))),
    loop((h, x, bias) => tanh(add(bias, add(h, x)))),
  ];
  for (const graph of variants) {
    const after = reassociateSums(graph);
    checkGraph(after);
    checkSameMeaning(graph, after);
    const body = bodiesOf(after)[0];
    const [bias, h, x] = body.inputs;
    assertEquals(new Set(body.equations[0].inputs), new Set([x, bias]), formatGraph(body));
    assertEquals(body.equations[1].inputs.includes(h), true);
    assert(reassociateSums(after) === after);
  }
});

Deno.test("reassociateSums() leaves sums that are read elsewhere, and those in order", () => {
  const shared = loop((h, x, bias) => {
    const sum = add(x, h);
    return tanh(add(add(sum, bias), sum));
  });
  assert(reassociateSums(shared) === shared);
  const ordered = loop((h, x, bias) => tanh(add(add(x, bias), h)));
  assert(reassociateSums(ordered) === ordered);
});
