import { assert, assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import { formatGraph } from "../ir/format_graph.ts";
import { add, mul } from "../language/ops/arithmetic.ts";
import { exp } from "../language/ops/functions.ts";
import { scan } from "../language/ops/scan.ts";
import type { Tensor } from "../language/tensor.ts";
import { bodiesOf, checkSameMeaning } from "../test_support/compare_graphs.ts";
import { trace } from "../language/trace.ts";
import { eliminateDeadCode } from "./eliminate_dead_code.ts";

const type = { dtype: "f32", shape: [3] } as const;

Deno.test("eliminateDeadCode() drops equations nothing reads, and what only they read", () => {
  const { graph } = trace([type], (x) => {
    exp(mul(x, x));
    return [add(x, x)];
  });
  assertEquals(
    formatGraph(eliminateDeadCode(graph)),
    "inputs a:f32[3]\nb:f32[3] = add a a\noutputs b",
  );
});

Deno.test("eliminateDeadCode() gives back the same graph if all is read", () => {
  const { graph } = trace([type], (x) => [add(x, x)]);
  assert(eliminateDeadCode(graph) === graph);
});

Deno.test("eliminateDeadCode() drops stacks, carries, constants and sequences that no one reads", () => {
  const scalar = { dtype: "f32", shape: [] } as const;
  const { graph } = trace([scalar, scalar, type, type], (x, weight, xs, ys) => {
    const [, [kept]] = scan(
      ([a, b, c]: Tensor[], [x, y]: Tensor[]) => [
        // b feeds a and must stay; c feeds only itself, and reads y and the weight.
        [add(a, b), add(b, x), mul(add(c, y), weight)],
        [a, exp(y)],
      ],
      [x, x, x],
      [xs, ys],
    );
    return [kept];
  });
  const after = eliminateDeadCode(graph);
  checkGraph(after);
  checkSameMeaning(graph, after, { tolerance: 0 });
  const [loop] = after.equations;
  assertEquals(loop.params.constants, 0);
  assertEquals(loop.params.carries, 2);
  assertEquals([loop.inputs.length, loop.outputs.length], [3, 3]);
  assertEquals(bodiesOf(after)[0].equations.length, 2);
});

Deno.test("eliminateDeadCode() reaches into loops in loops", () => {
  const { graph } = trace([type], (xs) => {
    const [sum] = scan(
      (sum: Tensor, x: Tensor) => {
        const [inner] = scan(
          ([a, b]: Tensor[]) => [[add(a, x), exp(b)], undefined],
          [sum, sum],
          undefined,
          { length: 2 },
        );
        return [inner[0], undefined];
      },
      xs.slice(0, 0, 1).reshape([]),
      xs,
    );
    return [sum];
  });
  const after = eliminateDeadCode(graph);
  checkGraph(after);
  checkSameMeaning(graph, after, { tolerance: 0 });
  assertEquals(bodiesOf(after)[1].outputs.length, 1);
});
