import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { CpuMemory } from "../backends/cpu_memory.ts";
import { cpuBackend } from "../backends/cpu.ts";
import { compile } from "../compile/compile.ts";
import * as ops from "../language/ops/mod.ts";
import { randomKey, randomUniform } from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";

/** What is no count. */
const WRONG = [NaN, -1, 0.5, Infinity];

const matrix = ops.tensor([[1, 2, 3], [4, 5, 6]]);

/** Whatever takes a count. */
const TAKES: Readonly<Record<string, (count: number) => unknown>> = {
  zeros: (count) => ops.zeros([2, count]),
  fill: (count) => ops.fill([count], 3, "i32"),
  tensor: (count) => ops.tensor(new Float32Array(1), { shape: [count, 1 / count] }),
  iota: (count) => ops.iota([count]),
  "iota along": (count) => ops.iota([2, 2], count),
  broadcastTo: (count) => ops.broadcastTo(ops.tensor(1), [count]),
  "slice from": (count) => ops.slice(matrix, 1, count - 3, 2),
  "slice to": (count) => ops.slice(matrix, 1, 0, count - 3),
  split: (count) => ops.split(matrix, [count, 3 - count]),
  "split into": (count) => ops.split(matrix, count),
  "pad before": (count) => ops.pad(matrix, 0, { before: count }),
  "pad after": (count) => ops.pad(matrix, 0, { before: 2, after: count }),
  expandDims: (count) => ops.expandDims(matrix, count - 3),
  oneHot: (count) => ops.oneHot(ops.iota([2]), count),
  scatterAdd: (count) => ops.scatterAdd(ops.iota([2]), matrix, count),
  randomUniform: (count) => randomUniform(randomKey(0), [count]),
  scan: (length) =>
    ops.scan((h: Tensor) => [h.add(1), undefined], ops.tensor(0), undefined, { length }),
  "scan in segments": (length) =>
    ops.scan((h: Tensor) => [h.add(1), undefined], ops.tensor(0), undefined, {
      length,
      recompute: true,
    }),
  trace: (count) => trace([{ dtype: "f32", shape: [count] }], (x) => [x]),
  allocate: (count) => new CpuMemory().allocate(count),
};

for (const [name, take] of Object.entries(TAKES)) {
  Deno.test(`${name} refuses what is no count`, () => {
    for (const count of WRONG) {
      const { message } = assertThrows(() => take(count), RangeError);
      assertMatch(message, /^Cannot .*[^.]$/);
    }
  });
}

Deno.test("transpose() refuses an order that leaves dimensions out", () => {
  assertThrows(() => ops.transpose(matrix, [0]), TypeError, "each axis from 0 to 1 is needed once");
});

Deno.test("cpuBackend() computes on after a size that is no number", async () => {
  using backend = cpuBackend({ threads: 1 });
  using both = compile((x: Tensor) => [x.add(1), x.mul(2)], { backend });
  using wrong = compile((x: Tensor) => ops.zeros([4 * x.shape[1]]), { backend });
  await assertRejects(async () => await wrong(Float32Array.of(1, 2, 3)), RangeError);
  const [sum, product] = await both(Float32Array.of(1, 2, 3));
  assertEquals([...await sum.data()], [2, 3, 4]);
  assertEquals([...await product.data()], [2, 4, 6]);
});
