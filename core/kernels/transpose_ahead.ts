/**
 * A library packs both operands of a product anew in each call. Packing one that lies transposed is slow,
 * most of all where its lines are a page apart and push each other out of the cache. Where such an operand
 * is the right one of a product in a loop and stays as it is, it is transposed once before the loop.
 *
 * @module
 */
import {
  addIndex,
  affineIndex,
  type Axis,
  axisExpression,
  type Buffer,
  type Expression,
  load,
  scaleIndex,
} from "./expression.ts";
import { kernelsOf, type MapKernel, type MatmulKernel, type Program, type Step } from "./kernel.ts";
import { blasProduct } from "./separate_products.ts";

/** Bytes after which the lines of a first-level cache repeat. */
const PAGE_BYTES = 4096;
/** Iterations that repay transposing an operand whose lines are so many bytes apart: half a nanosecond an
 * element is saved in each. */
const LEAST_CROWDED = 4;
/** The same of other operands, where a tenth of a nanosecond is saved. */
const LEAST_PLAIN = 16;

/**
 * Transposes right operands of products in loops before the loop, if those are for a library.
 *
 * @param program The program, its large products bare; see `separate_products.ts`.
 * @returns A program of the same meaning, to the bit.
 */
export function transposeAhead(program: Program): Program {
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
      const lines = transposedLines(own, step.time.extent);
      if (!lines) return own;
      const { copy, y } = transposed(own, lines.base, lines.stride, temporaries.length);
      temporaries.push(y.buffer);
      copies.push(copy);
      return { ...own, y };
    });
    return [...copies, { ...step, steps: inner }];
  });
}

/** Where the right operand begins and how far its lines are apart, if transposing it pays. */
function transposedLines(
  kernel: MatmulKernel,
  iterations: number,
): { readonly base: Expression; readonly stride: number } | undefined {
  const y = blasProduct(kernel)?.y;
  if (!y?.transposed || kernel.column.extent === 1 || kernel.inner.extent === 1) return undefined;
  const least = 4 * y.stride % PAGE_BYTES === 0 ? LEAST_CROWDED : LEAST_PLAIN;
  const base = affineIndex(kernel.y.index, [kernel.inner, kernel.column])?.base;
  // What moves with the loop, or is looked up, is another matrix each time.
  const stays = base?.kind === "constant";
  return stays && iterations >= least ? { base, stride: y.stride } : undefined;
}

function transposed(
  { inner, column, y, name }: MatmulKernel,
  base: Expression,
  stride: number,
  number: number,
): { readonly copy: MapKernel; readonly y: MatmulKernel["y"] } {
  const size = inner.extent * column.extent;
  const buffer: Buffer = { name: `transposed${number}`, dtype: y.dtype, size };
  const place = (row: Axis, of: Axis) =>
    addIndex(scaleIndex(axisExpression(row), column.extent), axisExpression(of));
  const [row, line]: Axis[] = [{ ...inner }, { ...column }];
  const from = addIndex(
    addIndex(base, axisExpression(row)),
    scaleIndex(axisExpression(line), stride),
  );
  const value = load(y.buffer, from);
  const stores = [{ buffer, index: place(row, line), value, mode: "set" }] as const;
  return {
    copy: { kind: "map", name: `transpose_${name}`, axes: [row, line], stores },
    y: load(buffer, place(inner, column)) as MatmulKernel["y"],
  };
}
