/**
 * The derivatives that lesson 6 of fast.ai's first course works out by hand, against those of `grad`;
 * and that `scan` of + is the running sum.
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as core from "@unroll/core";
import { grad, oneHot, scan, type Tensor, tensor, zeros } from "@unroll/core";

/** Numbers from f32 computations agree with those from doubles to about this. */
const TOLERANCE = 1e-6;

const PREDICTED = [0.2, 0.7, 0.1];
const ACTUAL = [0, 1, 0];

async function assertNear(found: Tensor, wanted: readonly number[]): Promise<void> {
  const data = [...await found.data()];
  assertEquals(data.length, wanted.length);
  data.forEach((x, i) => assertAlmostEquals(x, wanted[i], TOLERANCE, `element ${i}`));
}

/** Derivative of an elementwise function: that of its sum. */
function slope(f: (x: Tensor) => Tensor, at: readonly number[]): Promise<Tensor> {
  return Promise.resolve(grad((x: Tensor) => f(x).sum())(tensor(at)) as Tensor);
}

function softmax(x: readonly number[]): number[] {
  const powers = x.map(Math.exp);
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

Deno.test("sigmoid: its derivative is σ (1 − σ)", async () => {
  const at = [-3, -0.5, 0, 1, 4];
  const wanted = at.map((x) => 1 / (1 + Math.exp(-x))).map((y) => y * (1 - y));
  await assertNear(await slope((x) => x.sigmoid(), at), wanted);
});

Deno.test("relu: its derivative is 1 above 0, and 0 below", async () => {
  await assertNear(await slope((x) => core.relu(x), [3, -3]), [1, 0]);
});

Deno.test("squared distance: its derivative is 2 (a − b)", async () => {
  const b = [1, 5, -2];
  await assertNear(await slope((a) => a.sub(tensor(b)).square(), [4, -1, 0.5]), [6, -12, 5]);
});

Deno.test("cross entropy: 0.3567 as in the lesson, its derivative −actual / predicted", async () => {
  const entropy = (p: Tensor) => p.log().mul(tensor(ACTUAL)).sum().neg();
  assertAlmostEquals(await entropy(tensor(PREDICTED)).item(), 0.35667494393873245, TOLERANCE);
  await assertNear(await slope(entropy, PREDICTED), [0, -1 / 0.7, 0]);
});

Deno.test("softmax: values and the whole Jacobian as in the lesson", async () => {
  const values = [...await core.softmax(tensor(PREDICTED)).data()];
  assertEquals(values.map((x) => x.toFixed(4)), ["0.2814", "0.4640", "0.2546"]);
  const rows: number[][] = [];
  for (const i of [0, 1, 2]) {
    const row = await slope(
      (x) => core.softmax(x).mul(oneHot(tensor(i, { dtype: "i32" }), 3)),
      PREDICTED,
    );
    rows.push([...await row.data()]);
  }
  assertEquals(rows.map((row) => row.map((x) => x.toFixed(4))), [
    ["0.2022", "-0.1306", "-0.0717"],
    ["-0.1306", "0.2487", "-0.1181"],
    ["-0.0717", "-0.1181", "0.1898"],
  ]);
  // By hand: pᵢ (δᵢⱼ − pⱼ).
  const p = softmax(PREDICTED);
  rows.forEach((row, i) =>
    row.forEach((x, j) => assertAlmostEquals(x, p[i] * (Number(i === j) - p[j]), TOLERANCE))
  );
});

Deno.test("softmax and cross entropy: the derivative of both together is p − y", async () => {
  const at = [0.37, 0.95, 0.73, 0.6, 0.16, 0.16];
  const y = at.map((_, i) => Number(i === 2));
  const wanted = softmax(at).map((p, i) => p - y[i]);
  await assertNear(
    await slope((x) => core.crossEntropy(x, tensor(2, { dtype: "i32" })), at),
    wanted,
  );
  const apart = (x: Tensor) => core.softmax(x).log().mul(tensor(y)).sum().neg();
  await assertNear(await slope(apart, at), wanted);
});

Deno.test("scan: of + is the running sum", async () => {
  const [total, sums] = scan(
    (sum: Tensor, x: Tensor) => {
      const next = sum.add(x);
      return [next, next];
    },
    zeros([]),
    tensor([0, 1, 2, 3, 4]),
  );
  assertEquals([...await sums.data()], [0, 1, 3, 6, 10]);
  assertEquals(await total.item(), 10);
});
