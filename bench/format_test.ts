import { assertEquals, assertThrows } from "@std/assert";
import {
  fillPage,
  formatBytes,
  formatFactor,
  formatNumber,
  formatPercent,
  formatTable,
  formatTime,
} from "./format.ts";

Deno.test("formatNumber() has three digits", () => {
  const numbers = [0, 0.00123456, 0.5, 45.678, 123.4, 247_123];
  assertEquals(numbers.map(formatNumber), ["0", "0.00123", "0.500", "45.7", "123", "247,000"]);
});

Deno.test("formatTime(), formatBytes() choose the unit", () => {
  assertEquals([2.5e-10, 3.456e-6, 0.0094, 61].map(formatTime), [
    ...["0.250 ns", "3.46 µs", "9.40 ms", "61.0 s"],
  ]);
  assertEquals([0, 663e3, 5.04e8].map(formatBytes), ["0 kB", "663 kB", "504 MB"]);
  assertEquals([formatPercent(0.456), formatFactor(12.345)], ["46 %", "12.3×"]);
});

Deno.test("formatTable() is a table as deno fmt has it", () => {
  assertEquals(
    formatTable(["job", "time", "x"], [["char-rnn", "2.25 ms", "–"]]),
    "| job      |    time |   x |\n| -------- | ------: | --: |\n| char-rnn | 2.25 ms |   – |",
  );
});

Deno.test("fillPage() replaces what is between the marks", () => {
  const page = "# Title\n\n<!-- a -->\n\nold\n\n<!-- /a -->\n\nwords\n";
  const filled = "# Title\n\n<!-- a -->\n\nnew\n\n<!-- /a -->\n\nwords\n";
  assertEquals(fillPage(page, { a: "new" }), filled);
  assertThrows(() => fillPage(page, { b: "new" }), RangeError, "it has no <!-- b -->");
});
