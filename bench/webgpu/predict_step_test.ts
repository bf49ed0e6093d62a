import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { matmul, neg, scan, tanh, type Tensor, zeros } from "@unroll/core";
import { compileToWgsl, optimize, trace } from "@unroll/core/compiler";
import { MACHINES, predictStep } from "./predict_step.ts";

/** Predicts a program of core. */
function predicted(shapes: readonly (readonly number[])[], f: (...xs: Tensor[]) => Tensor) {
  const { graph } = trace(shapes.map((shape) => ({ dtype: "f32", shape })), (...xs) => [f(...xs)]);
  return predictStep(compileToWgsl(optimize(graph)).shaders);
}

/** Seconds of a step but for launches. */
function work(step: ReturnType<typeof predicted>): number[] {
  return step.machines.map(({ seconds, launches }) => seconds - launches);
}

Deno.test("MACHINES have the peaks that their makers publish", () => {
  const peaks = MACHINES.map(({ cores, lanes, clock }) => 2 * cores * lanes * clock / 1e12);
  // Intel: 2 TFLOP/s for 768 lanes at 1.3 GHz; NVIDIA: 67.
  assertEquals(peaks.map((peak) => Number(peak.toPrecision(2))), [2, 15, 67]);
});

Deno.test("predictStep() bounds what only moves numbers by memory, and twice as many by twice that", () => {
  const [once, twice] = [2 ** 26, 2 ** 27].map((size) => predicted([[size]], (x) => neg(x)));
  once.machines.forEach(({ bound, seconds, launches, widest }, i) => {
    assertEquals(bound, "memory");
    assertAlmostEquals(seconds - launches, 2 * 4 * 2 ** 26 / MACHINES[i].bandwidth);
    assert(widest > 0.8 && widest <= 1, `found ${widest}`);
  });
  work(twice).forEach((time, i) => assertAlmostEquals(time, 2 * work(once)[i]));
});

Deno.test("predictStep() bounds large products by arithmetic, at least at the peak's time", () => {
  const { machines, flops } = predicted([[2048, 512], [512, 2048]], (x, y) => matmul(x, y));
  assertEquals(flops, 2 * 2048 * 512 * 2048);
  machines.forEach(({ bound, seconds, launches }, i) => {
    const { cores, lanes, clock } = MACHINES[i];
    const least = flops / (2 * cores * lanes * clock);
    // The cache of the first holds neither operand: memory is nearly as busy.
    assertEquals(bound, i === 0 ? "memory" : "arithmetic");
    const own = seconds - launches;
    assert(own >= least && own < 1.4 * least, `found ${own} for ${least}`);
  });
});

Deno.test("predictStep() bounds a loop over time in one workgroup by latency, in proportion to its steps", () => {
  const loop = (length: number) =>
    predicted([[64, 64]], (weights) =>
      scan(
        (state: Tensor) => [tanh(matmul(state, weights)), undefined] as const,
        zeros([1, 64]),
        undefined,
        { length },
      )[0]);
  const [short, long] = [1000, 2000].map(loop);
  for (const { bound, narrowest } of short.machines) {
    assertEquals(bound, "latency");
    assert(narrowest < 0.03, `found ${narrowest}`);
  }
  assertAlmostEquals(long.barriers / short.barriers, 2, 0.01);
  work(long).forEach((time, i) => assertAlmostEquals(time / work(short)[i], 2, 0.01));
});

Deno.test("predictStep() bounds small work by its launch", () => {
  const { machines, dispatches } = predicted([[1000]], (x) => tanh(x));
  assertEquals(dispatches, 1);
  for (const { bound, share } of machines) {
    assertEquals(bound, "launch");
    assert(share > 0.9, `found ${share}`);
  }
});
