import { assertEquals, assertStrictEquals } from "@std/assert";
import * as ops from "../ops/mod.ts";
import { sampleArray } from "../primitives/dense.ts";
import { randomSource } from "../testing/random_source.ts";
import type { Tensor } from "../tensor.ts";
import { trace } from "../trace.ts";
import { evaluateProgram } from "./evaluate_program.ts";
import { kernelsOf, type Program } from "./kernel.ts";
import { lowerGraph } from "./lower.ts";
import { blasProduct, separateProducts } from "./separate_products.ts";
import { layOutAhead } from "./lay_out_ahead.ts";

const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;

/** Products with a matrix of 50 lines of `terms` numbers, transposed or not, in a loop. */
function loopOf(length: number, terms: number, { plain = false, changes = false } = {}) {
  const { graph } = trace([f32(50, terms), f32(2, plain ? 50 : terms)], (y, start) => {
    const [end] = ops.scan(
      ([h, w]: readonly [Tensor, Tensor], _: undefined) => {
        const next = ops.matmul(h, changes ? w : y, { transposeY: !plain });
        return [[ops.mul(h, ops.mean(next)), ops.mul(w, 0.5)] as const, undefined];
      },
      [start, y] as const,
      undefined,
      { length },
    );
    return [end[0]];
  });
  const random = randomSource(5);
  const inputs = graph.inputs.map(({ type }) =>
    Float64Array.from(sampleArray(random, type.shape, { most: 0.3 }).data)
  );
  return { program: separateProducts(lowerGraph(graph)), inputs };
}

/** How the right operand of the product in the loop lies. */
function operandIn({ steps }: Program) {
  const [product] = kernelsOf(steps.filter(({ kind }) => kind === "loop"))
    .flatMap((kernel) => kernel.kind === "matmul" ? blasProduct(kernel)?.y ?? [] : []);
  return product;
}

Deno.test("layOutAhead() transposes what stays the same in a loop, and computes the same", () => {
  const { program, inputs } = loopOf(4, 1024);
  const ahead = layOutAhead(program);
  assertEquals(operandIn(program), { transposed: true, stride: 1024 });
  assertEquals(operandIn(ahead), { transposed: false, stride: 50 });
  assertEquals(ahead.temporaries.length, program.temporaries.length + 1);
  assertEquals(evaluateProgram(ahead, inputs), evaluateProgram(program, inputs));
});

Deno.test("layOutAhead() moves lines that are a page apart", () => {
  const { program, inputs } = loopOf(4, 1024, { plain: true });
  const ahead = layOutAhead(program);
  assertEquals(operandIn(ahead), { transposed: false, stride: 1040 });
  assertEquals(evaluateProgram(ahead, inputs), evaluateProgram(program, inputs));
});

Deno.test("layOutAhead() wants more iterations where lines are not a page apart", () => {
  assertEquals(operandIn(layOutAhead(loopOf(16, 1000).program))?.transposed, false);
  for (const [length, terms] of [[15, 1000], [3, 1024]]) {
    const { program } = loopOf(length, terms);
    assertStrictEquals(layOutAhead(program), program);
  }
});

Deno.test("layOutAhead() leaves operands that lie well, and those that the loop changes", () => {
  for (
    const { program } of [loopOf(16, 1000, { plain: true }), loopOf(16, 1024, { changes: true })]
  ) {
    assertStrictEquals(layOutAhead(program), program);
  }
});
