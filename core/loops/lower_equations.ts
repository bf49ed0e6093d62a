/**
 * Lowers the equations that become kernels of their own kind: reductions, products, scatters, and
 * concatenations, whose parts are stored one by one.
 *
 * @module
 */
import { type Equation, paramsOf, type Value } from "../ir/graph.ts";
import { MATMUL, matmulSizes } from "../language/primitives/matmul.ts";
import { keptAxes } from "../language/primitives/reduce.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import {
  accumulator,
  addIndex,
  affineIndex,
  applyExpression,
  axisExpression,
  clampIndex,
  constantExpression,
  flattenIndex,
  index,
} from "../ir/expression.ts";
import type { ReduceOperation } from "./program.ts";
import { axesFor } from "./lower_axes.ts";
import { pickTerm } from "./pick_term.ts";
import { addStores, type Group, type LoweringScope, newReader } from "./lower_types.ts";

/** Materializes a concatenation: each part is written to its own region by the group that computes it. */
export function lowerConcatenate(
  lowering: LoweringScope,
  value: Value,
  { inputs }: Equation,
  axis: number,
): void {
  const targets = lowering.destinations.get(value) ??
    [{ buffer: lowering.newBuffer(value, "concatenate"), offset: index(0) }];
  const isRequired = lowering.destinations.has(value);
  let start = 0;
  const makers = inputs.flatMap((part) => {
    const from = start;
    start += part.type.shape[axis];
    if (sizeOf(part.type.shape) === 0) return [];
    return lowering.compute({
      shape: part.type.shape,
      name: "concatenate",
      stores: targets.length,
      element: (at, reader) => lowering.element(part, at, reader),
      write: (group, expression, at) => {
        const shifted = at.map((i, d) => d === axis ? addIndex(i, index(from)) : i);
        const flat = flattenIndex(shifted, value.type.shape);
        addStores(group, targets, flat, { value: isRequired ? undefined : value, expression });
      },
    });
  });
  lowering.storage.set(value, targets[0]);
  const last = makers.reduce<Group | undefined>(
    (last, maker) => !last || maker.order > last.order ? maker : last,
    undefined,
  );
  if (last) lowering.maker.set(value, last);
}

/** Lowers a reduction, to which elementwise work on its result may be fused. */
export function lowerReduce(
  lowering: LoweringScope,
  { inputs: [input], outputs: [output], primitive }: Equation,
  operation: ReduceOperation,
  axes: readonly number[],
): void {
  const { shape } = input.type;
  const outer = axesFor(output.type.shape, "i");
  const inner = axesFor(axes.map((axis) => shape[axis]), "r");
  const outerAxes = keptAxes(shape, axes);
  const at = shape.map((_, d) =>
    axisExpression(axes.includes(d) ? inner[axes.indexOf(d)] : outer[outerAxes.indexOf(d)])
  );
  const reader = newReader();
  const all = { inner, value: lowering.element(input, at, reader) };
  const group = lowering.open("reduce", primitive.name, output.type.shape, outer, {
    operation,
    ...operation === "sum" ? pickTerm(all.value, inner) ?? all : all,
  });
  lowering.accept(group, reader, "term");
  lowering.store(group, output, accumulator(output.type.dtype, 0), outer.map(axisExpression));
}

/** Lowers a matrix product, to which elementwise work on its result may be fused: its epilogue. */
export function lowerMatmul(lowering: LoweringScope, equation: Equation): void {
  const { inputs: [x, y], outputs: [output] } = equation;
  const params = paramsOf(equation, MATMUL);
  const { transposeX, transposeY } = params;
  const { batch, m, k, n } = matmulSizes(x.type, y.type, params);
  const batchAxes = axesFor(batch, "b");
  const [row, column, inner] = [{ name: "m", extent: m }, { name: "n", extent: n }, {
    name: "k",
    extent: k,
  }];
  const lead = batchAxes.map(axisExpression);
  const [i, j, p] = [row, column, inner].map(axisExpression);
  const reader = newReader();
  const left = lowering.element(x, [...lead, ...transposeX ? [p, i] : [i, p]], reader);
  const right = lowering.element(y, [...lead, ...transposeY ? [j, p] : [p, j]], reader);
  const all = [...batchAxes, row, column, inner];
  if (left.kind !== "load" || !affineIndex(left.index, all)) lowering.request(x);
  if (right.kind !== "load" || !affineIndex(right.index, all)) lowering.request(y);
  const axes = [...batchAxes, row, column];
  const group = lowering.open("matmul", "matmul", [...batch, m, n], axes, {
    inner: [inner],
    operands: [left, right],
  });
  lowering.accept(group, reader);
  lowering.store(group, output, accumulator("f32", 0), axes.map(axisExpression));
}

/** Up to so many rows are added up as they are: a sum of them is off by no more than 2⁻¹⁸ of itself. */
const SHORT_CHAIN = 64;

/** Lowers a scatter: rows added at given indices. */
export function lowerScatter(
  lowering: LoweringScope,
  { inputs: [indices, updates], outputs: [output] }: Equation,
): void {
  const [rows, ...rest] = output.type.shape;
  const places = axesFor(indices.type.shape, "r");
  const width = axesFor(rest, "j");
  const reader = newReader();
  const at = places.map(axisExpression);
  const row = clampIndex(lowering.element(indices, at, reader), rows);
  const update = lowering.element(updates, [...at, ...width.map(axisExpression)], reader);
  if (lowering.state.scatter === "reduce") {
    const [outer] = axesFor([rows], "i");
    const here = applyExpression("eq", "bool", [row, axisExpression(outer)]);
    const value = applyExpression("select", "f32", [here, update, constantExpression("f32", 0)]);
    const axes = [outer, ...width];
    const group = lowering.open("reduce", "scatter", output.type.shape, axes, {
      inner: places,
      operation: "sum",
      value,
    });
    lowering.accept(group, reader, "term");
    lowering.store(group, output, accumulator("f32", 0), axes.map(axisExpression));
    return;
  }
  // Of many rows what rounding adds is kept beside the sums.
  const isLong = sizeOf(indices.type.shape) > SHORT_CHAIN;
  const shape = isLong ? [2, ...output.type.shape] : output.type.shape;
  const destinations = lowering.destinations.get(output) ?? [];
  const target = !isLong && destinations.length > 0
    ? destinations[0]
    : { buffer: lowering.newBuffer(output, "scatter", sizeOf(shape)), offset: index(0) };
  const value = destinations.includes(target) ? undefined : output;
  const axes = axesFor(shape, "i");
  const cleared = lowering.open("map", "clear", shape, axes);
  addStores(cleared, [target], flattenIndex(axes.map(axisExpression), shape), {
    value,
    expression: constantExpression("f32", 0),
  });
  const group = lowering.open("map", "scatter", updates.type.shape, [...places, ...width]);
  lowering.accept(group, reader);
  const flat = flattenIndex([row, ...width.map(axisExpression)], output.type.shape);
  group.stores.push({
    value,
    target,
    index: addIndex(target.offset, flat),
    expression: update,
    mode: isLong ? "compensate" : "add",
  });
  // Nothing may read the zeros, nor join the kernel that adds.
  lowering.storage.set(output, target);
  lowering.maker.set(output, group);
  for (const other of destinations) {
    if (other !== target) lowering.copy(output, [other]);
  }
}
