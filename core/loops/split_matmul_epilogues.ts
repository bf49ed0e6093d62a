/**
 * Splits the epilogue off large matrix products: elementwise work on the sums becomes a kernel of its own,
 * so that the product is a plain `sgemm`, which any BLAS computes.
 *
 * @module
 */
import { pointsOf } from "./accesses.ts";
import {
  addIndex,
  affineIndex,
  axisExpression,
  type Buffer,
  load,
  rewriteExpression,
  scaleIndex,
} from "../ir/expression.ts";
import {
  axesOf,
  type LoopProgram,
  type MapKernel,
  mapKernel,
  type MatmulKernel,
  type Step,
} from "./program.ts";

/** Terms of a product that repay a call, and reading its result once more. */
const MIN_TERMS = 100_000;

/** A product as BLAS wants it: row-major matrices, either operand perhaps transposed. */
export interface BlasProduct {
  /** Whether `x` lies transposed, and elements from one of its lines to the next. */
  readonly x: { readonly transposed: boolean; readonly stride: number };
  /** The same of `y`. */
  readonly y: { readonly transposed: boolean; readonly stride: number };
  /** Elements from one row of the result to the next. */
  readonly stride: number;
}

/** Reads a product as one for BLAS; `undefined` if it is none, or too small. */
export function blasProduct(kernel: MatmulKernel): BlasProduct | undefined {
  const { batch, row, column, inner, stores } = kernel;
  const [m, n, k] = [row.extent, column.extent, inner.extent];
  if (batch.length > 0 || m * n * k < MIN_TERMS || stores.length !== 1) return undefined;
  const [{ value, index, mode }] = stores;
  if (value.kind !== "accumulator" || mode !== "set") return undefined;
  const axes = [row, column, inner];
  const [x, y, z] = [kernel.x.index, kernel.y.index, index].map((at) => affineIndex(at, axes));
  if (!x || !y || !z) return undefined;
  const line = (of: typeof x, outer: typeof row, own: typeof row) => {
    // A single line may be as far from the next as one likes.
    const far = outer.extent === 1 ? own.extent : of.strides.get(outer) ?? 0;
    const near = own.extent === 1 ? 1 : of.strides.get(own) ?? 0;
    return near === 1 && far >= own.extent ? far : undefined;
  };
  const read = (of: typeof x, outer: typeof row, own: typeof row) => {
    const plain = line(of, outer, own);
    if (plain !== undefined) return { transposed: false, stride: plain };
    const other = line(of, own, outer);
    return other === undefined ? undefined : { transposed: true, stride: other };
  };
  const [left, right] = [read(x, row, inner), read(y, inner, column)];
  const stride = line(z, row, column);
  return left && right && stride !== undefined ? { x: left, y: right, stride } : undefined;
}

/** Splits the epilogues off large products: the sums go to memory, where the epilogue reads them. */
export function splitMatmulEpilogues(program: LoopProgram): LoopProgram {
  const temporaries: Buffer[] = [];
  const steps = splitSteps(program.steps, temporaries);
  return { ...program, steps, temporaries: [...program.temporaries, ...temporaries] };
}

function splitSteps(steps: readonly Step[], temporaries: Buffer[]): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.kind === "loop") return [{ ...step, steps: splitSteps(step.steps, temporaries) }];
    if (step.kind !== "matmul" || blasProduct(step)) return [step];
    const { row, column, batch } = step;
    if (batch.length > 0) return [step];
    const name = `product${temporaries.length}`;
    const buffer: Buffer = { name, dtype: "f32", size: pointsOf(axesOf(step)) };
    const at = addIndex(
      scaleIndex(axisExpression(row), column.extent),
      axisExpression(column),
    );
    const value = step.stores.flatMap(({ value }) => findAccumulator(value))[0];
    if (!value) return [step];
    const product: MatmulKernel = { ...step, stores: [{ buffer, index: at, value, mode: "set" }] };
    if (!blasProduct(product)) return [step];
    temporaries.push(buffer);
    const sum = load(buffer, at);
    const { stores } = mapKernel(
      { kind: "map", name: step.name, axes: [], stores: step.stores },
      (expression) =>
        rewriteExpression(expression, (part) => part.kind === "accumulator" ? sum : undefined),
    );
    const after: MapKernel = { kind: "map", name: step.name, axes: [row, column], stores };
    return [product, after];
  });
}

type Value = MatmulKernel["stores"][number]["value"];

function findAccumulator(value: Value): Value[] {
  const found: Value[] = [];
  rewriteExpression(value, (part) => {
    if (part.kind === "accumulator") found.push(part);
    return undefined;
  });
  return found;
}
