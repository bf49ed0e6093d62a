import { assertEquals, assertStrictEquals } from "@std/assert";
import { colorDepth, formatHeatMap } from "./heat_map.ts";

const STATES = { values: Float32Array.of(0, 1, 0.5, 0.2, 1, 0.51), time: 3, units: 2 };

Deno.test("formatHeatMap() uses characters without colours", () => {
  const options = { depth: "none", columns: 80 } as const;
  assertEquals(formatHeatMap(STATES, options), ["   0", " 1   ▒▒██", " 2 ██··▒▒"]);
  assertEquals(formatHeatMap(STATES, { ...options, threshold: 0.5 }), [
    "   0",
    " 1     ██",
    " 2 ██  ██",
  ]);
  const signed = { values: Float32Array.of(-1, 1), time: 1, units: 2 };
  assertEquals(formatHeatMap(signed, options), ["   0", " 1 ==", " 2 ██"]);
});

Deno.test("formatHeatMap() uses 24-bit colours, or 256", () => {
  const [, first] = formatHeatMap(STATES, { depth: "24-bit", columns: 80, threshold: 0.5 });
  assertStrictEquals(first, " 1 \x1b[48;2;238;241;245m    \x1b[48;2;18;41;74m  \x1b[0m");
  const [, second] = formatHeatMap(STATES, { depth: "256", columns: 80, threshold: 0.5 });
  assertStrictEquals(second, " 1 \x1b[48;5;231m    \x1b[48;5;23m  \x1b[0m");
});

Deno.test("formatHeatMap() is never wider than the terminal and says what it cuts", () => {
  const wide = { values: new Float32Array(300 * 100), time: 300, units: 100 };
  const lines = formatHeatMap(wide, { depth: "none", columns: 60 });
  assertStrictEquals(lines.every((line) => line.length <= 60), true);
  assertStrictEquals(lines.at(-1), "55 of 300 steps, 64 of 100 units");
});

Deno.test("colorDepth() asks the environment", () => {
  assertEquals(colorDepth(false, () => "truecolor"), "none");
  assertEquals(colorDepth(true, () => "truecolor"), "24-bit");
  assertEquals(colorDepth(true, () => undefined), "256");
});
