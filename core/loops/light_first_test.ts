import { assert, assertEquals } from "@std/assert";
import { checkGraph } from "../passes/check_graph.ts";
import { add, div, mul, sub } from "../language/ops/arithmetic.ts";
import { matmul } from "../language/ops/matmul.ts";
import { scan } from "../language/ops/scan.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { checkSameMeaning } from "../test_support/compare_graphs.ts";
import { pointsOf } from "./accesses.ts";
import { lightFirst } from "./light_first.ts";
import { lowerGraph } from "./lower.ts";
import { kernelsOf } from "./program.ts";

const TYPES = [[32, 32], [32, 32], []].map((shape) => ({ dtype: "f32", shape }) as const);

/** A step that takes products' shares of two matrices away, by a rate that falls. */
function step(w: Tensor, u: Tensor, power: Tensor): readonly [Tensor, Tensor, Tensor] {
  const gradients = [matmul(w, u), matmul(u, w)];
  const next = mul(power, 0.5);
  const rate = div(1, add(next, 3));
  return [sub(w, mul(gradients[0], rate)), sub(u, mul(gradients[1], rate)), next];
}

Deno.test("lightFirst() puts before products what does not wait for one", () => {
  const { graph } = trace(TYPES, step);
  const after = lightFirst(graph);
  checkGraph(after);
  checkSameMeaning(graph, after);
  const names = after.equations.map(({ primitive }) => primitive.name);
  assert(names.indexOf("div") < names.indexOf("matmul"), `${names}`);
});

Deno.test("lowerGraph() lets products' kernels do what follows them, in loops too", () => {
  const { graph } = trace(TYPES, (...carry: [Tensor, Tensor, Tensor]) => {
    const body = (carry: readonly [Tensor, Tensor, Tensor]) => [step(...carry), undefined] as const;
    return scan(body, carry, undefined, { length: 3 })[0];
  });
  const loops = lowerGraph(graph).steps.filter(({ kind }) => kind === "loop");
  const large = kernelsOf(loops).filter((kernel) =>
    kernel.kind === "matmul" || pointsOf(kernel.axes) > 1
  );
  assertEquals(large.map(({ kind }) => kind), ["matmul", "matmul"]);
});
