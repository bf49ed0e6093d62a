import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import type { MetricsLine, RunConfig } from "@unroll/core/runs";
import { PALETTE, seriesStyle } from "../charts/svg.ts";
import { meanCurve } from "../charts/mean_curve.ts";
import { compareRuns, importanceOf, importanceSentence } from "./comparison.ts";
import { comparisonParts, type RunToCompare } from "./comparison_html.ts";

function run(hidden: number, learningRate: number, seed: number, loss = 1): RunToCompare {
  const config: RunConfig = {
    version: "0.0.1",
    model: { name: "rnn", options: { hidden, activation: "tanh" } },
    task: { name: "fizzbuzz", options: {} },
    training: { steps: 100, learningRate },
    seed,
    device: "cpu",
  };
  const lines: MetricsLine[] = [1, 2, 3].map((step) => ({
    event: "progress",
    step,
    loss: loss * (4 - step),
  }));
  lines.push({ event: "done", steps: 3, loss, error: 0.5 });
  return { name: `run-${hidden}-${learningRate}-${seed}`, config, lines };
}

Deno.test("compareRuns() names runs by what differs, and brings seeds together", () => {
  const { settings, groups } = compareRuns([
    run(64, 0.01, 0),
    run(64, 0.01, 1),
    run(128, 0.01, 0),
    run(128, 0.1, 0),
  ]);
  assertEquals(settings, ["hidden", "lr"]);
  assertEquals(groups.map(({ name }) => name), [
    "hidden 64, lr 0.01",
    "hidden 128, lr 0.01, seed 0",
    "hidden 128, lr 0.1, seed 0",
  ]);
  assertEquals(groups[0].runs.map(({ name }) => name), [
    "hidden 64, lr 0.01, seed 0",
    "hidden 64, lr 0.01, seed 1",
  ]);
});

Deno.test("compareRuns() does not name what follows from another model", () => {
  const gru = (hidden: number, reset: string) => {
    const one = run(hidden, 0.1, 0);
    return {
      ...one,
      config: { ...one.config, model: { name: "gru", options: { hidden, reset } } },
    };
  };
  const names = (runs: readonly RunToCompare[]) => compareRuns(runs).groups.map(({ name }) => name);
  assertEquals(names([run(4, 0.1, 0), gru(4, "after")]), ["rnn", "gru"]);
  assertEquals(names([run(4, 0.1, 0), gru(4, "after"), gru(4, "before")]), [
    "rnn",
    "gru, reset after",
    "gru, reset before",
  ]);
});

Deno.test("compareRuns() tells runs without a difference apart by their folders", () => {
  const { settings, groups } = compareRuns([run(4, 0.1, 0), { ...run(4, 0.1, 0), name: "again" }]);
  assertEquals(settings, []);
  assertEquals(groups.map(({ runs }) => runs.map(({ name }) => name)), [["run-4-0.1-0", "again"]]);
});

Deno.test("importanceOf() is the share of the variance between the values of each option", () => {
  // loss = 4 · (hidden is 8) + 2 · (lr is 0.1) + 1 · (seed is 1): variances 4, 1 and 1/4.
  const runs = [4, 8].flatMap((hidden) =>
    [0.01, 0.1].flatMap((lr) =>
      [0, 1].map((seed) => ({
        values: { hidden: String(hidden), lr: String(lr), seed: String(seed), device: "cpu" },
        loss: (hidden === 8 ? 4 : 0) + (lr === 0.1 ? 2 : 0) + seed,
      }))
    )
  );
  const importance = importanceOf(runs);
  assertEquals(importance.map(({ name }) => name), ["hidden", "lr", "seed"]);
  [4 / 5.25, 1 / 5.25, 0.25 / 5.25].forEach((share, index) =>
    assertAlmostEquals(importance[index].share, share, 1e-12)
  );
  assertStrictEquals(
    importanceSentence(importance),
    "What mattered: hidden explains 76 % of the variance of the final loss, lr explains 19 % " +
      "and the seed explains 5 % (no more than chance would), each by itself: what they do only " +
      "together is not counted.",
  );
  // Two values of two runs explain all and nothing.
  assertEquals(importanceOf([runs[0], runs[7]]), []);
  assertEquals(importanceOf([{ values: { a: "1" } }, { values: { a: "2" }, loss: NaN }]), []);
  assertStrictEquals(importanceSentence([]), undefined);
});

Deno.test("meanCurve() is the mean and the range, where each curve has a value", () => {
  const { points, band } = meanCurve([
    [{ x: 0, y: 4 }, { x: 10, y: 2 }],
    [{ x: 5, y: 1 }, { x: 15, y: 0 }],
    [],
  ]);
  assertEquals(points, [
    { x: 0, y: 4 },
    { x: 5, y: 2 },
    { x: 10, y: 1.25 },
    { x: 15, y: 1 },
  ]);
  assertEquals(band?.[3], { x: 15, low: 0, high: 2 });
  assertEquals(meanCurve([[{ x: 1, y: 2 }]]), { points: [{ x: 1, y: 2 }] });
  const many = Array.from({ length: 5000 }, (_, x) => ({ x, y: x }));
  const thinned = meanCurve([many, many]);
  assert(thinned.points.length <= 301);
  assertEquals([thinned.points[0].x, thinned.points.at(-1)!.x], [0, 4999]);
});

Deno.test("seriesStyle() gives no two series the same colour and the same dashes", () => {
  const styles = Array.from({ length: 200 }, (_, index) => JSON.stringify(seriesStyle(index)));
  assertStrictEquals(new Set(styles).size, 200);
  assertEquals(seriesStyle(1), { color: PALETTE[1] });
});

Deno.test("comparisonParts() marks the best row, and has a legend, mean and band of every group", () => {
  const runs = [[4, 3], [8, 1], [16, 2]].flatMap(([hidden, loss]) =>
    [0, 1].map((seed) => run(hidden, 0.01, seed, loss + seed / 10))
  );
  const html = comparisonParts(compareRuns(runs));
  const rows = html.split("<tr").map((row) => row.replace(/<[^>]*>/g, " ").replace(/\s+/g, " "));
  assert(/ 2 runs best 8 1\.050 ± 0\.0707/.test(rows[2]), rows[2]);
  assertStrictEquals(html.split('class="badge"').length, 2);
  assert(
    html.includes("What mattered: hidden explains >99 %".replace(">", "&gt;")),
    html.slice(0, 300),
  );
  for (const [group, name] of ["hidden 4", "hidden 8", "hidden 16"].entries()) {
    assert(html.includes(`data-series="s${group}"`) && html.includes(`</svg>${name}</label>`));
    for (const mark of ["area", "line"]) {
      assert(html.includes(`aria-label="${mark}" aria-description="${name}"`), `${mark} ${name}`);
    }
  }
  assert(!html.includes("activation"));
});

Deno.test("comparisonParts() ranks no runs of different tasks, and escapes what runs are called", () => {
  const other = run(4, 0.1, 0);
  const html = comparisonParts(compareRuns([
    run(4, 0.1, 0),
    { ...other, config: { ...other.config, task: { name: "<b>", options: {} } } },
  ]));
  assert(!html.includes("badge") && !html.includes("mattered"));
  assert(html.includes("&lt;b&gt;") && !html.includes("<b>"));
});
