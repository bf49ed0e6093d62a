/**
 * Hoists the packing of matrix operands out of loops. BLAS repacks both operands on every call. Lines a
 * multiple of 4 KiB apart evict each other from the cache, and transposed ones are slow to pack, so a
 * loop-invariant right operand is copied once before the loop, padded and the right way round.
 *
 * @module
 */
import {
  addIndex,
  affineIndex,
  axesIn,
  type Axis,
  axisExpression,
  type Buffer,
  type Expression,
  load,
  scaleIndex,
  visitExpression,
} from "../ir/expression.ts";
import {
  kernelsOf,
  type LoopProgram,
  type MapKernel,
  type MatmulKernel,
  type Step,
} from "./program.ts";
import { blasProduct } from "./blas_product.ts";

/** Bytes after which the lines of a first-level cache repeat. */
const PAGE_BYTES = 4096;
/** Floats of padding for lines of a copy that would be whole pages apart: a line of the cache. */
const PADDING = 16;
/**
 * Iterations that repay the copy of an operand whose lines are whole pages apart. In each a product saves
 * half a nanosecond an element if it lies transposed, a tenth if not.
 */
const MIN_CROWDED_ITERATIONS = 4;
/** Iterations that repay the copy of another operand that lies transposed: a tenth is saved. */
const MIN_TRANSPOSED_ITERATIONS = 16;
/** Rows of a product that is not computed row by row, without packing. */
const MIN_ROWS = 4;

/**
 * Copies loop-invariant right operands of products for BLAS before their loop.
 *
 * @param program The program, the epilogues of its large products split off.
 * @returns A program of the same meaning, to the bit.
 */
export function hoistOperandPacking(program: LoopProgram): LoopProgram {
  const temporaries: Buffer[] = [];
  const steps = inSteps(program.steps, temporaries);
  if (temporaries.length === 0) return program;
  return { ...program, steps, temporaries: [...program.temporaries, ...temporaries] };
}

function inSteps(steps: readonly Step[], temporaries: Buffer[]): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.kind !== "loop") return [step];
    const written = new Set(
      kernelsOf(step.steps).flatMap(({ stores }) => stores.map(({ buffer }) => buffer)),
    );
    const copies: MapKernel[] = [];
    const inner = inSteps(step.steps, temporaries).map((own): Step => {
      if (own.kind !== "matmul" || written.has(own.y.buffer)) return own;
      const base = startOfCopied(own, step.time);
      if (!base) return own;
      const { copy, y } = copied(own, base, temporaries.length);
      temporaries.push(y.buffer);
      copies.push(copy);
      return { ...own, y };
    });
    return [...copies, { ...step, steps: inner }];
  });
}

/** Finds where the right operand begins, if copying it pays. */
function startOfCopied(kernel: MatmulKernel, time: Axis): Expression | undefined {
  const { inner, column } = kernel;
  const y = blasProduct(kernel)?.y;
  if (!y || inner.extent === 1 || column.extent === 1) return undefined;
  const isCrowded = 4 * y.stride % PAGE_BYTES === 0;
  if (!isCrowded && !(y.transposed && kernel.row.extent >= MIN_ROWS)) return undefined;
  if (time.extent < (isCrowded ? MIN_CROWDED_ITERATIONS : MIN_TRANSPOSED_ITERATIONS)) {
    return undefined;
  }
  const base = affineIndex(kernel.y.index, [inner, column])?.base;
  // What moves with the loop, or is looked up, is another matrix each time.
  let moves = base === undefined || axesIn(base).has(time);
  if (base) visitExpression(base, (part) => moves ||= part.kind === "load");
  return moves ? undefined : base;
}

function copied(
  { inner, column, y, name }: MatmulKernel,
  base: Expression,
  number: number,
): { readonly copy: MapKernel; readonly y: MatmulKernel["y"] } {
  const line = column.extent + (4 * column.extent % PAGE_BYTES === 0 ? PADDING : 0);
  const buffer: Buffer = { name: `laid_out${number}`, dtype: y.dtype, size: inner.extent * line };
  const place = (row: Axis, of: Axis) =>
    addIndex(scaleIndex(axisExpression(row), line), axisExpression(of));
  const [row, of]: Axis[] = [{ ...inner }, { ...column }];
  const strides = affineIndex(y.index, [inner, column])?.strides;
  const along = (axis: Axis, own: Axis) => scaleIndex(axisExpression(own), strides?.get(axis) ?? 0);
  const from = addIndex(addIndex(base, along(inner, row)), along(column, of));
  const stores = [
    { buffer, index: place(row, of), value: load(y.buffer, from), mode: "set" },
  ] as const;
  return {
    copy: { kind: "map", name: `lay_out_${name}`, axes: [row, of], stores },
    y: load(buffer, place(inner, column)) as MatmulKernel["y"],
  };
}
