/**
 * Hoists the packing of matrix operands out of loops. BLAS repacks both operands on every call. Lines a
 * multiple of 4 KiB apart evict each other from the cache, and transposed ones are slow to pack, so a
 * loop-invariant right operand is copied once before the loop, padded and the right way round. For a library that
 * does not pack small products, it is copied in panels of some columns, each read from one end to the other.
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
import { substituteAxis } from "./substitute_axis.ts";

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
/** Columns of a panel, and most rows of a product with it: as large as the products that libraries do not pack. */
const [PANEL, MAX_PANEL_ROWS] = [64, 64];
/** Iterations that repay a copy in panels: in each a product of 32 rows saves a seventh of a nanosecond an element. */
const MIN_PANEL_ITERATIONS = 4;

/**
 * Copies loop-invariant right operands of products for BLAS before their loop.
 *
 * @param program The program, the epilogues of its large products split off.
 * @param inPanels Whether panels are faster.
 * @returns A program of the same meaning, to the bit.
 */
export function hoistOperandPacking(program: LoopProgram, inPanels = false): LoopProgram {
  const temporaries: Buffer[] = [];
  const steps = inSteps(program.steps, temporaries, inPanels);
  if (temporaries.length === 0) return program;
  return { ...program, steps, temporaries: [...program.temporaries, ...temporaries] };
}

function inSteps(
  steps: readonly Step[],
  temporaries: Buffer[],
  inPanels: boolean,
): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.kind !== "loop") return [step];
    const written = new Set(
      kernelsOf(step.steps).flatMap(({ stores }) => stores.map(({ buffer }) => buffer)),
    );
    const copies: MapKernel[] = [];
    const inner = inSteps(step.steps, temporaries, inPanels).map((own): Step => {
      if (own.kind !== "matmul" || own.batch.length > 0 || written.has(own.y.buffer)) return own;
      const panels = inPanels ? cutIntoPanels(own, step.time) : undefined;
      if (!panels && !paysAsOne(own, step.time)) return own;
      const base = startOf(own, step.time);
      if (!base) return own;
      const { copy, product } = copied(panels ?? own, base, temporaries.length);
      temporaries.push(product.y.buffer);
      copies.push(copy);
      return product;
    });
    return [...copies, { ...step, steps: inner }];
  });
}

/** Makes a product for each panel of columns; `undefined` if that does not pay. */
function cutIntoPanels(kernel: MatmulKernel, time: Axis): MatmulKernel | undefined {
  const { row, column: { name, extent } } = kernel;
  const isFew = row.extent >= MIN_ROWS && row.extent <= MAX_PANEL_ROWS;
  if (time.extent < MIN_PANEL_ITERATIONS || !isFew || extent <= PANEL) return undefined;
  const panel: Axis = { name: "panel", extent: extent / PANEL };
  const column: Axis = { name, extent: PANEL };
  const place = addIndex(scaleIndex(axisExpression(panel), PANEL), axisExpression(column));
  const moved = substituteAxis(kernel, kernel.column, place) as MatmulKernel;
  const panels: MatmulKernel = { ...moved, batch: [panel], column };
  return extent % PANEL === 0 && blasProduct(panels) ? panels : undefined;
}

/** Returns whether a copy of the whole operand, the right way round, pays. */
function paysAsOne(kernel: MatmulKernel, time: Axis): boolean {
  const { row, inner, column } = kernel;
  const y = blasProduct(kernel)?.y;
  if (!y || inner.extent === 1 || column.extent === 1) return false;
  const isCrowded = 4 * y.stride % PAGE_BYTES === 0;
  if (!isCrowded && !(y.transposed && row.extent >= MIN_ROWS)) return false;
  return time.extent >= (isCrowded ? MIN_CROWDED_ITERATIONS : MIN_TRANSPOSED_ITERATIONS);
}

/** Finds where the right operand begins, if it is the same in all iterations. */
function startOf({ inner, column, y }: MatmulKernel, time: Axis): Expression | undefined {
  const base = affineIndex(y.index, [inner, column])?.base;
  // What moves with the loop, or is looked up, is another matrix each time.
  let moves = base === undefined || axesIn(base).has(time);
  if (base) visitExpression(base, (part) => moves ||= part.kind === "load");
  return moves ? undefined : base;
}

/** Makes a copy of the right operand, panel by panel, and the product that reads it. */
function copied(
  kernel: MatmulKernel,
  base: Expression,
  number: number,
): { readonly copy: MapKernel; readonly product: MatmulKernel } {
  const { batch, inner, column, y, name } = kernel;
  const isCrowded = batch.length === 0 && 4 * column.extent % PAGE_BYTES === 0;
  const line = column.extent + (isCrowded ? PADDING : 0);
  const operand = [...batch, inner, column];
  const steps = [...batch.map(() => inner.extent * line), line, 1];
  const strides = affineIndex(y.index, operand)?.strides;
  const along = (axes: readonly Axis[], step: (place: number) => number) =>
    axes.map((axis, place) => scaleIndex(axisExpression(axis), step(place))).reduce(addIndex);
  const size = batch.reduce((all, { extent }) => all * extent, inner.extent * line);
  const buffer: Buffer = { name: `laid_out${number}`, dtype: y.dtype, size };
  const axes = operand.map((axis) => ({ ...axis }));
  const index = along(axes, (place) => steps[place]);
  const from = addIndex(base, along(axes, (place) => strides?.get(operand[place]) ?? 0));
  const stores = [{ buffer, index, value: load(y.buffer, from), mode: "set" }] as const;
  const read = load(buffer, along(operand, (place) => steps[place])) as MatmulKernel["y"];
  return {
    copy: { kind: "map", name: `lay_out_${name}`, axes, stores },
    product: { ...kernel, y: read },
  };
}
