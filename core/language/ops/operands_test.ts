import { assertThrows } from "@std/assert";
import { add, div, minimum, mul } from "./arithmetic.ts";
import { eq, gt, lt, where } from "./comparisons.ts";
import { fill, tensor } from "./creation.ts";

Deno.test("add() throws where neither operand is a tensor", () => {
  assertThrows(() => add(2, 3), TypeError, "Cannot add 2 and 3: at least 1 tensor is needed");
});

Deno.test("add() and the others throw where a number is not of the tensor's element type", () => {
  const x = tensor(Int32Array.of(0, 1, 2));
  const range = "-2147483648 to 2147483647";
  assertThrows(
    () => add(x, 0.5),
    RangeError,
    `Cannot add i32[3] and 0.5: a whole number from ${range} is needed, found 0.5; ` +
      "cast the tensor to f32 first",
  );
  for (const operation of [add, mul, div, eq, lt, minimum]) {
    for (const wrong of [2.5, NaN, Infinity, 3e9, -2147483649]) {
      assertThrows(() => operation(x, wrong), RangeError, `${range} is needed, found ${wrong}`);
      assertThrows(() => operation(wrong, x), RangeError, `${range} is needed, found ${wrong}`);
    }
  }
  const words = tensor(Uint32Array.of(0, 1));
  assertThrows(() => gt(words, -1), RangeError, "from 0 to 4294967295 is needed, found -1");
  assertThrows(
    () => where(gt(x, 0), x, 0.5),
    RangeError,
    "Cannot select bool[3] and i32[3] and 0.5",
  );
  assertThrows(() => fill([2], 2.5, "i32"), RangeError, "Cannot fill i32[2]: a whole number");
  add(x, 2147483647);
  gt(words, 4294967295);
  add(x.cast("f32"), 0.5);
});
