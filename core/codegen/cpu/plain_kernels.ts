/**
 * What both printers of the processor's kernels decide alike: kernels that are elementwise in truth, the result of a
 * fold, and the axis along which its vectors lie.
 *
 * @module
 */
import {
  accumulator,
  type Axis,
  constantExpression,
  type Expression,
} from "../../ir/expression.ts";
import { pointsOf } from "../../loops/accesses.ts";
import type { MapKernel, MatmulKernel, ReduceKernel } from "../../loops/program.ts";
import { withResult } from "../../loops/with_result.ts";
import { instructionsOf } from "./instructions.ts";
import { cheapestAxis, mapCost, vectorCost } from "./vector_axis.ts";

/** Numbers of a vector, for costs. */
const LANES = 4;
/** Cost of folding the lanes of a vector and storing the result. */
export const LANES_COST = 14;

/** Makes the elementwise kernel that a reduction over nothing is. */
export function unfoldedKernel(kernel: ReduceKernel): MapKernel {
  return withResult(kernel, kernel.axes, kernel.value);
}

/** Makes the elementwise kernel that a product without terms is: its sums are zero. */
export function emptyProduct(kernel: MatmulKernel): MapKernel {
  const axes = [...kernel.batch, kernel.row, kernel.column];
  return withResult(kernel, axes, constantExpression("f32", 0));
}

/** Returns what the stores of a reduction read. */
export function resultOfFold({ operation, value }: ReduceKernel): Expression {
  return accumulator(operation === "argmax" ? "i32" : value.dtype, 0);
}

/** The axis along which the vectors of a reduction lie. */
export interface FoldAxis {
  /** An axis of the result, each lane a fold of its own; `undefined` if there is none to lie along. */
  readonly across?: Axis;
  /** An axis that is folded, if that is cheaper. */
  readonly along?: Axis;
}

/** Chooses the axis along which the vectors of a reduction lie. */
export function chooseFoldAxis(kernel: ReduceKernel): FoldAxis {
  const { axes, inner, value, stores, operation } = kernel;
  const [terms, points] = [pointsOf(inner), pointsOf(axes)];
  const ends = stores.map((store) => store.value);
  const across = cheapestAxis(
    axes,
    (axis) =>
      mapCost(axes, stores, [], axis) < Infinity
        ? mapCost(axes, stores, ends, axis) + mapCost(axes, [], [value], axis) * terms
        : Infinity,
  );
  const along = cheapestAxis(
    operation === "argmax" ? [] : inner,
    (axis) =>
      points * (LANES_COST + instructionsOf(ends) +
        terms / axis.extent * Math.ceil(axis.extent / LANES) * vectorCost([value], axis)),
  );
  return along.axis && along.cost < across.cost ? { along: along.axis } : { across: across.axis };
}
