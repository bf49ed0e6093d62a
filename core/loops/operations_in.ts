/**
 * Counts operations, however often they run.
 *
 * @module
 */
import { type Expression, visitExpression } from "../ir/expression.ts";

/** Counts the operations of some expressions, shared ones once. */
export function operationsIn(expressions: readonly Expression[]): number {
  let count = 0;
  const seen = new Set<Expression>();
  const visit = (part: Expression) => {
    if (part.kind === "apply" || part.kind === "load") count++;
  };
  for (const expression of expressions) visitExpression(expression, visit, seen);
  return count;
}
