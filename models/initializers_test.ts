import { assertEquals } from "@std/assert";
import { matmul, randomKey } from "@unroll/core";
import { initialize, INITIALIZER_NAMES, type InitializerName } from "./mod.ts";
import { assertClose } from "./helpers_test.ts";

Deno.test("initialize() draws with the variance that it says", async () => {
  const [rows, columns] = [60, 40];
  const variances: readonly (readonly [InitializerName, number])[] = [
    ["glorot-uniform", 2 / 100],
    ["glorot-normal", 2 / 100],
    ["he", 2 / 60],
    ["normal", 0.09],
    ["uniform", 0.09],
    ["orthogonal", 1 / 60],
  ];
  for (const [name, variance] of variances) {
    const data = [...await initialize(name, randomKey(1), [rows, columns], { std: 0.3 }).data()];
    const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
    const found = data.reduce((sum, x) => sum + x * x, 0) / data.length;
    // Of 2,400 numbers: the mean within 5 standard errors, the variance within 5 of a normal's √(2/n).
    assertEquals(Math.abs(mean) < 5 * Math.sqrt(variance / 2400), true, `${name}: mean ${mean}`);
    assertEquals(
      Math.abs(found / variance - 1) < 5 * Math.sqrt(2 / 2400),
      true,
      `${name}: variance ${found}, not ${variance}`,
    );
  }
  const uniform = await initialize("uniform", randomKey(1), [rows, columns], { std: 0.3 }).data();
  assertEquals(uniform.every((x) => Math.abs(x) <= 0.3 * Math.sqrt(3)), true);
});

Deno.test("initialize() draws unit-uniform from 0 to 1, whatever the standard deviation", async () => {
  const data = [...await initialize("unit-uniform", randomKey(1), [60, 40], { std: 9 }).data()];
  assertEquals(data.every((x) => x >= 0 && x < 1), true);
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  // Within 5 standard errors of a half, of numbers whose variance is a twelfth.
  assertEquals(Math.abs(mean - 0.5) < 5 * Math.sqrt(1 / 12 / 2400), true, `mean ${mean}`);
});

Deno.test("initialize() makes orthonormal rows or columns", async () => {
  // Many are made in blocks.
  const shapes = [[5, 5], [40, 33], [33, 40], [1, 3], [3, 1], [576, 580]] as const;
  for (const [rows, columns] of shapes) {
    const w = initialize("orthogonal", randomKey(rows), [rows, columns]);
    const gram = rows < columns
      ? matmul(w, w, { transposeY: true })
      : matmul(w, w, { transposeX: true });
    const n = Math.min(rows, columns);
    const identity = Array.from({ length: n * n }, (_, i) => i % (n + 1) === 0 ? 1 : 0);
    assertClose(await gram.data(), identity, 1e-7 * Math.sqrt(Math.max(rows, columns)));
  }
});

Deno.test("initialize() gives other weights for other keys, the same for the same", async () => {
  for (const name of INITIALIZER_NAMES) {
    const draw = async (seed: number) =>
      [...await initialize(name, randomKey(seed), [3, 4]).data()].join();
    assertEquals(await draw(1), await draw(1));
    assertEquals(await draw(1) === await draw(2), name === "identity" || name === "zeros", name);
  }
});

Deno.test("initialize() makes the same orthonormal bits everywhere, interpreted or compiled", async () => {
  for (
    const [rows, columns, hash] of [
      [20, 20, "83aae2fb7afcf534"],
      [384, 384, "238d3819aaafab63"],
      [512, 512, "abc87b4e0285a6bf"],
    ] as const
  ) {
    const data = await initialize("orthogonal", randomKey(3), [rows, columns]).data();
    const digest = await crypto.subtle.digest("SHA-1", new Float32Array(data));
    const found = [...new Uint8Array(digest, 0, 8)].map((x) => x.toString(16).padStart(2, "0"));
    assertEquals(found.join(""), hash, `${rows}x${columns}`);
  }
});
