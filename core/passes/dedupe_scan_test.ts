import { assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import type { Graph } from "../ir/graph.ts";
import { add, mul } from "../language/ops/arithmetic.ts";
import { tanh } from "../language/ops/functions.ts";
import { fill } from "../language/ops/creation.ts";
import { broadcastTo } from "../language/ops/layout.ts";
import { scan } from "../language/ops/scan.ts";
import type { Tensor } from "../language/tensor.ts";
import { checkSameMeaning, countPrimitives } from "../test_support/compare_graphs.ts";
import { trace } from "../language/trace.ts";
import { dedupeScan } from "./dedupe_scan.ts";

const scalar = { dtype: "f32", shape: [] } as const;
const type = { dtype: "f32", shape: [3] } as const;

/** The loop after the pass: constants, carries, sequences, stacks. */
function sizesAfter(graph: Graph): number[] {
  const after = dedupeScan(graph);
  checkGraph(after);
  checkSameMeaning(graph, after, { tolerance: 0 });
  const loop = after.equations.find(({ primitive }) => primitive.name === "scan");
  if (!loop) return [];
  const [constants, carries] = [loop.params.constants as number, loop.params.carries as number];
  const sequences = loop.inputs.length - constants - carries;
  return [constants, carries, sequences, loop.outputs.length - carries];
}

Deno.test("dedupeScan() passes an input once and stacks a value once", () => {
  const { graph } = trace([scalar, type], (x, xs) => {
    const [last, stacks] = scan(
      (c: Tensor, [a, b]: Tensor[]) => {
        const next = tanh(add(c, mul(a, b)));
        return [next, [next, next, c]];
      },
      x,
      [xs, xs],
    );
    return [last, ...stacks];
  });
  assertEquals(sizesAfter(graph), [0, 1, 1, 2]);
});

Deno.test("dedupeScan() makes a carry that never changes a constant", () => {
  const { graph } = trace([scalar, type], (x, xs) => {
    const [last, stack] = scan(
      ([c, d]: Tensor[], x: Tensor) => [[c, tanh(add(mul(c, d), x))], d],
      [x, x],
      xs,
    );
    return [...last, stack];
  });
  assertEquals(sizesAfter(graph), [1, 1, 1, 1]);
});

Deno.test("dedupeScan() makes a sequence of equal slices a constant", () => {
  const { graph } = trace([scalar, type, type], (x, row, xs) => {
    const rows = broadcastTo(row, [3, 3]);
    const places = broadcastTo(x, [3, 2]);
    const [last] = scan(
      (c: Tensor, [x, row, place, one]: Tensor[]) => [
        tanh(add(add(c, x), add(row.sum(), mul(place.sum(), one)))),
        undefined,
      ],
      x,
      [xs, rows, places, fill([3], 1)],
    );
    return [last];
  });
  assertEquals(sizesAfter(graph), [2, 1, 1, 0]);
});

Deno.test("dedupeScan() makes a stack of what is the same at each step a repetition outside", () => {
  const { graph } = trace([scalar, type, type], (x, row, xs) => {
    const [, stacks] = scan(
      (c: Tensor, x: Tensor) => [
        tanh(add(c, x)),
        [row, fill([2], 7), broadcastTo(row, [2, 3]), x],
      ],
      x,
      xs,
      { reverse: true },
    );
    return stacks;
  });
  assertEquals(sizesAfter(graph)[3], 0);
  assertEquals(countPrimitives(dedupeScan(graph)), { scan: 1, fill: 1, broadcast: 4 });
});
