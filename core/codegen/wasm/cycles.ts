/**
 * Estimates the time that loops take as WebAssembly, in cycles of one thread.
 *
 * @module
 */
import { ELEMENTWISE } from "../../language/primitives/elementwise.ts";
import { type Expression, visitExpression } from "../../ir/expression.ts";
import { innerAxesOf, pointsOf } from "../../loops/accesses.ts";
import { axesOf, type Step } from "../../loops/program.ts";

const LANES = 4;
/** Instructions to compute one term of a matrix product: four lanes, two at a time, and the loads. */
const TERM_COST = 1 / 6;

/** Estimates the cycles that a step takes on one thread, a loop counted in full. */
export function cycles(step: Step): number {
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

/** Cost of an operation that a processor takes tens of cycles for, from its operands to its result. */
const SLOW = 10;

/** Returns whether an expression is a slow operation. */
export function isSlow(part: Expression): boolean {
  return part.kind === "apply" && part.dtype === "f32" &&
    (ELEMENTWISE[part.operation].cost ?? 1) >= SLOW;
}

/** Counts the slow operations of the longest chain in some expressions. */
export function slowDepthOf(expressions: Iterable<Expression>): number {
  const depths = new Map<Expression, number>();
  let deepest = 0;
  const seen = new Set<Expression>();
  for (const expression of expressions) {
    visitExpression(expression, (part) => {
      const inputs = part.kind === "apply" ? part.inputs : [];
      const before = Math.max(0, ...inputs.map((input) => depths.get(input) ?? 0));
      depths.set(part, before + (isSlow(part) ? 1 : 0));
      deepest = Math.max(deepest, depths.get(part) ?? 0);
    }, seen);
  }
  return deepest;
}

/** Estimates the instructions of some expressions, each for a vector. */
export function instructionsOf(expressions: Iterable<Expression>): number {
  const seen = new Set<Expression>();
  let instructions = 0;
  for (const expression of expressions) {
    visitExpression(expression, (part) => {
      if (part.kind === "load") instructions += 1;
      else if (part.kind === "apply" && part.dtype !== "i32") {
        instructions += ELEMENTWISE[part.operation].cost ?? 1;
      }
    }, seen);
  }
  return Math.max(1, instructions);
}
