import { assertEquals } from "@std/assert";
import type { MetricsLine } from "@unroll/core/runs";
import { runCurves } from "../charts/run_curves.ts";
import { measureHead, measureText, resultOf } from "./run_table.ts";

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
