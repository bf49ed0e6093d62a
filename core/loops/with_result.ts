/**
 * Puts something in place of the result of a kernel's fold.
 *
 * @module
 */
import { type Axis, type Expression, rewriteExpression } from "../ir/expression.ts";
import { type Kernel, type MapKernel, mapKernel } from "./program.ts";

/** Makes an elementwise kernel of a kernel's stores, which read an expression where they read its result. */
export function withResult(
  { name, stores }: Kernel,
  axes: readonly Axis[],
  by: Expression,
): MapKernel {
  return mapKernel(
    { kind: "map", name, axes, stores },
    (expression) =>
      rewriteExpression(expression, (part) => part.kind === "accumulator" ? by : undefined),
  ) as MapKernel;
}
