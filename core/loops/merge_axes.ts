/**
 * Merges neighbouring loops that step through memory like one loop: `[i, j]` over contiguous rows is a
 * single axis. Loops of one iteration disappear.
 *
 * @module
 */
import {
  addIndex,
  affineIndex,
  type Axis,
  axisExpression,
  dependsOn,
  type Expression,
  rewriteExpression,
  scaleIndex,
  visitExpression,
} from "../ir/expression.ts";
import { type Kernel, mapKernel } from "./program.ts";

/** Merges the axes of a map or reduce kernel where that changes nothing. */
export function mergeAxes(kernel: Kernel): Kernel {
  if (kernel.kind === "matmul") {
    return { ...kernel, batch: kernel.batch.filter((axis) => axis.extent !== 1) };
  }
  let merged: Kernel = { ...kernel, axes: kernel.axes.filter((axis) => axis.extent !== 1) };
  merged = mergeList(merged, merged.axes, (axes) => ({ axes }));
  if (merged.kind === "reduce" && merged.operation !== "argmax") {
    const inner = merged.inner.filter((axis) => axis.extent !== 1);
    merged = mergeList({ ...merged, inner }, inner, (inner) => ({ inner }));
  }
  return merged;
}

/** Merges neighbours among some loops of a kernel, which `update` puts in their place. */
export function mergeList(
  kernel: Kernel,
  list: readonly Axis[],
  update: (axes: readonly Axis[]) => object,
): Kernel {
  const axes = [...list];
  let result = kernel;
  for (let i = axes.length - 2; i >= 0; i--) {
    const [outer, inner] = [axes[i], axes[i + 1]];
    if (!indicesOf(result).every((index) => stepsAlike(index, outer, inner))) continue;
    const both: Axis = { name: outer.name, extent: outer.extent * inner.extent };
    const known = new Map<Expression, Expression>();
    const replace = (expression: Expression) => rewriteExpression(expression, rewriteIndex, known);
    const rewriteIndex = (part: Expression): Expression | undefined => {
      if (part.kind !== "load" && part.kind !== "axis" && part.dtype === "i32") {
        return mergedIndex(part, outer, inner, both);
      }
      return part.kind === "axis" ? mergedIndex(part, outer, inner, both) : undefined;
    };
    const mapped = mapKernel(result, replace);
    axes.splice(i, 2, both);
    result = { ...mapped, ...update([...axes]) } as Kernel;
  }
  return result;
}

/** Indices of all loads and stores of a kernel, and all other uses of its axes. */
function indicesOf(kernel: Kernel): Expression[] {
  const indices: Expression[] = kernel.stores.map(({ index }) => index);
  const seen = new Set<Expression>();
  const values = kernel.stores.map(({ value }) => value);
  if (kernel.kind === "reduce") values.push(kernel.value);
  if (kernel.kind === "matmul") values.push(kernel.x, kernel.y);
  for (const value of values) collect(value, indices, seen);
  return indices;
}

/** Collects the outermost integer parts that depend on axes: those must be affine to be merged. */
function collect(expression: Expression, indices: Expression[], seen: Set<Expression>): void {
  if (seen.has(expression)) return;
  seen.add(expression);
  if (expression.kind === "load") {
    indices.push(expression.index);
    visitExpression(
      expression.index,
      (part) => part.kind === "load" && collect(part, indices, seen),
    );
  } else if (expression.kind === "axis") indices.push(expression);
  else if (expression.kind === "apply") {
    expression.inputs.forEach((input) => collect(input, indices, seen));
  }
}

/** Returns whether an index moves with two axes as it would with one, or with neither. */
function stepsAlike(index: Expression, outer: Axis, inner: Axis): boolean {
  if (!dependsOn(index, [outer, inner])) return true;
  const affine = affineIndex(index, [outer, inner]);
  if (!affine) return false;
  const stride = affine.strides.get(inner) ?? 0;
  return (affine.strides.get(outer) ?? 0) === stride * inner.extent;
}

function mergedIndex(
  index: Expression,
  outer: Axis,
  inner: Axis,
  both: Axis,
): Expression | undefined {
  if (!dependsOn(index, [outer, inner])) return index;
  const affine = affineIndex(index, [outer, inner]);
  if (!affine) return undefined;
  return addIndex(affine.base, scaleIndex(axisExpression(both), affine.strides.get(inner) ?? 0));
}
