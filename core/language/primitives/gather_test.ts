import { assertEquals } from "@std/assert";
import type { Backend } from "../../ir/backend.ts";
import { cpuBackend } from "../../backends/cpu.ts";
import { nativeBackend } from "../../backends/native.ts";
import { referenceBackend } from "../../backends/reference.ts";
import { webgpuBackend } from "../../backends/webgpu.ts";
import { compile } from "../../compile/compile.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";

/** The devices, several threads and, where they can be had, native code and WebGPU among them. */
async function openAll(): Promise<Backend[]> {
  const others = [
    await nativeBackend({ threads: 1 }).catch(() => undefined),
    await nativeBackend({ threads: 2, eager: true }).catch(() => undefined),
    await webgpuBackend().catch(() => undefined),
  ];
  const cpu = [cpuBackend({ threads: 1 }), cpuBackend({ threads: 2, eager: true })];
  return [referenceBackend(), ...cpu, ...others.filter((device) => device !== undefined)];
}

const TABLE = Float32Array.from({ length: 10 }, (_, row) => 10 + row);

/** Indices made by arithmetic that wraps, and the rows nearest to what they are. */
const WRAPPING: readonly (readonly [name: string, indices: () => Tensor, rows: number[]])[] = [
  // i · 1000000007 mod 2³² is 1000000007, 2000000014, −1294967275, −294967268, 705032739, …
  [
    "a remainder of a product",
    () => ops.remainder(ops.iota([8]).mul(1000000007), 10),
    [0, 7, 4, 0, 0, 9, 6, 0],
  ],
  ["a product", () => ops.iota([5000]).mul(1048576).slice(0, 2046, 2050), [9, 9, 0, 0]],
  ["a sum", () => ops.iota([4]).add(2147483646), [9, 9, 0, 0]],
  ["a difference", () => ops.iota([4]).mul(-1).sub(2147483646), [0, 0, 0, 9]],
  // 7 · 1840700269 is −5.
  ["a product that falls short", () => ops.iota([8]).mul(1840700269).slice(0, 7, 8), [0]],
  // −4·10⁹ is 294967296, a multiple of 10 no more.
  [
    "a remainder of multiples",
    () => ops.remainder(ops.iota([5]).mul(-1_000_000_000), 10),
    [0, 0, 0, 6, 6],
  ],
  ["a quotient", () => ops.div(ops.iota([5]).mul(-1_000_000_000), 100_000_000), [0, 0, 0, 9, 2]],
];

Deno.test("gather() takes the nearest row for indices that wrap, on every device", async () => {
  for (const backend of await openAll()) {
    for (const [name, indices, rows] of WRAPPING) {
      using picked = compile((table: Tensor) => ops.gather(table, indices()), { backend });
      using result = await picked(TABLE);
      assertEquals(
        [...await result.data()],
        rows.map((row) => 10 + row),
        `${backend.name} ${name}`,
      );
    }
    backend.dispose();
  }
});

Deno.test("scatterAdd() adds to the nearest row for indices that wrap, on every device", async () => {
  for (const backend of await openAll()) {
    for (const [name, indices, rows] of WRAPPING) {
      const wanted = new Array<number>(10).fill(0);
      rows.forEach((row, i) => wanted[row] += 2 ** i);
      const updates = Float32Array.from(rows, (_, i) => 2 ** i);
      using added = compile((x: Tensor) => ops.scatterAdd(indices(), x, 10), { backend });
      using result = await added(updates);
      assertEquals([...await result.data()], wanted, `${backend.name} ${name}`);
    }
    backend.dispose();
  }
});
