/**
 * Rules for reductions and matrix products: folding what is repeated, and products in the plainest
 * form, of two dimensions with the transposes inside.
 *
 * @module
 */
import { type Equation, paramsOf, type Value } from "../ir/graph.ts";
import { ELEMENTWISE_PRIMITIVES } from "../language/primitives/elementwise.ts";
import { BROADCAST, RESHAPE, TRANSPOSE } from "../language/primitives/layout.ts";
import { MATMUL, type MatmulParams, matmulSizes } from "../language/primitives/matmul.ts";
import { keptAxes, REDUCE_MAX, REDUCE_SUM } from "../language/primitives/reduce.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import type { Rewriter, Rule } from "./rewrite.ts";
import { emitFill, emitReshape, fillValue, groupDimensions, producedBy } from "./simplify_rule.ts";

/** Folds over dimensions of size 1 fold nothing; others see through reshapes. */
const simplifyFold: Rule = (equation, rewriter) => {
  const { primitive, inputs: [x], outputs: [{ type }] } = equation;
  const { axes } = paramsOf(equation, REDUCE_SUM, REDUCE_MAX);
  if (axes.every((axis) => x.type.shape[axis] === 1)) {
    return [emitReshape(rewriter, x, type.shape)];
  }
  const reshape = producedBy(x, RESHAPE, rewriter);
  if (!reshape) return undefined;
  const [source] = reshape.inputs;
  const folded: number[] = [];
  for (const { from, to } of groupDimensions(source.type.shape, x.type.shape)) {
    const large = to.filter((axis) => x.type.shape[axis] !== 1);
    const count = large.filter((axis) => axes.includes(axis)).length;
    if (count !== 0 && count !== large.length) return undefined;
    if (count > 0) folded.push(...from);
  }
  const [result] = rewriter.emit(primitive, [source], { axes: folded });
  return [emitReshape(rewriter, result, type.shape)];
};

const simplifySum: Rule = (equation, rewriter) => {
  const { inputs: [x], outputs: [{ type }] } = equation;
  const { axes } = paramsOf(equation, REDUCE_SUM);
  const value = fillValue(x, rewriter);
  const count = sizeOf(axes.map((axis) => x.type.shape[axis]));
  // Nothing adds up to 0, also where there would be infinite numbers.
  if (count === 0) return [emitFill(rewriter, type, 0)];
  if (value !== undefined && type.dtype === "f32") return [emitFill(rewriter, type, value * count)];
  const inner = producedBy(x, REDUCE_SUM, rewriter);
  if (inner) {
    const [source] = inner.inputs;
    const before = inner.params.axes;
    const kept = keptAxes(source.type.shape, before);
    const all = [...before, ...axes.map((axis) => kept[axis])].sort((a, b) => a - b);
    return rewriter.emit(REDUCE_SUM, [source], { axes: all });
  }
  return sumOfRepeated(equation, rewriter) ?? sumOfProducts(equation, rewriter) ??
    simplifyFold(equation, rewriter);
};

/** The sum of products over their leading dimension is one product with a longer inner dimension. */
function sumOfProducts(equation: Equation, rewriter: Rewriter): readonly Value[] | undefined {
  const { inputs: [x] } = equation;
  const product = producedBy(x, MATMUL, rewriter);
  const { axes } = paramsOf(equation, REDUCE_SUM);
  if (!product || x.type.shape.length !== 3 || axes.length !== 1 || axes[0] !== 0) return undefined;
  const { transposeX, transposeY } = product.params;
  const [left, right] = product.inputs;
  const merge = (value: Value, leads: boolean) => {
    const plain = leads ? value : swapLast(value, rewriter);
    const [count, k, n] = plain.type.shape;
    return emitReshape(rewriter, plain, [count * k, n]);
  };
  return rewriter.emit(MATMUL, [merge(left, transposeX), merge(right, !transposeY)], {
    transposeX: true,
    transposeY: false,
  });
}

/** The sum of a value repeated n times is n times the value. */
function sumOfRepeated(equation: Equation, rewriter: Rewriter): readonly Value[] | undefined {
  const { inputs: [x], outputs: [{ type }] } = equation;
  const repetition = producedBy(x, BROADCAST, rewriter);
  if (!repetition) return undefined;
  const { axes } = paramsOf(equation, REDUCE_SUM);
  const { shape, axes: places } = repetition.params;
  const repeated = axes.filter((axis) => !places.includes(axis));
  if (repeated.length === 0) return undefined;
  const [source] = repetition.inputs;
  const left = keptAxes(shape, repeated);
  const [small] = rewriter.emit(BROADCAST, [source], {
    shape: left.map((axis) => shape[axis]),
    axes: places.map((axis) => left.indexOf(axis)),
  });
  const rest = axes.filter((axis) => !repeated.includes(axis)).map((axis) => left.indexOf(axis));
  const [sum] = rest.length === 0 ? [small] : rewriter.emit(REDUCE_SUM, [small], { axes: rest });
  const count = sizeOf(repeated.map((axis) => shape[axis]));
  return rewriter.emit(ELEMENTWISE_PRIMITIVES.mul, [sum, emitFill(rewriter, type, count)]);
}

