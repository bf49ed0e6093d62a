/**
 * Replaces matrix products with one-hot vectors by gathers of rows, or by scatter-adds.
 *
 * @module
 */
import { type Graph, isApplication, type Value } from "../ir/graph.ts";
import { IOTA } from "../language/primitives/creation.ts";
import { GATHER, SCATTER_ADD } from "../language/primitives/gather.ts";
import { BROADCAST, RESHAPE, TRANSPOSE } from "../language/primitives/layout.ts";
import { MATMUL } from "../language/primitives/matmul.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import { applies, withBody } from "./loop.ts";
import { rewrite, type Rewriter } from "./rewrite.ts";
import { emitReshape, fillValue, producedBy } from "./simplify_rule.ts";

/**
 * Replaces `matmul(one_hot(i), w)` by `gather(w, i)` and `matmul(one_hot(i)ᵀ, y)` by
 * `scatter_add(i, y)`, and the same with the one-hot vectors on the right.
 *
 * It takes for granted that numbers are in range, as `oneHot` brings them there (one out of range would
 * pick the nearest row instead of zeros), and finite numbers in the rows not picked.
 */
export function oneHotToGather(graph: Graph): Graph {
  if (!applies(graph, IOTA)) return graph;
  return rewrite(graph, (equation, rewriter) => {
    if (equation.primitive === SCAN) return rewriter.add(withBody(equation, oneHotToGather));
    const { inputs: [x, y], outputs: [output] } = equation;
    if (!isApplication(equation, MATMUL) || x.type.shape.length !== 2) {
      return rewriter.add(equation);
    }
    const { transposeX, transposeY } = equation.params;
    const left = pick(x, transposeX, y, transposeY, rewriter);
    if (left) return rewriter.replace(output, left);
    // X Y = (Yᵀ Xᵀ)ᵀ
    const right = pick(y, !transposeY, x, !transposeX, rewriter);
    if (right) return rewriter.replace(output, transposed(right, rewriter));
    return rewriter.add(equation);
  });
}

/** Rewrites the product of one-hot vectors, read transposed or not, with a matrix, if they are such. */
function pick(
  hot: Value,
  transposeHot: boolean,
  matrix: Value,
  transposeMatrix: boolean,
  rewriter: Rewriter,
): Value | undefined {
  const indices = indicesOf(hot, rewriter);
  if (!indices) return undefined;
  const [count, rows] = hot.type.shape;
  const table = transposeMatrix ? transposed(matrix, rewriter) : matrix;
  const flat = emitReshape(rewriter, indices, [count]);
  return transposeHot
    ? rewriter.emit(SCATTER_ADD, [flat, table], { rows })[0]
    : rewriter.emit(GATHER, [table, flat])[0];
}

function transposed(matrix: Value, rewriter: Rewriter): Value {
  return rewriter.emit(TRANSPOSE, [matrix], { order: [1, 0] })[0];
}

/** Finds the numbers that one-hot vectors along the last dimension stand for, in i32. */
function indicesOf(value: Value, rewriter: Rewriter): Value | undefined {
  const classes = value.type.shape.at(-1);
  let source = value;
  const reshape = producedBy(value, RESHAPE, rewriter);
  if (reshape) {
    [source] = reshape.inputs;
    if (source.type.shape.at(-1) !== classes) return undefined;
  }
  const mask = maskOf(source, rewriter);
  const equal = mask && producedBy(mask, "eq", rewriter);
  if (!equal) return undefined;
  const last = source.type.shape.length - 1;
  const [x, y] = equal.inputs;
  for (const [spread, counter] of [[x, y], [y, x]]) {
    const counts = producedBy(counter, IOTA, rewriter)?.params.axis === last;
    const repetition = producedBy(spread, BROADCAST, rewriter);
    const axes = repetition?.params.axes;
    if (!counts || !repetition || axes?.at(-1) === last) continue;
    const [indices] = repetition.inputs;
    const { dtype, shape } = indices.type;
    // One number for each vector: nothing but the last dimension repeats them.
    const count = sizeOf(source.type.shape.slice(0, -1));
    if (dtype === "i32" && sizeOf(shape) === count) return indices;
  }
}

/** Finds the condition of numbers that are 1 where it holds and 0 elsewhere. */
function maskOf(value: Value, rewriter: Rewriter): Value | undefined {
  const cast = producedBy(value, "cast", rewriter);
  if (cast) return cast.inputs[0];
  const select = producedBy(value, "select", rewriter);
  if (!select) return undefined;
  const [mask, one, zero] = select.inputs;
  return fillValue(one, rewriter) === 1 && fillValue(zero, rewriter) === 0 ? mask : undefined;
}
