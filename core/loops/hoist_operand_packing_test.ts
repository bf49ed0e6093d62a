import { assertEquals, assertStrictEquals } from "@std/assert";
import * as ops from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import { kernelsOf, type LoopProgram } from "./program.ts";
import { lowerGraph } from "./lower.ts";
import { blasProduct } from "./blas_product.ts";
import { splitMatmulEpilogues } from "./split_matmul_epilogues.ts";
import { hoistOperandPacking } from "./hoist_operand_packing.ts";

const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;

/** Products with a matrix of 50 lines of `terms` numbers, transposed or not, in a loop. */
function loopOf(length: number, terms: number, { plain = false, changes = false, rows = 4 } = {}) {
  const { graph } = trace([f32(50, terms), f32(rows, plain ? 50 : terms)], (y, start) => {
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
  return splitMatmulEpilogues(lowerGraph(graph));
}

/** What the copy of a matrix that is 0, 1, 2, … holds at a row and a column of the product's operand. */
function copyIn(program: LoopProgram, terms: number): (row: number, column: number) => number {
  const [copied] = program.temporaries.slice(-1);
  const steps = program.steps.filter((step) =>
    step.kind === "map" && step.stores.some(({ buffer }) => buffer === copied)
  );
  const matrix = Float64Array.from({ length: 50 * terms }, (_, i) => i);
  const others = program.inputs.slice(1).map(({ size }) => new Float64Array(size));
  const [found] = evaluateProgram({ ...program, steps, outputs: [copied] }, [matrix, ...others]);
  const stride = operandIn(program)?.stride ?? 0;
  return (row, column) => found[row * stride + column];
}

/** How the right operand of the product in the loop lies. */
function operandIn({ steps }: LoopProgram) {
  const [product] = kernelsOf(steps.filter(({ kind }) => kind === "loop"))
    .flatMap((kernel) => kernel.kind === "matmul" ? blasProduct(kernel)?.y ?? [] : []);
  return product;
}

Deno.test("hoistOperandPacking() transposes what stays the same in a loop", () => {
  const program = loopOf(4, 1024);
  const ahead = hoistOperandPacking(program);
  assertEquals(operandIn(program), { transposed: true, stride: 1024 });
  assertEquals(operandIn(ahead), { transposed: false, stride: 50 });
  const at = copyIn(ahead, 1024);
  for (let k = 0; k < 1024; k++) for (let n = 0; n < 50; n++) assertEquals(at(k, n), 1024 * n + k);
});

Deno.test("hoistOperandPacking() moves lines that are a page apart", () => {
  const ahead = hoistOperandPacking(loopOf(4, 1024, { plain: true }));
  assertEquals(operandIn(ahead), { transposed: false, stride: 1040 });
  const at = copyIn(ahead, 1024);
  for (let k = 0; k < 50; k++) for (let n = 0; n < 1024; n++) assertEquals(at(k, n), 1024 * k + n);
});

Deno.test("hoistOperandPacking() wants more iterations where lines are not a page apart", () => {
  assertEquals(operandIn(hoistOperandPacking(loopOf(16, 1000)))?.transposed, false);
  for (const [length, terms] of [[15, 1000], [3, 1024]]) {
    const program = loopOf(length, terms);
    assertStrictEquals(hoistOperandPacking(program), program);
  }
});

Deno.test("hoistOperandPacking() leaves operands that lie well, and those that the loop changes", () => {
  for (const program of [loopOf(16, 1000, { plain: true }), loopOf(16, 1024, { changes: true })]) {
    assertStrictEquals(hoistOperandPacking(program), program);
  }
});

Deno.test("hoistOperandPacking() copies panels of 64 columns, one after the other", () => {
  for (const [rows, terms, length] of [[32, 192, 4], [64, 128, 9]]) {
    const ahead = hoistOperandPacking(loopOf(length, terms, { plain: true, rows }), true);
    assertEquals(operandIn(ahead), { transposed: false, stride: 64 });
    const [loop] = ahead.steps.filter(({ kind }) => kind === "loop");
    const [product] = kernelsOf([loop]).filter((kernel) => kernel.kind === "matmul");
    assertEquals(product.batch.map(({ extent }) => extent), [terms / 64]);
    const at = copyIn(ahead, terms);
    for (let k = 0; k < 50; k++) {
      for (let n = 0; n < terms; n++) {
        assertEquals(at(50 * Math.floor(n / 64) + k, n % 64), terms * k + n);
      }
    }
  }
});

Deno.test("hoistOperandPacking() makes no panels for one row or many, few iterations or other columns", () => {
  const program = (rows: number, terms: number, length: number) =>
    loopOf(length, terms, { plain: true, rows });
  for (
    const wanted of [
      program(2, 1920, 4),
      program(65, 192, 4),
      program(32, 192, 3),
      program(32, 200, 4),
    ]
  ) {
    assertStrictEquals(hoistOperandPacking(wanted, true), wanted);
  }
});
