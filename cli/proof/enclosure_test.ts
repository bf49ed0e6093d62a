import { assert, assertEquals } from "@std/assert";
import { randomFor } from "@unroll/core/plugin";
import { floatStep } from "../test_support/float_step.ts";
import { randomCheckpoint } from "../test_support/proof_networks.ts";
import {
  cholesky,
  contains,
  ellipsoidAround,
  type Enclosure,
  multiply,
  point,
  snap,
} from "./enclosure.ts";
import { readNetwork } from "./network.ts";
import { stepFrom } from "./verify.ts";

/** A vector of length 1 at most, at times at the rim. */
function ball(size: number, random: () => number): number[] {
  const vector = Array.from({ length: size }, () => random() - 0.5);
  const scale = (random() < 0.5 ? 1 : random()) / Math.hypot(...vector);
  return vector.map((value) => value * scale);
}

/** A set around random vectors, as wide as that. */
function randomSet(size: number, wide: number, random: () => number): Enclosure {
  const rows = Array.from({ length: size }, () => {
    const row = Array.from({ length: size + 1 }, () => wide * (2 * random() - 1));
    row[0] = 2 * random() - 1;
    return row;
  });
  return { rows, box: rows.map(() => 0) };
}

const at = (set: Enclosure, u: readonly number[]) =>
  set.rows.map((row) => u.reduce((sum, value, i) => sum + value * row[i + 1], row[0]));

/** Tries that no step of a random network from a random set leaves what encloses it. */
function trySteps(sets: number, points: number, seed: number): void {
  const random = randomFor(seed, 0);
  for (let i = 0; i < sets; i++) {
    const cell = (["rnn", "gru", "lstm"] as const)[i % 3];
    const hidden = 1 + Math.floor(random() * 6);
    const strong = 3 * random();
    const options = {
      reset: random() < 0.5 ? "after" : "before",
      activation: random() < 0.5 ? "tanh" : "sigmoid",
    };
    const draw = () => strong * (2 * random() - 1);
    const net = readNetwork(randomCheckpoint(cell, options, { hidden, draw }));
    const size = hidden * (cell === "lstm" ? 2 : 1);
    const set = randomSet(size, 10 ** (-6 * random()), random);
    const symbol = Math.floor(random() * 3);
    const [image] = stepFrom(net, set)(symbol);
    const around = ellipsoidAround(image);
    const root = cholesky(around)!;
    for (let k = 0; k < points; k++) {
      const u = ball(size, random);
      const state = Float32Array.from(at(set, u));
      // As a float32 it lies elsewhere: what that moves is no more than some slope times so much.
      const moved = state.reduce((sum, value, j) => sum + Math.abs(value - at(set, u)[j]), 0);
      const next = floatStep(net, state, symbol, random);
      const expected = at(image, u);
      next.forEach((value, j) => {
        const off = Math.abs(value - expected[j]);
        assert(off <= image.box[j] + moved * 20, `${cell} ${off} > ${image.box[j]}`);
      });
      const away = [...next].map((value, j) => value - image.rows[j][0]);
      const solved: number[] = [];
      root.forEach((row, j) => {
        solved.push((away[j] - solved.reduce((sum, v, k) => sum + v * row[k], 0)) / row[j]);
      });
      assert(Math.hypot(...solved) <= 1 + 1e-3, `${cell} leaves the ellipsoid`);
    }
  }
}

Deno.test("stepFrom() and ellipsoidAround() enclose float32 steps in any order of sums", () => {
  trySteps(120, 20, 1);
});

Deno.test("[long] stepFrom() and ellipsoidAround() enclose 10⁶ float32 steps", () => {
  trySteps(10_000, 100, 2);
});

Deno.test("contains() says of no ellipsoid that sticks out that it lies inside", () => {
  const random = randomFor(3, 0);
  let inside = 0;
  for (let i = 0; i < 300; i++) {
    const n = 1 + i % 4;
    const outer = randomSet(n, 1, random);
    const inner = randomSet(n, random(), random);
    const square = ({ rows }: Enclosure) =>
      rows.map((a) =>
        Float64Array.from(rows, (b) => a.reduce((s, v, k) => k > 0 ? s + v * b[k] : s, 0))
      );
    const shift = outer.rows.map(() => 0.5 * random());
    if (!contains(square(outer), square(inner), shift)) continue;
    inside++;
    const root = cholesky(square(outer))!;
    for (let k = 0; k < 50; k++) {
      const u = ball(n, random);
      const point = inner.rows.map((row, j) =>
        u.reduce((sum, v, i) => sum + v * row[i + 1], shift[j])
      );
      const solved: number[] = [];
      root.forEach((row, j) => {
        solved.push((point[j] - solved.reduce((sum, v, k) => sum + v * row[k], 0)) / row[j]);
      });
      assert(Math.hypot(...solved) <= 1 + 1e-9);
    }
  }
  assert(inside > 20);
});

Deno.test("multiply() says nothing of products that float32 may not hold", () => {
  const times = (x: number, y: number) => multiply(point([x], 1), point([y], 1)).box[0];
  assert(times(2 ** 100, 2 ** 25) < 2 ** 102);
  assertEquals(times(2 ** 100, 2 ** 28), NaN);
});

Deno.test("snap() gives −1, 0 and 1, both where it could be either", () => {
  const at = (centre: number, box: number) =>
    snap({ rows: [[centre]], box: [box] })?.map(({ rows: [[value]] }) => value);
  assertEquals([-3.2, -0.6, -0.2, 0.4, 0.6, 2.6].map((c) => at(c, 0)), [
    [-1],
    [-1],
    [0],
    [0],
    [1],
    [1],
  ]);
  assertEquals(at(0.5, 1e-9), [0, 1]);
  assertEquals(at(0.5 - 2 ** -25, 0), [0, 1]);
  assertEquals(at(-0.5, 1e-9), [-1, 0]);
  assertEquals(at(1.5, 0.4), [1]);
  assertEquals(at(0, 0.6), undefined);
  assertEquals(at(NaN, 0), undefined);
});
