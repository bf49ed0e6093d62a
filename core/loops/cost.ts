/**
 * Estimates the cost of loops, without regard to the device that runs them.
 *
 * @module
 */
import { innerAxesOf, pointsOf } from "./accesses.ts";
import { operationsIn } from "./operations_in.ts";
import { axesOf, expressionsOf, type Kernel, kernelsOf, type Step } from "./program.ts";

/** Estimates the scalar operations of one run of some steps, loops counted in full. */
export function loopCost(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => {
    if (step.kind === "loop") return sum + step.time.extent * loopCost(step.steps);
    return sum + pointsOf(axesOf(step)) * (pointsOf(innerAxesOf(step)) + step.stores.length);
  }, 0);
}

/** Operations that the loops around the expressions of a kernel are worth: those of a fold are longer. */
const FRAME = { map: 16, reduce: 24, matmul: 40 } as const;

const sizesKnown = new WeakMap<Kernel, number>();

/** Counts the operations written in some steps, however often they run: how long their code is. */
export function codeSize(steps: readonly Step[]): number {
  return kernelsOf(steps).reduce((sum, kernel) => {
    const size = sizesKnown.get(kernel) ?? FRAME[kernel.kind] + 2 * kernel.stores.length +
        operationsIn(expressionsOf(kernel));
    sizesKnown.set(kernel, size);
    return sum + size;
  }, 0);
}
