/**
 * Estimates the cost of loops, without regard to the device that runs them.
 *
 * @module
 */
import { innerAxesOf, pointsOf } from "./accesses.ts";
import { axesOf, type Step } from "./program.ts";

/** Estimates the scalar operations of one run of some steps, loops counted in full. */
export function loopCost(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => {
    if (step.kind === "loop") return sum + step.time.extent * loopCost(step.steps);
    return sum + pointsOf(axesOf(step)) * (pointsOf(innerAxesOf(step)) + step.stores.length);
  }, 0);
}
