/** Sums of many rows at one place keep their digits on each device, on any number of threads. */
import { assert, assertEquals } from "@std/assert";
import { compile } from "../compile/compile.ts";
import type { Backend } from "../ir/backend.ts";
import { grad } from "../language/gradient.ts";
import { fill, gather, iota, scatterAdd } from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { randomSource } from "../util/random_source.ts";
import { cpuBackend } from "./cpu.ts";
import { nativeBackend } from "./native.ts";
import { referenceBackend } from "./reference.ts";
import { webgpuBackend } from "./webgpu.ts";

const native = await nativeBackend().catch(() => undefined);
const webgpu = await webgpuBackend().catch(() => undefined);
const DEVICES: Readonly<Record<string, Backend | undefined>> = {
  cpu: cpuBackend(),
  native,
  reference: referenceBackend(),
  webgpu,
};

/** The error of a sum of `count` times `x`, in parts of it. */
const errorOf = (sum: number, count: number, x: number) =>
  Math.abs(sum / (count * Math.fround(x)) - 1);

for (const [name, backend] of Object.entries(DEVICES)) {
  for (const count of name === "cpu" || name === "native" ? [1000, 1e5, 1e7] : [1000, 1e5]) {
    Deno.test({
      name: `scatterAdd() of ${count} equal rows at one place is right to 5e-7, on ${name}`,
      ignore: !backend,
      async fn() {
        const place = () => iota([count]).mul(0).add(1);
        using sums = compile(() => scatterAdd(place(), fill([count], 0.1), 3), { backend });
        using result = await sums();
        const [before, sum, after] = await result.data();
        assertEquals([before, after], [0, 0]);
        assert(errorOf(sum, count, 0.1) < 5e-7, `off by ${errorOf(sum, count, 0.1)}`);
      },
    });
  }

  Deno.test({
    name: `gather() of one row a hundred thousand times has a gradient right to 5e-7, on ${name}`,
    ignore: !backend,
    async fn() {
      const count = 1e5;
      const loss = (table: Tensor) => gather(table, iota([count]).mul(0).add(1)).mul(0.1).sum();
      using slope = compile(grad(loss), { backend });
      using result = await slope(fill([3, 5], 2));
      const found = [...await result.data()];
      const errors = found.slice(5, 10).map((sum) => errorOf(sum, count, 0.1));
      assert(Math.max(...errors) < 5e-7, `off by ${errors}`);
      assertEquals([...found.slice(0, 5), ...found.slice(10)], new Array(10).fill(0));
    },
  });
}

Deno.test("scatterAdd() on the CPU is off by at most 2⁻²² of the sum of absolute values", async () => {
  const random = randomSource(5);
  const [count, rows, width] = [40_000, 3, 5];
  const places = Int32Array.from({ length: count }, () => Math.floor(rows * random()));
  // Columns of one sign, in which rounding adds up, and of both, with large numbers that go away again.
  const updates = Float32Array.from(
    { length: count * width },
    (_, i) =>
      i % width < 2 ? random() : (random() - 0.5) * 10 ** (8 * random() * (i / count / width)),
  );
  const sums = new Float64Array(rows * width);
  const sizes = new Float64Array(rows * width);
  updates.forEach((x, i) => {
    const at = places[Math.floor(i / width)] * width + i % width;
    sums[at] += x;
    sizes[at] += Math.abs(x);
  });
  const bits: Uint8Array[] = [];
  for (const threads of [1, 2, 4]) {
    using backend = cpuBackend({ threads });
    using run = compile(
      (places: Tensor, x: Tensor) => scatterAdd(places, x.reshape([count, width]), rows),
      { backend },
    );
    using result = await run(places, updates);
    const found = await result.data();
    const errors = Array.from(found, (x, i) => Math.abs(x - sums[i]) / sizes[i]);
    assert(Math.max(...errors) <= 2 ** -22, `off by ${Math.max(...errors)}`);
    bits.push(new Uint8Array(found.slice().buffer));
  }
  for (const other of bits) assertEquals(other, bits[0]);
});

Deno.test("scatterAdd() on the CPU adds up infinities and zeros of both signs as sums do", async () => {
  using backend = cpuBackend();
  using run = compile((places: Tensor, x: Tensor) => scatterAdd(places, x, 5), { backend });
  const places = Int32Array.from({ length: 500 }, (_, i) => i % 5);
  const updates = Float32Array.from(places, (place, i) => {
    const first = i < 5;
    if (place === 0) return first ? Infinity : 1;
    if (place === 1) return 3e38;
    if (place === 2) return first ? NaN : 1;
    if (place === 3) return first ? -Infinity : i === 8 ? Infinity : 1;
    return -0;
  });
  using result = await run(places, updates);
  assertEquals([...await result.data()], [Infinity, Infinity, NaN, NaN, 0]);
});
