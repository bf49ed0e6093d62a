import type { MealyMachine, MooreMachine } from "@unroll/core/automata";
import { assertEquals, assertMatch } from "@std/assert";
import { heatMapChart } from "./heat_map_chart.ts";
import { drawMachine, stateColor } from "./machine_chart.ts";

const INCREMENT: MealyMachine = {
  kind: "mealy",
  alphabet: ["0", "1"],
  start: 0,
  next: [[1, 0], [1, 1]],
  outputs: [["1", "0"], ["0", "1"]],
};

/** How often something stands in a picture. */
function count(svg: string, pattern: RegExp): number {
  return [...svg.matchAll(pattern)].length;
}

Deno.test("drawMachine() draws a circle for each state and an arrow for each way", async () => {
  const svg = await drawMachine(INCREMENT, { title: 'It says "<"' });
  assertMatch(svg, /^<svg role="img" aria-label="It says &quot;&lt;&quot;"/);
  assertMatch(svg, /<\/svg>$/);
  // The start is a small point with an arrow of its own.
  assertEquals([count(svg, /class="node"/g), count(svg, /class="edge"/g)], [3, 4]);
  for (const state of [0, 1]) assertEquals(count(svg, RegExp(`"${stateColor(state)}"`, "g")), 1);
  assertMatch(svg, />0\/0 1\/1</);
  assertEquals(count(svg, /red/g), 0);
});

Deno.test("drawMachine() draws a word's way in red, and rings as rings", async () => {
  // From 0 to itself, and to 1: two arrows, each a line and its head.
  const svg = await drawMachine(INCREMENT, { highlight: [1, 0] });
  assertEquals(count(svg, /stroke="red"/g), 4);
  const ring: MooreMachine = {
    kind: "moore",
    alphabet: ["tick"],
    start: 0,
    next: Array.from({ length: 9 }, (_, i) => [(i + 1) % 9]),
    outputs: Array.from({ length: 9 }, () => "x"),
  };
  const [, width, height] = /width="(\d+)pt" height="(\d+)pt"/.exec(await drawMachine(ring)) ?? [];
  assertEquals(Number(width) / Number(height) < 2, true, `${width} × ${height}`);
});

Deno.test("stateColor() has a light colour of its own for each state that is drawn", () => {
  const colors = Array.from({ length: 50 }, (_, state) => stateColor(state));
  assertEquals(new Set(colors).size, 50);
  for (const color of colors) {
    const [red, green, blue] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    // Black on it has a contrast of 4.5 at least where its luminance is above 0.175; this is a bound from below.
    const linear = (part: number) => (part / 255) ** 2.4;
    assertEquals(
      0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) > 0.175,
      true,
      color,
    );
  }
});

Deno.test("heatMapChart() labels steps with the states of a machine, in their colours", () => {
  const states = { values: new Float32Array(12), time: 6, units: 2 };
  const machineStates = [0, 1, 2, 0, 1, 2];
  const svg = heatMapChart(states, { machineStates });
  for (const state of [0, 1, 2]) {
    assertEquals(count(svg, RegExp(`fill="${stateColor(state)}"`, "g")), 2);
  }
  assertMatch(svg, />state</);
  // Nothing of it where there is no room.
  const long = { values: new Float32Array(4000), time: 2000, units: 2 };
  const crowded = heatMapChart(long, { machineStates: Array(2000).fill(0) });
  assertEquals(crowded.includes(stateColor(0)), false);
});
