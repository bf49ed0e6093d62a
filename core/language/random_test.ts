import { assert, assertEquals, assertThrows } from "@std/assert";
import { randomBits, randomInteger, randomKey, randomUniform } from "./random.ts";

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
    const [least, most] of [[-5, 5000], [0, 2 ** 24 + 1], [-7, 3 * 2 ** 29], [-(2 ** 31), 2 ** 31]]
  ) {
    const span = BigInt(most - least);
    const wanted = Array.from({ length: draws }, (_, i) => {
      const word = (BigInt(bits[i]) << 32n) + BigInt(bits[draws + i]);
      return Number(word * span >> 64n) + least;
    });
    assertEquals([...await randomInteger(key, [draws], least, most).data()], wanted);
  }
});

Deno.test("randomInteger() draws every number as often as the others", async () => {
  const draws = 20_000;
  // By its last bits, by sixteenths of the range, and narrow.
  const low = new Array<number>(64).fill(0);
  for (const x of await randomInteger(randomKey(0), [draws], 0, 2 ** 30).data()) low[x & 63]++;
  assertEven(low, draws);
  for (const [least, most] of [[-(2 ** 31), 2 ** 31 - 1], [0, 3 * 2 ** 29], [-8, 8]]) {
    const cells = new Array<number>(16).fill(0);
    for (const x of await randomInteger(randomKey(1), [draws], least, most).data()) {
      assert(x >= least && x < most);
      cells[Math.floor((x - least) / (most - least) * 16)]++;
    }
    assertEven(cells, draws);
  }
});

Deno.test("randomInteger() throws where no number is between the bounds", () => {
  for (const [least, most] of [[0, 0], [3, 2], [0.5, 2], [0, NaN], [0, 2 ** 31 + 1], [-3e9, 0]]) {
    assertThrows(
      () => randomInteger(randomKey(0), [2], least, most),
      RangeError,
      `Cannot draw integers from ${least} to before ${most}: whole numbers`,
    );
  }
});

Deno.test("randomUniform() stays below its end", async () => {
  for (const [least, most] of [[1000, 1001], [-1001, -1000], [-1, 0], [0, 1]]) {
    for (const x of await randomUniform(randomKey(0), [200_000], least, most).data()) {
      assert(x >= least && x < most, `${x} is not in [${least}, ${most})`);
    }
  }
  assertEquals([...await randomUniform(randomKey(0), [2], 3, 3).data()], [3, 3]);
  for (const [least, most] of [[1, 0], [0, NaN], [-Infinity, 0], [-3e38, 3e38]]) {
    assertThrows(
      () => randomUniform(randomKey(0), [2], least, most),
      RangeError,
      `Cannot draw uniform numbers from ${least} to ${most}`,
    );
  }
});
