import { assert, assertEquals, assertThrows } from "@std/assert";
import { cpuBackend } from "../backends/cpu.ts";
import { compile } from "../compile/compile.ts";
import { iota, scan, tensor } from "./ops/mod.ts";
import { dense } from "../ir/dense.ts";
import { FOLD_IN } from "./primitives/creation.ts";
import { foldIn, randomBits, randomInteger, randomKey, randomUniform } from "./random.ts";
import type { Tensor } from "./tensor.ts";

/** `[seed, number, words]` of `jax.random.fold_in(jax.random.PRNGKey(seed), number)`, JAX 0.10.2. */
const JAX: readonly (readonly [seed: number, number: number, words: readonly number[]])[] = [
  [0, 0, [1797259609, 2579123966]],
  [0, 1, [928981903, 3453687069]],
  [0, 2 ** 32 - 1, [743310391, 3789761811]],
  [1, 0, [507451445, 1853169794]],
  [1, 1, [1948878966, 4237131848]],
  [42, 1000, [3383801349, 143359933]],
  [2 ** 31, 2, [824838306, 2653515278]],
  [2 ** 53 - 1, 0, [2136668312, 1739770283]],
  [2 ** 53 - 1, 1000, [690642894, 2014914091]],
];

Deno.test("foldIn() gives the keys of JAX, for numbers and for tensors", async () => {
  using backend = cpuBackend({ threads: 1 });
  using compiled = compile(
    (high: Tensor, low: Tensor, number: Tensor) =>
      foldIn(scan((key: Tensor, x: Tensor) => [key.add(x), undefined], low, high)[0], number),
    { backend },
  );
  for (const [seed, number, words] of JAX) {
    const name = `${seed} and ${number}`;
    assertEquals([...await foldIn(randomKey(seed), number).data()], words, name);
    const given = tensor(Uint32Array.of(number), { shape: [] });
    assertEquals([...await foldIn(randomKey(seed), given).data()], words, name);
    // On the device, from a key that is computed there.
    const key = Uint32Array.of(Math.floor(seed / 2 ** 32), seed >>> 0);
    const nothing = tensor(new Uint32Array(4), { shape: [2, 2] });
    using result = await compiled(nothing, key, given);
    assertEquals([...await result.data()], words, name);
  }
});

Deno.test("foldIn() gives another key for each of a million pairs", async () => {
  const count = 1000;
  const keys = dense({ dtype: "u32", shape: [count, count, 2] });
  const numbers = dense({ dtype: "u32", shape: [count, count] });
  for (let pair = 0; pair < count * count; pair++) {
    keys.data[2 * pair + 1] = Math.floor(pair / count);
    numbers.data[pair] = pair % count;
  }
  const [{ data }] = FOLD_IN.evaluate([keys, numbers], {});
  const sorted = new BigUint64Array(Uint32Array.from(data).buffer).sort();
  assertEquals(sorted.filter((words, i) => i > 0 && words === sorted[i - 1]).length, 0);
  // They are the keys that the function gives.
  const pair = 7 * count + 3;
  assertEquals([...await foldIn(randomKey(7), 3).data()], [...data.slice(2 * pair, 2 * pair + 2)]);
});

Deno.test("foldIn() folds the steps of a loop into a key", async () => {
  const key = randomKey(5);
  const [, keys] = scan(
    (h: Tensor, t: Tensor) => [h, foldIn(key, t)],
    tensor(0),
    iota([3], 0, "u32"),
  );
  using backend = cpuBackend({ threads: 1 });
  using compiled = compile(
    () => scan((h: Tensor, t: Tensor) => [foldIn(h, t), h], key, iota([3], 0, "u32")),
    { backend },
  );
  const wanted: number[] = [];
  for (let t = 0; t < 3; t++) wanted.push(...await foldIn(key, t).data());
  assertEquals([...await keys.data()], wanted);
  // One key after the other.
  let carried = key;
  for (let t = 0; t < 3; t++) carried = foldIn(carried, t);
  const [last] = await compiled();
  assertEquals([...await last.data()], [...await carried.data()]);
});

