import { assert, assertEquals } from "@std/assert";
import { trace } from "../language/trace.ts";
import { computeIfLarge } from "./compute.ts";

/** The sum of a square matrix times itself. */
function sumOfProduct(size: number) {
  return trace([{ dtype: "f32", shape: [size, size] }], (x) => [x.matmul(x).sum()]).graph;
}

Deno.test("computeIfLarge() computes large graphs, and leaves small ones to the interpreter", async () => {
  // 2 · 256³ operations are above its bound, 2 · 64³ below; the sums are exact.
  const [sum] = await computeIfLarge(sumOfProduct(256), [new Float32Array(256 ** 2).fill(0.5)]) ??
    [];
  assertEquals(sum, Float32Array.of(256 ** 3 / 4));
  assert(computeIfLarge(sumOfProduct(64), [new Float32Array(64 ** 2)]) === undefined);
});
