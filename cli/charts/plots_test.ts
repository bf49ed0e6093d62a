import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { barChart } from "./curves.ts";
import { shortCount } from "../format.ts";
import { curveChart, downsample } from "./curves.ts";
import { heatMapChart } from "./heat_map_chart.ts";
import { svgToPng } from "./png.ts";
import { runCurves } from "./run_curves.ts";
import { escapeMarkup } from "../reporting/html.ts";

const LINES = Array.from({ length: 30 }, (_, index) => ({
  event: "progress",
  step: index * 100,
  loss: 2 * Math.exp(-index / 10),
  learning_rate: 0.001,
  steps_per_second: 5000 + index,
}));
const VALIDATIONS = [0, 1000, 2000].map((step) => ({
  event: "validation",
  step,
  loss: 1 + step / 1000,
  error: 0.5,
  best: true,
}));

Deno.test("curveChart() is one SVG that asks nothing of the network", () => {
  const svg = curveChart([{ name: "loss", points: [{ x: 0, y: 1 }, { x: 1, y: 0.1 }] }], {
    title: "Loss & error",
    logarithmic: true,
  });
  assert(svg.startsWith("<svg "), svg.slice(0, 80));
  assert(svg.includes("Loss &amp; error"));
  assertStrictEquals(/https?:/.test(svg.replace("http://www.w3.org/2000/svg", "")), false);
});

Deno.test("curveChart() leaves out what is not finite, and refuses nothing at all", () => {
  const points = [{ x: 0, y: NaN }, { x: 1, y: 2 }, { x: 2, y: Infinity }];
  assertStrictEquals(curveChart([{ name: "a", points }]).includes("NaN"), false);
  assertThrows(
    () => curveChart([{ name: "a", points: [] }]),
    RangeError,
    "Cannot draw curves: there is no point on them",
  );
});

Deno.test("downsample() keeps ends and peaks", () => {
  const points = Array.from({ length: 10000 }, (_, x) => ({ x, y: x === 5000 ? 9 : Math.sin(x) }));
  const thinned = downsample(points, 100);
  assert(thinned.length <= 100);
  assertEquals([thinned[0].x, thinned.at(-1)!.x], [0, 9999]);
  assert(thinned.some(({ y }) => y === 9));
  assertEquals(thinned.map(({ x }) => x), thinned.map(({ x }) => x).toSorted((a, b) => a - b));
});

Deno.test("runCurves() draws what a run has, and several together", () => {
  const run = { name: "a", lines: [...LINES, ...VALIDATIONS] };
  const ids = ["loss", "error", "learning-rate", "speed"];
  assertEquals(runCurves([run]).map(({ id }) => id), ids);
  const [{ svg, legend = [] }] = runCurves([run]);
  assertEquals(legend.map(({ name }) => name), ["training loss", "validation loss"]);
  const gradients = LINES.map((line) => ({ ...line, gradient_norm: 2, clipped: 0.5 }));
  const more = runCurves([{ name: "a", lines: gradients }]).map(({ id }) => id);
  assertEquals(more.slice(2), ["gradient-norm", "clipped", "speed"]);
  // Each line has the colour that the legend says, as strong.
  for (const { color } of legend) assert(svg.includes(`stroke="${color}"`), color);
  assertEquals(/stroke-opacity="0\.[0-9]+"[^>]*stroke="#|faint/.test(svg), false);
  assertStrictEquals(new Set(legend.map(({ color }) => color)).size, 2);
  const both = runCurves([run, { name: "b", lines: LINES }]);
  assertEquals(both.map(({ id }) => id), ["training-loss", "validation-loss", ...ids.slice(1)]);
  assertEquals(runCurves([{ name: "c", lines: [] }]), []);
});

Deno.test("heatMapChart() has a cell for each value until there are too many", () => {
  const cells = (svg: string) => svg.split("<rect").length - 1;
  const small = heatMapChart({ values: new Float32Array(46 * 5), time: 46, units: 5 });
  assertStrictEquals(cells(small), 46 * 5);
  const large = { values: new Float32Array(500 * 100), time: 500, units: 100 };
  const svg = heatMapChart(large, { title: "Hidden states" });
  assertStrictEquals(cells(svg), 61 * 100);
  assert(svg.includes("Hidden states (61 of 500 steps, 100 of 100 units)"));
  assertThrows(
    () => heatMapChart({ values: new Float32Array(3), time: 2, units: 2 }),
    TypeError,
    "Cannot draw hidden states: 2 steps of 2 units are needed, found 3 values",
  );
});

Deno.test("barChart() draws a bar for each value", () => {
  const bars = [{ label: "0", value: 1 }, { label: "1", value: 0.5 }];
  assertStrictEquals(barChart(bars, { isFraction: true }).split("<rect").length - 1, 2);
});

Deno.test("svgToPng() gives a PNG of the size asked, with text drawn", async () => {
  const svg = (text: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><text x="2" y="15" font-family="system-ui, sans-serif">${text}</text></svg>`;
  const png = await svgToPng(svg("loss"), { scale: 2 });
  const view = new DataView(png.buffer);
  assertEquals([...png.subarray(1, 4)], [..."PNG"].map((letter) => letter.charCodeAt(0)));
  assertEquals([view.getUint32(16), view.getUint32(20)], [120, 40]);
  // Without a font nothing would be drawn, and both would be the same.
  assert(png.length !== (await svgToPng(svg(""), { scale: 2 })).length);
});

Deno.test("shortCount() and escapeMarkup()", () => {
  assertEquals([0, 950, 1500, 2e6].map(shortCount), ["0", "950", "1.5k", "2M"]);
  assertStrictEquals(escapeMarkup(`<a b="c">&'`), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
});
