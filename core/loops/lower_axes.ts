/**
 * Axes of kernels, and the indices at which kernels compute values of other shapes.
 *
 * @module
 */
import type { Value } from "../ir/graph.ts";
import { sameShape, type Shape, sizeOf } from "../ir/tensor_type.ts";
import {
  affineIndex,
  type Axis,
  axisExpression,
  type Expression,
  flattenIndex,
  unflattenIndex,
  visitExpression,
} from "../ir/expression.ts";
import type { Group } from "./lower_types.ts";

/** Makes one axis a dimension. */
export function axesFor(shape: Shape, name: string): Axis[] {
  return shape.map((extent, d) => ({ name: shape.length > 1 ? `${name}${d}` : name, extent }));
}

/** Returns the index at which a group computes a value of as many elements as it has points. */
export function ownIndex(group: Group, shape: Shape): Expression[] {
  const at = group.axes.map(axisExpression);
  return sameShape(shape, group.shape) ? at : unflattenIndex(flattenIndex(at, group.shape), shape);
}

/** Returns whether an index is that at which a group computes a value. */
export function isOwnIndex(group: Group, value: Value, at: readonly Expression[]): boolean {
  if (sizeOf(value.type.shape) !== sizeOf(group.shape)) return false;
  const own = group.axes.map(axisExpression);
  if (isSamePlace(own, at) && sameShape(value.type.shape, group.shape)) return true;
  return flattenIndex(at, value.type.shape) === flattenIndex(own, group.shape);
}

/** Returns whether two indices are the same in each dimension. */
export function isSamePlace(a: readonly Expression[], b: readonly Expression[]): boolean {
  if (a.length !== b.length) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

/** Returns whether every load steps evenly along the axes. */
export function isRegular(expression: Expression, axes: readonly Axis[]): boolean {
  let regular = true;
  visitExpression(expression, (part) => {
    regular &&= part.kind !== "load" || affineIndex(part.index, axes) !== undefined;
  });
  return regular;
}
