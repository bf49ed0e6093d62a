/**
 * Expressions are walked by recursion, so that they must not be too deep for the stack: of operations that
 * follow each other, some are materialized. So are some where the code of one kernel would be too long.
 *
 * @module
 */
import { type Equation, type Graph, isApplication, type Value } from "../ir/graph.ts";
import { ELEMENTWISE } from "../language/primitives/elementwise.ts";
import { FOLD_IN, RANDOM_BITS } from "../language/primitives/creation.ts";
import type { Primitive } from "../ir/primitive.ts";
import { SCAN } from "../language/primitives/scan.ts";

/** Depth of the deepest expression. The stack bears more than twice as much. */
export const MAX_DEPTH = 400;

/** How much deeper a primitive makes an expression, about. */
function depthOfPrimitive(primitive: Primitive): number {
  if (primitive.name in ELEMENTWISE) return 1;
  return primitive === RANDOM_BITS || primitive === FOLD_IN ? 80 : 4;
}

/**
 * Adds the values, also in the bodies of loops, that must be materialized.
 *
 * @param graph The graph.
 * @param materialized Gains the values.
 * @param maxOperations Number of operations that an expression may have.
 */
export function materializeDeep(
  { equations }: Graph,
  materialized: Set<Value>,
  maxOperations = Infinity,
): void {
  const depths = new Map<Value, number>();
  const parts = new Map<Value, ReadonlySet<Equation>>();
  for (const equation of equations) {
    const { primitive, inputs, outputs } = equation;
    if (isApplication(equation, SCAN)) {
      materializeDeep(equation.params.body, materialized, maxOperations);
    }
    const { kind } = primitive.lowering;
    if (kind !== "element" && kind !== "reshape") continue;
    const before = Math.max(0, ...inputs.map((value) => depths.get(value) ?? 0));
    const depth = before + depthOfPrimitive(primitive);
    for (const value of outputs) {
      if (depth > MAX_DEPTH) materialized.add(value);
      depths.set(value, depth > MAX_DEPTH ? 0 : depth);
    }
    if (maxOperations === Infinity) continue;
    const own = new Set([equation]);
    // The longest inputs last: once these are too much, they are read from memory.
    const sorted = inputs.map((value) => [value, parts.get(value)] as const)
      .sort(([, a], [, b]) => (a?.size ?? 0) - (b?.size ?? 0));
    for (const [value, its] of sorted) {
      if (!its) continue;
      const joined = new Set([...own, ...its]);
      if (operationsOf(joined) <= maxOperations) { for (const part of its) own.add(part); }
      else {
        materialized.add(value);
        parts.delete(value);
      }
    }
    for (const value of outputs) if (!materialized.has(value)) parts.set(value, own);
  }
}

function operationsOf(equations: ReadonlySet<Equation>): number {
  let sum = 0;
  for (const { primitive } of equations) sum += depthOfPrimitive(primitive);
  return sum;
}
