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
import { transposeAhead } from "./transpose_ahead.ts";

const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;

/** Products with a transposed matrix of 50 lines of `terms` numbers. */
function loopOf(length: number, terms: number, changes = false) {
  const { graph } = trace([f32(50, terms), f32(2, terms)], (y, start) => {
    const [end] = ops.scan(
      ([h, w]: readonly [Tensor, Tensor], _: undefined) => {
        const next = ops.matmul(h, changes ? w : y, { transposeY: true });
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

const transposedIn = ({ steps }: Program): number =>
  kernelsOf(steps.filter(({ kind }) => kind === "loop"))
    .filter((kernel) => kernel.kind === "matmul" && blasProduct(kernel)?.y.transposed).length;

Deno.test("transposeAhead() transposes what stays the same in a loop, and computes the same", () => {
  const { program, inputs } = loopOf(4, 1024);
  const ahead = transposeAhead(program);
  assertEquals([transposedIn(program), transposedIn(ahead)], [1, 0]);
  assertEquals(ahead.temporaries.length, program.temporaries.length + 1);
  assertEquals(evaluateProgram(ahead, inputs), evaluateProgram(program, inputs));
});

Deno.test("transposeAhead() wants more iterations where lines are not a page apart", () => {
  assertEquals(transposedIn(transposeAhead(loopOf(16, 1000).program)), 0);
  for (const [length, terms] of [[15, 1000], [3, 1024]]) {
    const { program } = loopOf(length, terms);
    assertStrictEquals(transposeAhead(program), program);
  }
});

Deno.test("transposeAhead() leaves operands that the loop changes", () => {
  const { program } = loopOf(16, 1024, true);
  assertStrictEquals(transposeAhead(program), program);
});
