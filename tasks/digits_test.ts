import { assertEquals, assertThrows } from "@std/assert";
import { carryLength, formatDigits, nextDigits, parseDigits } from "./digits.ts";

Deno.test("parseDigits() and formatDigits() undo each other in every base", () => {
  for (let base = 2; base <= 16; base++) {
    for (const n of [0, 1, base - 1, base, base ** 3 - 1, 123456]) {
      assertEquals(formatDigits(parseDigits(n.toString(base), base)), n.toString(base));
    }
  }
  assertEquals([...parseDigits("FF", 16)], [15, 15]);
});

Deno.test("parseDigits() refuses what is no number in the base", () => {
  assertThrows(
    () => parseDigits("129", 8),
    RangeError,
    'Cannot read "129" as a number in base 8: digits from 0 to 7 are needed, found "9"',
  );
  for (const text of ["", "-1", "1.5", "1 2", "g", "é"]) {
    assertThrows(() => parseDigits(text, 16), RangeError, "Cannot read");
  }
});

Deno.test("nextDigits() agrees with big integers", () => {
  for (const text of ["0", "9", "1476233999", "9".repeat(40), `1${"9".repeat(3000)}`]) {
    const next = nextDigits([...parseDigits(text, 10), 0], 10);
    assertEquals(formatDigits(next), String(BigInt(text) + 1n));
  }
});

Deno.test("carryLength() counts greatest digits from the least significant on", () => {
  assertEquals(carryLength(parseDigits("1476233999", 10), 10), 3);
  assertEquals(carryLength(parseDigits("1110111", 2), 2), 3);
  assertEquals(carryLength([9, 9], 10), 2);
});