const simplifyMatmul: Rule = (equation, rewriter) => {
  const { inputs, outputs: [{ type }] } = equation;
  const [x, y] = inputs;
  const params = paramsOf(equation, MATMUL);
  const untransposed = readThroughTranspose(inputs, params, rewriter);
  if (untransposed) return untransposed;
  const { batch } = matmulSizes(x.type, y.type, params);
  if (batch.length === 0) return undefined;
  if (sizeOf(batch) === 1) {
    const flat = (value: Value) => emitReshape(rewriter, value, value.type.shape.slice(-2));
    const [product] = rewriter.emit(MATMUL, [flat(x), flat(y)], params);
    return [emitReshape(rewriter, product, type.shape)];
  }
  return productWithRepeated(equation, rewriter);
};

/** A transpose of the last two dimensions is done by the product while it reads. */
function readThroughTranspose(
  inputs: readonly Value[],
  { transposeX, transposeY }: MatmulParams,
  rewriter: Rewriter,
): readonly Value[] | undefined {
  const sources = inputs.map((input) => {
    const order = producedBy(input, TRANSPOSE, rewriter)?.params.order;
    if (!order) return undefined;
    const rank = order.length;
    const swaps = order.every((axis, i) =>
      axis === (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2)
    );
    return swaps ? producedBy(input, TRANSPOSE, rewriter)?.inputs[0] : undefined;
  });
  if (sources.every((source) => source === undefined)) return undefined;
  return rewriter.emit(MATMUL, sources.map((source, i) => source ?? inputs[i]), {
    transposeX: transposeX !== (sources[0] !== undefined),
    transposeY: transposeY !== (sources[1] !== undefined),
  });
}

/** Many products with one matrix, repeated, are one product of more rows (or columns). */
function productWithRepeated(
  equation: Equation,
  rewriter: Rewriter,
): readonly Value[] | undefined {
  const { inputs: [x, y], outputs: [{ type }] } = equation;
  const { transposeX, transposeY } = paramsOf(equation, MATMUL);
  const matrix = repeatedMatrix(y, rewriter);
  if (matrix) {
    const plain = transposeX ? swapLast(x, rewriter) : x;
    const k = plain.type.shape.at(-1) as number;
    const rows = emitReshape(rewriter, plain, [sizeOf(plain.type.shape.slice(0, -1)), k]);
    const [product] = rewriter.emit(MATMUL, [rows, matrix], { transposeX: false, transposeY });
    return [emitReshape(rewriter, product, type.shape)];
  }
  const left = repeatedMatrix(x, rewriter);
  if (!left) return undefined;
  // (A B)ᵀ = Bᵀ Aᵀ, whose left side is the one that is not repeated.
  const columns = transposeY ? y : swapLast(y, rewriter);
  const [batch, [n, k]] = [columns.type.shape.slice(0, -2), columns.type.shape.slice(-2)];
  const rows = emitReshape(rewriter, columns, [sizeOf(batch) * n, k]);
  const [product] = rewriter.emit(MATMUL, [rows, left], {
    transposeX: false,
    transposeY: !transposeX,
  });
  const m = product.type.shape[1];
  return [swapLast(emitReshape(rewriter, product, [...batch, n, m]), rewriter)];
}

function repeatedMatrix(value: Value, rewriter: Rewriter): Value | undefined {
  const repetition = producedBy(value, BROADCAST, rewriter);
  const rank = value.type.shape.length;
  const axes = repetition?.params.axes;
  return axes?.length === 2 && axes[0] === rank - 2 && axes[1] === rank - 1
    ? repetition?.inputs[0]
    : undefined;
}

function swapLast(value: Value, rewriter: Rewriter): Value {
  const order = value.type.shape.map((_, axis) => axis);
  order.push(...order.splice(-2).reverse());
  return rewriter.emit(TRANSPOSE, [value], { order })[0];
}

/** The rules by primitive. */
export const PRODUCT_RULES: Readonly<Record<string, Rule>> = {
  reduce_sum: simplifySum,
  reduce_max: simplifyFold,
  matmul: simplifyMatmul,
};
