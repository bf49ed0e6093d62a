import { assertAlmostEquals, assertEquals } from "@std/assert";
import { softmaxAt } from "./evaluation.ts";

Deno.test("softmaxAt() takes its part alone, at a temperature, however great the numbers are", () => {
  const logits = Float32Array.of(9, 1000, 1001, 9);
  const [low, high] = softmaxAt(logits, 1, 2);
  assertAlmostEquals(high, 1 / (1 + Math.exp(-1)), 1e-15);
  assertAlmostEquals(low + high, 1, 1e-15);
  assertAlmostEquals(softmaxAt(logits, 1, 2, 0.5)[1], 1 / (1 + Math.exp(-2)), 1e-15);
});

Deno.test("softmaxAt() is NaN where a number is, and where all are infinite", () => {
  assertEquals([...softmaxAt([0, NaN], 0, 2)], [NaN, NaN]);
  assertEquals([...softmaxAt([-Infinity, -Infinity], 0, 2)], [NaN, NaN]);
  assertEquals([...softmaxAt([-Infinity, 0], 0, 2)], [0, 1]);
});
