import { assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { analyzeHidden, formatAnalysis, periodOf } from "./unit_analysis.ts";

const TIME = 60;
const MOD_3 = Int32Array.from({ length: TIME }, (_, t) => t % 3);
const MOD_5 = Int32Array.from({ length: TIME }, (_, t) => t % 5);

/** Values of units given as functions of the step. */
function statesOf(...units: ((t: number) => number)[]) {
  const values = Float32Array.from(
    { length: TIME * units.length },
    (_, index) => units[index % units.length](Math.floor(index / units.length)),
  );
  return { values, time: TIME, units: units.length };
}

Deno.test("analyzeHidden() finds periods and what units follow", () => {
  const states = statesOf(
    (t) => [0.9, 0.1, 0.2][t % 3],
    (t) => [0.1, 0.8, 0.2, 0.9, 0.5][t % 5],
    (t) => (t % 15) / 15,
    () => 0.5,
    (t) => Math.abs(Math.sin(t * 12.9898) * 43758.5453) % 1,
  );
  const found = analyzeHidden(states, [
    { name: "n mod 3", values: MOD_3 },
    { name: "n mod 5", values: MOD_5 },
    { name: "n", values: Int32Array.from(MOD_3.keys()) },
  ]);
  assertEquals(found.map(({ period }) => period), [3, 5, 15, undefined, undefined]);
  assertEquals(Object.keys(found[0].correlationRatio), ["n mod 3", "n mod 5"]);
  assertAlmostEquals(found[0].correlationRatio["n mod 3"], 1, 1e-6);
  assertAlmostEquals(found[0].correlationRatio["n mod 5"], 0, 1e-6);
  assertAlmostEquals(found[1].correlationRatio["n mod 5"], 1, 1e-6);
  assertStrictEquals(found[3].correlationRatio["n mod 3"], 0);
  // n mod 15 counts through both, and n mod 3 alone says little of it: 2/3 of a step of 15.
  assertAlmostEquals(found[2].correlationRatio["n mod 3"], 2 / 3 / ((15 ** 2 - 1) / 12), 1e-6);
});

Deno.test("periodOf() finds the smallest period of a slow wave, and none of a ramp", () => {
  const wave = Float64Array.from({ length: 64 }, (_, t) => Math.sin(2 * Math.PI * t / 16));
  assertStrictEquals(periodOf(wave), 16);
  assertStrictEquals(periodOf(Float64Array.from({ length: 64 }, (_, t) => t)), undefined);
});

Deno.test("formatAnalysis() aligns columns", () => {
  const lines = formatAnalysis([
    { unit: 1, mean: 0.5, amplitude: 0.25, period: 15, correlationRatio: { carry: 0.333 } },
    { unit: 10, mean: -0.5, amplitude: 0, correlationRatio: { carry: 0 } },
  ]);
  assertEquals(lines, [
    "unit   mean  amplitude  period  carry",
    "   1   0.50       0.25      15   0.33",
    "  10  -0.50       0.00       -   0.00",
  ]);
});
