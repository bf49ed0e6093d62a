/**
 * Sums of which one term counts. `sum(select(labels == classes, x, 0))` reads as many terms as there are classes;
 * the one that is not zero can be read at its place.
 *
 * @module
 */
import {
  applyExpression,
  type Axis,
  clampIndex,
  constantExpression,
  dependsOn,
  type Expression,
  index,
} from "../ir/expression.ts";
import { substitution } from "./substitute_axis.ts";

/** A sum over fewer axes than before. */
export interface PickedSum {
  readonly inner: readonly Axis[];
  readonly value: Expression;
}

/** Takes from a sum the axis along which all terms but one are zero; `undefined` if there is none. */
export function pickTerm(value: Expression, inner: readonly Axis[]): PickedSum | undefined {
  if (value.kind !== "apply" || value.operation !== "select" || value.dtype !== "f32") {
    return undefined;
  }
  const [test, term, other] = value.inputs;
  if (other.kind !== "constant" || other.value !== 0) return undefined;
  if (test.kind !== "apply" || test.operation !== "eq") return undefined;
  for (const [one, label] of [test.inputs, test.inputs.toReversed()]) {
    if (one.kind !== "axis" || !inner.includes(one.axis)) continue;
    const { axis } = one;
    if (label.dtype !== "i32" || dependsOn(label, [axis])) continue;
    const picked = substitution(axis, clampIndex(label, axis.extent))(term);
    const zero = constantExpression("f32", 0);
    const inside = applyExpression("and", "bool", [
      applyExpression("ge", "bool", [label, index(0)]),
      applyExpression("lt", "bool", [label, index(axis.extent)]),
    ]);
    // Added to the zeros a negative zero is a positive one.
    const sum = applyExpression("add", "f32", [picked, zero]);
    return {
      inner: inner.filter((other) => other !== axis),
      value: applyExpression("select", "f32", [inside, sum, zero]),
    };
  }
  return undefined;
}
