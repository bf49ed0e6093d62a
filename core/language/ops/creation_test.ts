import { assertEquals, assertThrows } from "@std/assert";
import { tensor } from "./mod.ts";

Deno.test("tensor() refuses numbers that are not of its element type", () => {
  const i32 = "a whole number from -2147483648 to 2147483647";
  const u32 = "a whole number from 0 to 4294967295";
  const cases = [
    ["i32", [1, 0.5], i32, 0.5],
    ["i32", [2 ** 31], i32, 2 ** 31],
    ["i32", [NaN], i32, NaN],
    ["i32", Float32Array.of(1, -Infinity), i32, -Infinity],
    ["i32", Uint32Array.of(1, 2 ** 31), i32, 2 ** 31],
    ["u32", [0, -1], u32, -1],
    ["u32", [2 ** 32], u32, 2 ** 32],
    ["u32", Float32Array.of(0.25), u32, 0.25],
    ["u32", Int32Array.of(3, -3), u32, -3],
    ["bool", [true, 2], "0 or 1", 2],
    ["bool", [0.5], "0 or 1", 0.5],
    ["bool", Uint32Array.of(0, 1, 2), "0 or 1", 2],
    ["bool", Int32Array.of(-1), "0 or 1", -1],
    ["bool", Float32Array.of(NaN), "0 or 1", NaN],
  ] as const;
  for (const [dtype, values, needed, found] of cases) {
    assertThrows(
      () => tensor(values, { dtype }),
      RangeError,
      `Cannot make a tensor ${dtype}[${values.length}] of numbers: ${needed} is needed, found ${found}`,
    );
  }
});

Deno.test("tensor() takes the least and the greatest number of each element type", async () => {
  const cases = [
    ["i32", [-(2 ** 31), -0, 2 ** 31 - 1], [-(2 ** 31), 0, 2 ** 31 - 1]],
    ["i32", Float32Array.of(-(2 ** 31), 7), [-(2 ** 31), 7]],
    ["u32", [0, 2 ** 32 - 1], [0, 2 ** 32 - 1]],
    ["bool", [true, false, 1], [1, 0, 1]],
    ["f32", Uint32Array.of(1, 2 ** 31), [1, 2 ** 31]],
    ["f32", [0.5, NaN, 1e40], [0.5, NaN, Infinity]],
  ] as const;
  for (const [dtype, values, wanted] of cases) {
    assertEquals([...await tensor(values, { dtype }).data()], [...wanted]);
  }
});
