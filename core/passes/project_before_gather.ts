/**
 * Projects a table before its rows are gathered. A product whose rows are gathered from a table, more rows
 * than the table has, is computed once for each row of the table: an embedding is multiplied by the
 * weights, and the result is gathered. Gradients are added up by row of the table before they are
 * multiplied.
 *
 * @module
 */
import { type Equation, type Graph, isApplication, type Value } from "../ir/graph.ts";
import { GATHER, SCATTER_ADD, type ScatterParams } from "../language/primitives/gather.ts";
import { RESHAPE } from "../language/primitives/layout.ts";
import { MATMUL, type MatmulParams } from "../language/primitives/matmul.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import { applies, withBody } from "./loop.ts";
import { rewrite, type Rewriter } from "./rewrite.ts";
import { emitReshape, producedBy } from "./simplify_rule.ts";

/** So many times as many rows as the table has must be picked. */
const MIN_REPETITION = 2;
/** Adding up must cost less than multiplying: for derivatives, rows of the table have so many numbers. */
const MIN_WIDTH = 16;

/**
 * Rewrites, where `i` has at least twice as many numbers as the table `e` has rows:
 *
 * - `matmul(gather(e, i), w)` to `gather(matmul(e, w), i)`;
 * - `matmul(gather(e, i)ᵀ, y)` to `matmul(eᵀ, scatter_add(i, y))`;
 * - `scatter_add(i, matmul(y, w))` to `matmul(scatter_add(i, y), w)`.
 *
 * It takes for granted that rows of the table that are not picked are finite: the second form multiplies
 * them by zero.
 */
export function projectBeforeGather(graph: Graph): Graph {
  if (!applies(graph, GATHER, SCATTER_ADD)) return graph;
  const reads = countReads(graph);
  return rewrite(graph, (equation, rewriter) => {
    const { outputs: [output] } = equation;
    if (equation.primitive === SCAN) return rewriter.add(withBody(equation, projectBeforeGather));
    const by = isApplication(equation, MATMUL)
      ? productOfTable(equation, rewriter) ?? productWithTable(equation, rewriter)
      : isApplication(equation, SCATTER_ADD)
      ? productAfterSum(equation, rewriter, reads)
      : undefined;
    if (by) rewriter.replace(output, by);
    else rewriter.add(equation);
  });
}

function countReads(graph: Graph): Map<Value, number> {
  const reads = new Map<Value, number>();
  const read = (value: Value) => reads.set(value, (reads.get(value) ?? 0) + 1);
  for (const { inputs } of graph.equations) inputs.forEach(read);
  graph.outputs.forEach(read);
  return reads;
}

/** Rows picked from a table, as a matrix. */
interface Picked {
  readonly table: Value;
  /** The numbers of the rows, in as many dimensions as they have. */
  readonly numbers: Value;
}

/** Finds how a matrix was gathered from the rows of a smaller one. */
function pickedRows(matrix: Value, rewriter: Rewriter, minWidth = 0): Picked | undefined {
  const gather = producedBy(throughReshape(matrix, rewriter), GATHER, rewriter);
  if (!gather) return undefined;
  const [table, numbers] = gather.inputs;
  const [count, width] = matrix.type.shape;
  // The same rows, whatever the shape of their numbers.
  if (table.type.shape.length !== 2 || table.type.shape[1] !== width) return undefined;
  if (width < minWidth || count < MIN_REPETITION * table.type.shape[0]) return undefined;
  return { table, numbers };
}

function throughReshape(value: Value, rewriter: Rewriter): Value {
  return producedBy(value, RESHAPE, rewriter)?.inputs[0] ?? value;
}

/** Rewrites `matmul(gather(e, i), w)`. */
function productOfTable(
  { inputs: [x, y], params, outputs: [output] }: Equation<MatmulParams>,
  rewriter: Rewriter,
): Value | undefined {
  if (x.type.shape.length !== 2 || params.transposeX) return undefined;
  const picked = pickedRows(x, rewriter);
  if (!picked) return undefined;
  const [product] = rewriter.emit(MATMUL, [picked.table, y], params);
  const [rows] = rewriter.emit(GATHER, [product, picked.numbers]);
  return emitReshape(rewriter, rows, output.type.shape);
}

/** Rewrites `matmul(gather(e, i)ᵀ, y)`, or the transpose of that. */
function productWithTable(
  { inputs: [x, y], params }: Equation<MatmulParams>,
  rewriter: Rewriter,
): Value | undefined {
  const { transposeX, transposeY } = params;
  if (x.type.shape.length !== 2 || !transposeX || transposeY) return undefined;
  const added = (value: Value, { table, numbers }: Picked): Value => {
    const indices = emitReshape(rewriter, numbers, [value.type.shape[0]]);
    return rewriter.emit(SCATTER_ADD, [indices, value], { rows: table.type.shape[0] })[0];
  };
  const left = pickedRows(x, rewriter, MIN_WIDTH);
  if (left) return rewriter.emit(MATMUL, [left.table, added(y, left)], params)[0];
  const right = pickedRows(y, rewriter, MIN_WIDTH);
  return right && rewriter.emit(MATMUL, [added(x, right), right.table], params)[0];
}

/** Rewrites `scatter_add(i, matmul(y, w))`, if nothing else reads the product. */
function productAfterSum(
  { inputs: [numbers, updates], params: { rows }, outputs: [output] }: Equation<ScatterParams>,
  rewriter: Rewriter,
  reads: ReadonlyMap<Value, number>,
): Value | undefined {
  const source = throughReshape(updates, rewriter);
  const product = producedBy(source, MATMUL, rewriter);
  if (!product || reads.get(updates) !== 1 || reads.get(source) !== 1) return undefined;
  const { transposeX } = product.params;
  const [count, width] = source.type.shape;
  const isRows = source.type.shape.length === 2 && sizeOf(numbers.type.shape) === count &&
    output.type.shape.length === 2;
  const pays = width >= MIN_WIDTH && count >= MIN_REPETITION * rows;
  if (transposeX || !isRows || !pays) return undefined;
  const [y, w] = product.inputs;
  const indices = emitReshape(rewriter, numbers, [count]);
  const [sums] = rewriter.emit(SCATTER_ADD, [indices, y], { rows });
  return rewriter.emit(MATMUL, [sums, w], product.params)[0];
}
