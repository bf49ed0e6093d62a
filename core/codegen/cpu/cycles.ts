/**
 * Estimates the time that loops take as WebAssembly, in cycles of one thread.
 *
 * @module
 */
import { innerAxesOf, pointsOf } from "../../loops/accesses.ts";
import { axesOf, type Step } from "../../loops/program.ts";
import { instructionsOf } from "./instructions.ts";

const LANES = 4;
/** Instructions to compute one term of a matrix product: four lanes, two at a time, and the loads. */
const TERM_COST = 1 / 6;

const known = new WeakMap<Step, number>();

/** Estimates the cycles that a step takes on one thread, a loop counted in full. */
export function cycles(step: Step): number {
  const found = known.get(step) ?? countCycles(step);
  known.set(step, found);
  return found;
}

function countCycles(step: Step): number {
  if (step.kind === "loop") {
    return step.time.extent * step.steps.reduce((sum, inner) => sum + cycles(inner), 0);
  }
  const points = pointsOf(axesOf(step));
  const terms = pointsOf(innerAxesOf(step));
  const after = instructionsOf(step.stores.map(({ value }) => value)) + step.stores.length;
  if (step.kind === "matmul") return points * (terms * TERM_COST + after / LANES);
  const before = step.kind === "reduce" ? terms * instructionsOf([step.value]) : 0;
  return points * (before + after) / LANES;
}
