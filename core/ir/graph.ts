/**
 * The one intermediate form: a straight list of equations over typed values.
 * Tracing makes graphs, derivatives and passes turn graphs into graphs, backends run them.
 *
 * @module
 */
import type { Params, Primitive } from "./primitive.ts";
import type { TensorType } from "./tensor_type.ts";

/** A value in a graph. Its identity is the object itself; it is bound exactly once. */
export interface Value {
  /** Type of the value. */
  readonly type: TensorType;
}

/** One application of a primitive. */
export interface Equation<P extends Params = Params> {
  /** What is computed. */
  readonly primitive: Primitive<P>;
  /** Values read. */
  readonly inputs: readonly Value[];
  /** Values bound. */
  readonly outputs: readonly Value[];
  /** Static parameters. */
  readonly params: P;
}

/** A program: inputs, equations in order, outputs. */
export interface Graph {
  /** Arguments, bound by the caller. */
  readonly inputs: readonly Value[];
  /** The program, each equation after those it reads. */
  readonly equations: readonly Equation[];
  /** Results. */
  readonly outputs: readonly Value[];
}

/** Returns whether an equation applies a primitive, known by its name, whose parameters it then has. */
export function isApplication<P extends Params>(
  equation: Equation,
  primitive: Primitive<P>,
): equation is Equation<P> {
  return equation.primitive.name === primitive.name;
}

/**
 * Returns the parameters of an equation that applies one of some primitives.
 *
 * @param equation The equation.
 * @param primitives What it applies one of; all have parameters of one type.
 * @returns Its parameters.
 * @throws {TypeError} If it applies another primitive.
 */
export function paramsOf<P extends Params>(
  equation: Equation,
  ...primitives: readonly Primitive<P>[]
): P {
  for (const primitive of primitives) {
    if (isApplication(equation, primitive)) return equation.params;
  }
  throw new TypeError(
    `Cannot read the parameters of ${equation.primitive.name}: ${
      primitives.map(({ name }) => name).join(" or ")
    } is wanted`,
  );
}

/** Returns whether a parameter is a graph: the body of a loop. */
export function isGraph(param: unknown): param is Graph {
  return typeof param === "object" && param !== null && "equations" in param;
}

/**
 * Counts the equations of a graph, those in the bodies of loops included.
 *
 * @param graph The graph.
 * @returns Their number.
 *
 * @example Usage
 * ```ts
 * import { mul } from "@unroll/core";
 * import { countEquations, trace } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * const { graph } = trace([{ dtype: "f32", shape: [2] }], (x) => [mul(mul(x, x), x)]);
 * strictEqual(countEquations(graph), 2);
 * ```
 */
export function countEquations(graph: Graph): number {
  let count = 0;
  for (const equation of graph.equations) {
    count += 1;
    for (const param of Object.values(equation.params)) {
      if (isGraph(param)) count += countEquations(param);
    }
  }
  return count;
}
