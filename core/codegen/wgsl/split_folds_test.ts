import { assert, assertEquals } from "@std/assert";
import { type WebGpuBackend, webgpuBackend } from "../../backends/webgpu.ts";
import { compile } from "../../compile/compile.ts";
import * as ops from "../../language/ops/mod.ts";
import type { Tensor } from "../../language/tensor.ts";
import { trace } from "../../language/trace.ts";
import { lowerGraph } from "../../loops/lower.ts";
import { splitFolds } from "./split_folds.ts";

const shared = await webgpuBackend().catch(() => undefined);
const ignore = shared === undefined;
const backend = shared as WebGpuBackend;

/**
 * What equal numbers may be off by, relatively, as on the CPU: chains of some 64 additions, each of which
 * rounds by 2⁻²⁶ of the sum on average.
 */
const TOLERANCE = 1e-6;
/** A number whose sums are rounded in the same direction many times over. */
const NUMBER = Math.fround(0.1);
/** More than one workgroup folds in 65,536 iterations, after which llvmpipe ends loops; odd, and no round number. */
const MANY = 17_000_001;

const filled = (shape: readonly number[]): Tensor => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return ops.tensor(new Float32Array(size).fill(NUMBER)).reshape(shape);
};

/** Sums of equal numbers, or products of equal matrices: shapes, the sum, how many terms one has. */
const SUMS: Readonly<
  Record<string, [readonly (readonly number[])[], (...inputs: Tensor[]) => Tensor, number]>
> = {
  "a million": [[[1e6]], (x) => x.sum(), 1e6],
  "ten million": [[[1e7]], (x) => x.sum(), 1e7],
  "more than one workgroup can": [[[MANY]], (x) => x.sum(), MANY],
  rows: [[[3, 1e6]], (x) => x.sum(1), 1e6],
  columns: [[[100_003, 67]], (x) => x.sum(0), 100_003],
  "many columns": [[[3001, 9000]], (x) => x.sum(0), 3001],
  "two axes": [[[300_007, 3, 5]], (x) => x.sum([0, 2]), 300_007 * 5],
  "two axes of many points": [[[50, 9000, 60]], (x) => x.sum([0, 2]), 3000],
  "a product of vectors": [[[1, 1e5], [1e5, 1]], (x, y) => x.matmul(y), 1e5],
  "a small product": [[[3, 100_003], [100_003, 4]], (x, y) => x.matmul(y), 100_003],
  "a product in tiles": [[[64, 1e5], [1e5, 64]], (x, y) => x.matmul(y), 1e5],
  "a product with a rest": [[[64, 4097], [4097, 64]], (x, y) => x.matmul(y), 4097],
  "a product left whole": [[[64, 3000], [3000, 64]], (x, y) => x.matmul(y), 3000],
};

for (const [name, [shapes, fold, terms]] of Object.entries(SUMS)) {
  const size = Math.max(...shapes.map((shape) => shape.reduce((product, n) => product * n, 1)));
  Deno.test({
    name: `${
      size > 5e6 ? "[long] " : ""
    }webgpu: sums of equal numbers are exact to ${TOLERANCE}: ${name}`,
    ignore,
    async fn() {
      using compiled = compile(fold, { backend });
      const exact = terms * (shapes.length === 1 ? NUMBER : NUMBER * NUMBER);
      for (const x of await (await compiled(...shapes.map(filled))).data()) {
        assert(Math.abs(x - exact) <= TOLERANCE * exact, `expected ${exact}, found ${x}`);
      }
    },
  });
}

Deno.test({
  name: "[long] webgpu: the greatest of very many numbers is found, and the first place of it",
  ignore,
  async fn() {
    const numbers = new Float32Array(MANY).fill(-2);
    numbers.fill(5, MANY - 2);
    using greatest = compile((x: Tensor) => [ops.max(x), ops.argmax(x)], { backend });
    const [value, place] = await greatest(ops.tensor(numbers));
    assertEquals([await value.item(), await place.item()], [5, MANY - 2]);
    // The first NaN goes before all numbers.
    numbers[MANY - 1] = NaN;
    const [nan, where] = await greatest(ops.tensor(numbers));
    assertEquals([await nan.item(), await where.item()], [NaN, MANY - 1]);
    // Nothing is added to the end of the numbers.
    const least = await greatest(ops.tensor(new Float32Array(MANY).fill(-Infinity)));
    assertEquals(await Promise.all(least.map((x) => x.item())), [-Infinity, 0]);
  },
});

Deno.test({
  name:
    "[long] webgpu: very many whole numbers are added up, also in rows, and their greatest placed",
  ignore,
  async fn() {
    const numbers = Int32Array.from({ length: 2 * 8_400_000 }, (_, i) => i % 7 - 2);
    const x = ops.tensor(numbers).reshape([2, 8_400_000]);
    const fold = (x: Tensor) => [x.sum(), x.sum(1), ops.argmax(x.reshape([2 * 8_400_000]))];
    using compiled = compile(fold, { backend });
    const [all, rows, place] = await compiled(x);
    const sum = (list: Int32Array) => list.reduce((sum, x) => sum + x, 0);
    assertEquals(await all.item(), sum(numbers));
    const halves = [numbers.subarray(0, 8_400_000), numbers.subarray(8_400_000)];
    assertEquals([...await rows.data()], halves.map(sum));
    assertEquals(await place.item(), 6);
  },
});

Deno.test("splitFolds() leaves folds alone that one kernel does well", () => {
  const types = [[4096, 4096], [4096, 64]].map((shape) => ({ dtype: "f32", shape }) as const);
  const { graph } = trace(types, (x, y) => [x.sum(), x.sum(1), ops.matmul(x, y)]);
  const program = lowerGraph(graph);
  const kinds = splitFolds(program).steps.map(({ kind }) => kind);
  assertEquals(kinds.filter((kind) => kind === "matmul").length, 1);
  const small = lowerGraph(trace([types[1]], (x) => [x.sum(), x.sum(0), x.sum(1)]).graph);
  assertEquals(splitFolds(small), small);
});
