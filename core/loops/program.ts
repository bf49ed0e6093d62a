/**
 * The loop IR that both code generators print: a program is a list of kernels and time loops over
 * buffers. Everything is static: shapes, strides, trip counts.
 *
 * A kernel runs its `axes` in any order (they are parallel) and, at each point, evaluates its stores.
 * A time loop runs its steps in order, once for each value of its `time` axis; the axis may appear in
 * the indices of the kernels inside, and that is all there is to slices, stacked outputs and carried
 * state: a carry is a buffer of two (or length + 1) slots addressed by the iteration number.
 *
 * @module
 */
import type { Axis, Buffer, Expression } from "../ir/expression.ts";
import type { ReduceOperation } from "../ir/operation_names.ts";

export type { ReduceOperation };

/** One element written per point of a kernel's axes. */
export interface Store {
  /** Where to. */
  readonly buffer: Buffer;
  /** Element of the buffer. Distinct points write distinct elements, unless `mode` adds. */
  readonly index: Expression;
  /** What is written. */
  readonly value: Expression;
  readonly mode: StoreMode;
}

/**
 * What a store does with what is there: `"set"` replaces it and `"add"` adds to it (scatter; points may
 * collide and run in order). `"compensate"` adds too, and subtracts first what rounding added too much before
 * (Kahan, "Further remarks on reducing truncation errors", 1965), which stands in the second half of the
 * buffer: {@linkcode compensationOf} says where.
 */
export type StoreMode = "set" | "add" | "compensate";

/** Elements between one that stores compensate and its compensation. */
export function compensationOf({ size }: Buffer): number {
  return size / 2;
}

/** Elementwise work: at each point of `axes`, the stores. */
export interface MapKernel {
  /** Discriminant. */
  readonly kind: "map";
  /** Name in generated code and reports. */
  readonly name: string;
  /** Parallel loops, outermost first. */
  readonly axes: readonly Axis[];
  /** Written at each point. */
  readonly stores: readonly Store[];
}

/** Reduction: at each point of `axes`, folds `value` over `inner`, then evaluates the stores. */
export interface ReduceKernel {
  /** Discriminant. */
  readonly kind: "reduce";
  /** Name in generated code and reports. */
  readonly name: string;
  /** Parallel loops, outermost first. */
  readonly axes: readonly Axis[];
  /** Loops that are folded, outermost first. */
  readonly inner: readonly Axis[];
  /** How. `argmax` has exactly one inner axis. */
  readonly operation: ReduceOperation;
  /** What is folded, over `axes` and `inner`. */
  readonly value: Expression;
  /** Written once a point of `axes`; `accumulator(0)` is the result. */
  readonly stores: readonly Store[];
}

/**
 * Matrix product: at each point of `batch`, `row`, `column`, the sum over `inner` of `x · y`.
 * `x` reads batch, row and inner; `y` reads batch, inner and column; both indices are affine.
 */
export interface MatmulKernel {
  /** Discriminant. */
  readonly kind: "matmul";
  /** Name in generated code and reports. */
  readonly name: string;
  /** Loops over independent products, outermost first; often none. */
  readonly batch: readonly Axis[];
  /** Rows of the result. */
  readonly row: Axis;
  /** Columns of the result. */
  readonly column: Axis;
  /** The axis summed over. */
  readonly inner: Axis;
  /** Left operand: a load with an affine index. */
  readonly x: Expression & { readonly kind: "load" };
  /** Right operand: a load with an affine index. */
  readonly y: Expression & { readonly kind: "load" };
  /** Written once an element of the result; `accumulator(0)` is the sum. */
  readonly stores: readonly Store[];
}

/** One piece of work. */
export type Kernel = MapKernel | ReduceKernel | MatmulKernel;

/**
 * A loop over time: its steps in order, for each value of `time`, rising or falling. What an iteration reads of another
 * lies in a buffer that is used before or after the loop too: the plan of memory relies on it.
 */
export interface TimeLoop {
  /** Discriminant. */
  readonly kind: "loop";
  /** Name in generated code and reports. */
  readonly name: string;
  /** The loop variable, 0 … length − 1; it counts iterations (rising), whatever the direction. */
  readonly time: Axis;
  /** What an iteration does. */
  readonly steps: readonly Step[];
  /** Whether iterations do not touch what others write, so that they may run at the same time. */
  readonly isParallel?: boolean;
}

/** What a program does, in order. */
export type Step = Kernel | TimeLoop;

/** A program in loop IR. */
export interface LoopProgram {
  /** Name in reports. */
  readonly name: string;
  /** Arguments, in the order of the graph's inputs. */
  readonly inputs: readonly Buffer[];
  /**
   * Results, in the order of the graph's outputs. An output that *is* one of the inputs was
   * donated: the program updates it in place.
   */
  readonly outputs: readonly Buffer[];
  /** Everything else that the steps touch. */
  readonly temporaries: readonly Buffer[];
  /** What is done, in order. */
  readonly steps: readonly Step[];
}

/** Returns the parallel loops of a kernel, outermost first. */
export function axesOf(kernel: Kernel): readonly Axis[] {
  return kernel.kind === "matmul" ? [...kernel.batch, kernel.row, kernel.column] : kernel.axes;
}

/** Lists all kernels of some steps, those inside time loops included, in order. */
export function kernelsOf(steps: readonly Step[]): Kernel[] {
  return steps.flatMap((step) => step.kind === "loop" ? kernelsOf(step.steps) : [step]);
}

/** Finds a loop whose iterations may run at the same time. */
export function findParallel(steps: readonly Step[]): TimeLoop | undefined {
  for (const step of steps) {
    if (step.kind !== "loop") continue;
    const found = step.isParallel ? step : findParallel(step.steps);
    if (found) return found;
  }
  return undefined;
}

/** Makes each kernel a step of its own, in copies of the loops around it, to measure how long it takes. */
export function separateKernels(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) =>
    step.kind === "loop"
      ? separateKernels(step.steps).map((inner): Step => ({ ...step, steps: [inner] }))
      : [step]
  );
}

/** Returns whether a kernel has no points. */
export function isEmpty(kernel: Kernel): boolean {
  return axesOf(kernel).some((axis) => axis.extent === 0);
}

/** Lists every expression that a kernel evaluates, indices of stores included. */
export function expressionsOf(kernel: Kernel): Expression[] {
  const expressions = kernel.stores.flatMap(({ index, value }) => [index, value]);
  if (kernel.kind === "reduce") expressions.push(kernel.value);
  if (kernel.kind === "matmul") expressions.push(kernel.x, kernel.y);
  return expressions;
}

/** Replaces all expressions of a kernel, and the buffers it stores to. */
export function mapKernel(
  kernel: Kernel,
  expression: (expression: Expression) => Expression,
  buffer: (buffer: Buffer) => Buffer = (same) => same,
): Kernel {
  const stores = kernel.stores.map((store) => ({
    buffer: buffer(store.buffer),
    index: expression(store.index),
    value: expression(store.value),
    mode: store.mode,
  }));
  if (kernel.kind === "map") return { ...kernel, stores };
  if (kernel.kind === "reduce") return { ...kernel, stores, value: expression(kernel.value) };
  const [x, y] = [expression(kernel.x), expression(kernel.y)];
  if (x.kind !== "load" || y.kind !== "load") {
    throw new Error("Cannot replace an operand of a product by what is not a load");
  }
  return { ...kernel, stores, x, y };
}