Deno.test("foldIn() refuses what is no u32", () => {
  const key = randomKey(0);
  for (const number of [1.5, -1, 2 ** 32, 2 ** 32 + 1, NaN, Infinity]) {
    assertThrows(
      () => foldIn(key, number),
      RangeError,
      `Cannot fold ${number} into a key: a whole`,
    );
  }
  assertThrows(() => foldIn(key, tensor(1)), TypeError, "Cannot fold f32[] into u32[2]");
  assertThrows(() => foldIn(tensor([1, 2]), 1), TypeError, "Cannot fold u32[] into f32[2]");
});

/** Of χ² with n degrees, mean n and variance 2 n: more than 5 deviations off is no chance. */
function assertEven(counts: readonly number[], draws: number): void {
  const expected = draws / counts.length;
  const degrees = counts.length - 1;
  const chi = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  assert(Math.abs(chi - degrees) < 5 * Math.sqrt(2 * degrees), `χ²(${degrees}) is ${chi}`);
}

Deno.test("randomInteger() draws from the words of 64 bits, whatever the span", async () => {
  const [draws, key] = [1000, randomKey(3)];
  const bits = await randomBits(key, [2, draws]).data();
  for (
    const [min, max] of [[-5, 5000], [0, 2 ** 24 + 1], [-7, 3 * 2 ** 29], [-(2 ** 31), 2 ** 31]]
  ) {
    const span = BigInt(max - min);
    const wanted = Array.from({ length: draws }, (_, i) => {
      const word = (BigInt(bits[i]) << 32n) + BigInt(bits[draws + i]);
      return Number(word * span >> 64n) + min;
    });
    assertEquals([...await randomInteger(key, [draws], min, max).data()], wanted);
  }
});

Deno.test("randomInteger() draws every number as often as the others", async () => {
  const draws = 20_000;
  // By its last bits, by sixteenths of the range, and narrow.
  const low = new Array<number>(64).fill(0);
  for (const x of await randomInteger(randomKey(0), [draws], 0, 2 ** 30).data()) low[x & 63]++;
  assertEven(low, draws);
  for (const [min, max] of [[-(2 ** 31), 2 ** 31 - 1], [0, 3 * 2 ** 29], [-8, 8]]) {
    const cells = new Array<number>(16).fill(0);
    for (const x of await randomInteger(randomKey(1), [draws], min, max).data()) {
      assert(x >= min && x < max);
      cells[Math.floor((x - min) / (max - min) * 16)]++;
    }
    assertEven(cells, draws);
  }
});

Deno.test("randomInteger() throws where no number is between the bounds", () => {
  for (const [min, max] of [[0, 0], [3, 2], [0.5, 2], [0, NaN], [0, 2 ** 31 + 1], [-3e9, 0]]) {
    assertThrows(
      () => randomInteger(randomKey(0), [2], min, max),
      RangeError,
      `Cannot draw integers from ${min} to before ${max}: whole numbers`,
    );
  }
});

Deno.test("randomUniform() stays below its end", async () => {
  for (const [min, max] of [[1000, 1001], [-1001, -1000], [-1, 0], [0, 1]]) {
    for (const x of await randomUniform(randomKey(0), [200_000], min, max).data()) {
      assert(x >= min && x < max, `${x} is not in [${min}, ${max})`);
    }
  }
  assertEquals([...await randomUniform(randomKey(0), [2], 3, 3).data()], [3, 3]);
  for (const [min, max] of [[1, 0], [0, NaN], [-Infinity, 0], [-3e38, 3e38]]) {
    assertThrows(
      () => randomUniform(randomKey(0), [2], min, max),
      RangeError,
      `Cannot draw uniform numbers from ${min} to ${max}`,
    );
  }
});
