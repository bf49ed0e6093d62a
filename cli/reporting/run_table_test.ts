import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { MetricsLine } from "@unroll/core/runs";
import { runCurves } from "../charts/run_curves.ts";
import { formatRuns, isDiverged, measureHead, measureText, resultOf } from "./run_table.ts";

const text: MetricsLine[] = [
  { event: "progress", step: 10, loss: 1.2 },
  {
    event: "validation",
    step: 10,
    loss: 1,
    error: 0.4,
    metrics: { nats: 1, bits: 1.4427 },
    best: true,
  },
];
const other: MetricsLine[] = [{ event: "validation", step: 10, loss: 1, error: 0.25, best: true }];

Deno.test("measureText() says bits of a text, and the error of all else", () => {
  const results = [text, other].map(resultOf);
  assertEquals(results.map(measureText), ["1.443 bits", "25.0 %"]);
  assertEquals(measureHead(results), "error, or bits");
  assertEquals(measureHead([results[0]]), "bits per character");
  assertEquals(measureHead([results[1]]), "error");
  assertEquals(measureText(resultOf([])), undefined);
});

Deno.test("runCurves() draws no error of a text", () => {
  const ids = (lines: MetricsLine[]) => runCurves([{ name: "a", lines }]).map(({ id }) => id);
  assertEquals(ids(text), ["loss"]);
  assertEquals(ids(other), ["loss", "error"]);
});

Deno.test("isDiverged() sees what came to numbers that are not finite", () => {
  assertEquals(isDiverged([{ event: "diverged", step: 3 }]), true);
  assertEquals(isDiverged([{ event: "done", steps: 3, loss: null }]), true);
  const done = { event: "done", steps: 3, loss: 0.5, error: 0 };
  assertEquals(isDiverged([done]), false);
  // The best parameters were right, the last are no numbers.
  assertEquals(isDiverged([{ event: "validation", step: 3, loss: null }, done]), true);
  assertEquals(isDiverged([]), false);
  // Stopped before anything was validated.
  assertEquals(isDiverged([{ event: "stopped", steps: 0, loss: null, best_step: 0 }]), false);
});

Deno.test("formatRuns() keeps within a terminal, and tells a recipe by its name", () => {
  const row = {
    name: "2026-01-31-fizzbuzz-rnn-0",
    path: "runs/a",
    state: "done",
    recipe: "theano-fizzbuzz",
    title: "a title that goes on and on and on and on and on and on and on and on and on",
    settings: { hidden: 64, optimizer: "adagrad", schedule: "constant" },
    result: resultOf(other),
  } as const;
  const text = formatRuns([row], 0, 80);
  for (const line of text.split("\n")) assert([...line].length <= 80, line);
  assertStringIncludes(text.replaceAll(/\s+/g, " "), `${row.name}: ${row.title}, recipe theano-`);
  assertStringIncludes(text.replaceAll(/\s+/g, " "), "hidden 64, optimizer adagrad, schedule");
  assertEquals(formatRuns([row], 0).trim().split("\n").length, 2);
});
