/**
 * Learning-rate schedules: how the learning rate goes over a run, computed inside the training step
 * from its counter.
 *
 * @module
 */
import { maximum, minimum, pow } from "../language/ops/arithmetic.ts";
import { lt, where } from "../language/ops/comparisons.ts";
import { cos, floor } from "../language/ops/functions.ts";
import { fill } from "../language/ops/creation.ts";
import type { Tensor } from "../language/tensor.ts";

/**
 * Computes what the learning rate is multiplied by at a step.
 *
 * @param step Steps done before this one, a scalar f32.
 * @param steps Steps of the whole run.
 * @returns A scalar f32, 1 for the full learning rate.
 */
export type Schedule = (step: Tensor, steps: number) => Tensor;

/**
 * Keeps the full learning rate all the time.
 *
 * @example Usage
 * ```ts
 * import { constantRate } from "@unroll/core/training";
 * import { tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const schedule = constantRate();
 * const factors = [0, 50, 100].map((step) => schedule(tensor(step), 100).item());
 * deepStrictEqual(await Promise.all(factors), [1, 1, 1]);
 * ```
 */
export function constantRate(): Schedule {
  return () => fill([], 1);
}

/**
 * Decays in a straight line from the full learning rate down to a fraction of it.
 *
 * @param settings The fraction at the end; 0 if left out.
 *
 * @example Usage
 * ```ts
 * import { linearDecay } from "@unroll/core/training";
 * import { tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const schedule = linearDecay({ end: 0.5 });
 * const factors = [0, 50, 100].map((step) => schedule(tensor(step), 100).item());
 * deepStrictEqual(await Promise.all(factors), [1, 0.75, 0.5]);
 * ```
 */
export function linearDecay({ end = 0 }: { readonly end?: number } = {}): Schedule {
  return (step, steps) => fractionDone(step, steps).mul(end - 1).add(1);
}

/**
 * Decays by half a wave of the cosine from the full learning rate down to a fraction of it (Loshchilov and Hutter,
 * 2017, without restarts).
 *
 * @param settings The fraction at the end; 0 if left out.
 *
 * @example Usage
 * ```ts
 * import { cosineDecay } from "@unroll/core/training";
 * import { tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const schedule = cosineDecay();
 * const factors = [0, 100].map((step) => schedule(tensor(step), 100).item());
 * deepStrictEqual(await Promise.all(factors), [1, 0]);
 * ```
 */
export function cosineDecay({ end = 0 }: { readonly end?: number } = {}): Schedule {
  return (step, steps) =>
    cos(fractionDone(step, steps).mul(Math.PI)).add(1).mul((1 - end) / 2).add(end);
}

/**
 * Multiplies by a factor again and again.
 *
 * @param settings Steps between, and the factor; 0.1 if left out.
 *
 * @example Usage
 * ```ts
 * import { stepDecay } from "@unroll/core/training";
 * import { tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const schedule = stepDecay({ every: 10, factor: 0.5 });
 * const factors = [9, 10, 20].map((step) => schedule(tensor(step), 100).item());
 * deepStrictEqual(await Promise.all(factors), [1, 0.5, 0.25]);
 * ```
 */
export function stepDecay(
  { every, factor = 0.1 }: { readonly every: number; readonly factor?: number },
): Schedule {
  return (step) => pow(fill([], factor), floor(step.div(every)));
}

/**
 * Falls by a factor over so many steps, smoothly.
 *
 * @param settings Steps, and the factor; 0.1 if left out.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { exponentialDecay } from "@unroll/core/training";
 * import { ok } from "node:assert/strict";
 *
 * const schedule = exponentialDecay({ every: 10, factor: 0.5 });
 * ok(Math.abs(await schedule(tensor(20), 100).item() - 0.25) < 1e-6);
 * ```
 */
export function exponentialDecay(
  { every, factor = 0.1 }: { readonly every: number; readonly factor?: number },
): Schedule {
  return (step) => step.mul(Math.log(factor) / every).exp();
}

/**
 * Applies one factor after the other, each for some steps.
 *
 * @param phases Steps and factor of each; the last goes on to the end. At least one.
 *
 * @example Usage
 * ```ts
 * import { inPhases } from "@unroll/core/training";
 * import { tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const schedule = inPhases([{ steps: 10, factor: 1 }, { steps: 5, factor: 0.5 }]);
 * const factors = [9, 10, 99].map((step) => schedule(tensor(step), 100).item());
 * deepStrictEqual(await Promise.all(factors), [1, 0.5, 0.5]);
 * ```
 */
export function inPhases(
  phases: readonly { readonly steps: number; readonly factor: number }[],
): Schedule {
  const ends: number[] = [];
  for (const { steps } of phases) ends.push((ends.at(-1) ?? 0) + steps);
  return (step) =>
    phases.slice(0, -1).reduceRight(
      (rest, { factor }, i) => where(lt(step, ends[i]), fill([], factor), rest),
      fill([], phases[phases.length - 1].factor),
    );
}

/**
 * Multiplies two schedules.
 *
 * @param first One.
 * @param second The other.
 *
 * @example Usage
 * ```ts
 * import { linearDecay, productOf } from "@unroll/core/training";
 * import { tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const schedule = productOf(linearDecay(), linearDecay());
 * const factors = [0, 50, 100].map((step) => schedule(tensor(step), 100).item());
 * deepStrictEqual(await Promise.all(factors), [1, 0.25, 0]);
 * ```
 */
export function productOf(first: Schedule, second: Schedule): Schedule {
  return (step, steps) => first(step, steps).mul(second(step, steps));
}

/**
 * Rises from nothing in a straight line first, then goes as another schedule does over the steps that
 * are left.
 *
 * @param schedule What comes after.
 * @param rise Steps until the full learning rate; the first step has 1/rise of it.
 *
 * @example Usage
 * ```ts
 * import { constantRate, withWarmup } from "@unroll/core/training";
 * import { tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const schedule = withWarmup(constantRate(), 4);
 * const factors = [0, 1, 9].map((step) => schedule(tensor(step), 100).item());
 * deepStrictEqual(await Promise.all(factors), [0.25, 0.5, 1]);
 * ```
 */
export function withWarmup(schedule: Schedule, rise: number): Schedule {
  if (rise <= 0) return schedule;
  return (step, steps) => {
    const risen = minimum(step.add(1).div(rise), 1);
    return schedule(maximum(step.sub(rise), 0), Math.max(1, steps - rise)).mul(risen);
  };
}

function fractionDone(step: Tensor, steps: number): Tensor {
  return minimum(step.div(Math.max(1, steps)), 1);
}
