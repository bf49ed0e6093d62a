/**
 * Expressions are walked by recursion, so that they must not be too deep for the stack: of operations that
 * follow each other, some are materialized.
 *
 * @module
 */
import { type Graph, isApplication, type Value } from "../ir/graph.ts";
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

/** Adds the values, also in the bodies of loops, that must be materialized. */
export function materializeDeep({ equations }: Graph, materialized: Set<Value>): void {
  const depths = new Map<Value, number>();
  for (const equation of equations) {
    const { primitive, inputs, outputs } = equation;
    if (isApplication(equation, SCAN)) materializeDeep(equation.params.body, materialized);
    const { kind } = primitive.lowering;
    if (kind !== "element" && kind !== "reshape") continue;
    const before = Math.max(0, ...inputs.map((value) => depths.get(value) ?? 0));
    const depth = before + depthOfPrimitive(primitive);
    for (const value of outputs) {
      if (depth > MAX_DEPTH) materialized.add(value);
      depths.set(value, depth > MAX_DEPTH ? 0 : depth);
    }
  }
}
