import { assertAlmostEquals, assertEquals } from "@std/assert";
import { matmul, randomKey, type Tensor } from "@unroll/core";
import { blocks, identity, initializer, INITIALIZER_NAMES, orthogonal } from "./initializers.ts";

/** Largest difference from the identity matrix. */
async function fromIdentity(x: Tensor): Promise<number> {
  const wanted = await identity()(randomKey(0), x.shape).data();
  const data = await x.data() as Float32Array;
  return data.reduce((worst, a, i) => Math.max(worst, Math.abs(a - wanted[i])), 0);
}

Deno.test("orthogonal() makes rows or columns of length 1 at right angles", async () => {
  const square = orthogonal()(randomKey(1), [7, 7]);
  const wide = orthogonal()(randomKey(2), [3, 8]);
  const tall = orthogonal()(randomKey(3), [8, 3]);
  assertEquals([wide.shape, tall.shape], [[3, 8], [8, 3]]);
  assertEquals(await fromIdentity(matmul(square, square, { transposeX: true })) < 1e-7, true);
  assertEquals(await fromIdentity(matmul(wide, wide, { transposeY: true })) < 1e-7, true);
  assertEquals(await fromIdentity(matmul(tall, tall, { transposeX: true })) < 1e-7, true);
  // Not the identity itself.
  assertEquals(await fromIdentity(square) > 0.1, true);
});

Deno.test("initializer() gives every name the spread it promises", async () => {
  const [rows, columns] = [40, 60];
  const variance: Readonly<Record<string, number>> = {
    glorot: 2 / 100,
    he: 2 / 40,
    identity: 40 / 2400,
    normal: 0.25,
    orthogonal: 1 / 60,
    uniform: 1 / 40 / 3,
    zero: 0,
  };
  for (const name of INITIALIZER_NAMES) {
    const data = await initializer(name, 0.5)(randomKey(5), [rows, columns])
      .data() as Float32Array;
    const found = data.reduce((sum, x) => sum + x * x, 0) / data.length;
    // 2,400 draws: the variance of normal numbers is known to within 3 %, here to four times that.
    assertAlmostEquals(found, variance[name], variance[name] * 0.12 + 1e-6, name);
  }
});

Deno.test("blocks() makes each matrix by itself", async () => {
  const side = blocks(orthogonal(), 3)(randomKey(0), [4, 12]);
  const parts = side.split(3);
  for (const part of parts) {
    assertEquals(await fromIdentity(matmul(part, part, { transposeX: true })) < 1e-7, true);
  }
  assertEquals([...await parts[0].data()].join() === [...await parts[1].data()].join(), false);
});
