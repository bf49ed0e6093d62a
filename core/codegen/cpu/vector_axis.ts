/**
 * Chooses the axis along which a kernel's vectors lie: the one that makes its memory accesses cheapest.
 *
 * @module
 */
import {
  axesIn,
  type Axis,
  type Expression,
  summandsOf,
  visitExpression,
} from "../../ir/expression.ts";
import type { Store } from "../../loops/program.ts";
import { instructionsOf } from "./instructions.ts";

/** Numbers of a vector. */
const LANES = 4;

/**
 * Elements that an index moves with one step of an axis; `undefined` if that is not one number, because a part
 * varies with the axis otherwise than by steps.
 */
export function strideAlong(
  index: Expression,
  axis: Axis | undefined,
  varies: (part: Expression) => boolean = (part) => axis !== undefined && axesIn(part).has(axis),
): number | undefined {
  let stride = 0;
  const summands = summandsOf(index);
  for (let i = 0; i < summands.length; i++) {
    const { factor, scale } = summands[i];
    if (factor.kind === "axis" && factor.axis === axis) stride += scale;
    else if (varies(factor)) return undefined;
  }
  return stride;
}

/** Finds out which expressions read the result of their kernel's fold; each is looked at once. */
export class ResultReaders {
  readonly #known = new Map<Expression, boolean>();

  /** Returns whether an expression does. */
  has(expression: Expression): boolean {
    let found = this.#known.get(expression);
    if (found === undefined) {
      found = expression.kind === "accumulator" ||
        (expression.kind === "apply" && expression.inputs.some((input) => this.has(input))) ||
        (expression.kind === "load" && this.has(expression.index));
      this.#known.set(expression, found);
    }
    return found;
  }
}

/** Estimates the instructions of reading or writing four elements along an axis. */
function accessCost(stride: number | undefined): number {
  if (stride === undefined) return 16;
  if (stride === 0) return 0.25;
  return stride === 1 ? 1 : stride === -1 ? 2 : 5;
}

/** Estimates the cost of a vector of some values along an axis. */
export function vectorCost(expressions: readonly Expression[], axis: Axis): number {
  let cost = instructionsOf(expressions);
  const seen = new Set<Expression>();
  for (const expression of expressions) {
    visitExpression(expression, (part) => {
      if (part.kind === "load") cost += accessCost(strideAlong(part.index, axis)) - 1;
    }, seen);
  }
  return Math.max(1, cost);
}

/** Loop overhead of a row of vectors. */
const ROW_COST = 6;

/** Estimates the cost of all points if vectors lie along an axis; infinite if they cannot. */
export function mapCost(
  axes: readonly Axis[],
  stores: readonly Store[],
  expressions: readonly Expression[],
  axis: Axis,
): number {
  let cost = vectorCost(expressions, axis);
  for (const { index, mode } of stores) {
    const stride = strideAlong(index, axis);
    if (stride === 0 || (stride === undefined && mode !== "set")) return Infinity;
    cost += accessCost(stride);
  }
  const rows = axes.reduce((n, other) => other === axis ? n : n * other.extent, 1);
  return rows * (ROW_COST + Math.ceil(axis.extent / LANES) * cost);
}

/** Finds the axis of minimum cost; `undefined` if there is none that vectors can lie along. */
export function cheapestAxis(
  axes: readonly Axis[],
  cost: (axis: Axis) => number,
): { readonly axis: Axis | undefined; readonly cost: number } {
  let best: { axis: Axis | undefined; cost: number } = { axis: undefined, cost: Infinity };
  // Of equals the innermost.
  for (const axis of axes.toReversed()) {
    const own = cost(axis);
    if (own < best.cost) best = { axis, cost: own };
  }
  return best;
}
