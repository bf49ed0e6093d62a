/**
 * What an operation must say of itself for a graph to hold it: its type rule, its meaning and its loops;
 * and the samples that the tests feed it. How it is differentiated and batched is said by the language.
 *
 * @module
 */
import type { Expression } from "./expression.ts";
import type { ReduceOperation } from "./operation_names.ts";
import type { TensorType } from "./tensor_type.ts";

/** Static parameters of an equation. Each primitive has its own type of them. */
export type Params = Readonly<Record<string, unknown>>;

/** A dense row-major array of doubles: the only data of the reference interpreter. */
export interface DenseArray {
  /** Type of the tensor it stands for. */
  readonly type: TensorType;
  /** Elements; integers and bools are held exactly. */
  readonly data: Float64Array;
}

/** What an elementwise lowering is given: one element of one output. */
export interface ElementContext<P extends Params = Params> {
  /** Position in the output, one index a dimension. */
  readonly index: readonly Expression[];
  /** Which output. */
  readonly output: number;
  /** Parameters of the equation. */
  readonly params: P;
  /** Types of the inputs. */
  readonly inputTypes: readonly TensorType[];
  /** Types of the outputs. */
  readonly outputTypes: readonly TensorType[];
  /** An element of an input. */
  read(input: number, index: readonly Expression[]): Expression;
}

/** How an operation becomes loops. */
export type Lowering<P extends Params = Params> =
  /**
   * Each output element is a scalar expression of input elements. With `joinedAxis` the inputs lie one
   * after the other along that axis: kept in memory, each is written to its own region.
   */
  | {
    readonly kind: "element";
    element(context: ElementContext<P>): Expression;
    joinedAxis?(params: P): number;
  }
  /** The same elements in the same order under another shape: nothing is computed. */
  | { readonly kind: "reshape" }
  /** A fold over `axes`. */
  | {
    readonly kind: "reduce";
    readonly operation: ReduceOperation;
    axes(params: P): readonly number[];
  }
  /** A matrix product. */
  | { readonly kind: "matmul" }
  /** Rows added at given places. */
  | { readonly kind: "scatter" }
  /** A loop over time. */
  | { readonly kind: "scan" };

/** One case that the tests run a primitive on. */
export interface Sample<P extends Params = Params> {
  /** Arguments. */
  readonly inputs: readonly DenseArray[];
  /** Static parameters. */
  readonly params: P;
  /** Set to `false` where the function has a kink or a jump within reach of finite differences. */
  readonly smooth?: boolean;
}

/** A source of random numbers in [0, 1) for samples and tests. */
export type RandomSource = () => number;

/**
 * Makes the cases of a primitive. They stand beside it and not in it, so that programs do not bring along what only tests
 * want.
 */
export type Samples<P extends Params = Params> = (random: RandomSource) => Sample<P>[];

/** A primitive operation of graphs, whose equations have parameters of type `P`. */
export interface Primitive<P extends Params = Params> {
  /** Name in graphs, errors and kernels. */
  readonly name: string;
  /** Type rule: types of the outputs, or a `TypeError` that says why not. */
  inferTypes(inputs: readonly TensorType[], params: P): TensorType[];
  /** Meaning: what the reference interpreter computes, in double precision. */
  evaluate(inputs: readonly DenseArray[], params: P): DenseArray[];
  /** How it becomes loops. */
  readonly lowering: Lowering<P>;
  /** Whether an output element depends on the input elements of its own position alone. */
  readonly isElementwise?: boolean;
  /** Whether it only looks at its first input differently: no element is computed or added. */
  readonly isView?: boolean;
  /** Whether it is linear in all its inputs together, so that a sum may be taken of them instead. */
  isLinear?(params: P): boolean;
  /** Rough cost of an element against an addition; 1 if left out. */
  readonly cost?: number;
  /** Whether it costs so much that it should leave a loop whatever its size. */
  readonly isHeavy?: boolean;
}
