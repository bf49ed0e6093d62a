/**
 * Substitutes an index for a loop variable.
 *
 * @module
 */
import {
  addIndex,
  axesIn,
  type Axis,
  divideIndex,
  type Expression,
  remainderIndex,
  rewriteExpression,
  scaleIndex,
} from "../ir/expression.ts";
import { type Kernel, mapKernel } from "./program.ts";

/** Replaces a loop variable in a kernel, its own or that of a loop around it, by an index. */
export function substituteAxis(kernel: Kernel, axis: Axis, place: Expression): Kernel {
  return mapKernel(kernel, substitution(axis, place));
}

/** Makes a function that replaces a loop variable in expressions by an index. */
export function substitution(
  axis: Axis,
  place: Expression,
): (expression: Expression) => Expression {
  const known = new Map<Expression, Expression>();
  const rewrite = (expression: Expression): Expression =>
    rewriteExpression(
      expression,
      (part) => {
        if (part.kind === "axis") return part.axis === axis ? place : undefined;
        // Sums are taken apart by the index functions, which keep them flat.
        if (part.kind !== "apply" || part.dtype !== "i32") return undefined;
        const [x, y] = part.inputs;
        if (part.operation === "add") return addIndex(rewrite(x), rewrite(y));
        if (y?.kind !== "constant" || !axesIn(x).has(axis)) return undefined;
        if (part.operation === "mul") return scaleIndex(rewrite(x), y.value);
        if (part.operation === "rem") return remainderIndex(rewrite(x), y.value);
        return part.operation === "div" ? divideIndex(rewrite(x), y.value) : undefined;
      },
      known,
    );
  return rewrite;
}
