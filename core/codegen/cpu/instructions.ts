/**
 * Counts what expressions are as WebAssembly: how many instructions, and which of them are slow.
 *
 * @module
 */
import { type Expression, visitExpression } from "../../ir/expression.ts";
import { ELEMENTWISE } from "../../language/primitives/elementwise.ts";

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
