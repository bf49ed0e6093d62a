/**
 * What an operation must say of itself. A primitive is one object: its type rule, its meaning, its
 * derivative, how it runs for many at once, its loops, and samples that the tests feed it.
 *
 * @module
 */
import type { Expression } from "./expression.ts";
import type { ReduceOperation } from "../loops/program.ts";
import type { Params } from "./graph.ts";
import type { Tensor } from "../language/tensor.ts";
import type { TensorType } from "./tensor_type.ts";

/** A dense row-major array of doubles: the only data of the reference interpreter. */
export interface DenseArray {
  /** Type of the tensor it stands for. */
  readonly type: TensorType;
  /** Elements; integers and bools are held exactly. */
  readonly data: Float64Array;
}

/** What a derivative rule is given. */
export interface VjpContext {
  /** Inputs of the equation. */
  readonly inputs: readonly Tensor[];
  /** Outputs of the equation. */
  readonly outputs: readonly Tensor[];
  /** Gradient of the loss by each output; `undefined` where it is zero. */
  readonly cotangents: readonly (Tensor | undefined)[];
  /** What {@linkcode Primitive.forward} saved. */
  readonly residuals: readonly Tensor[];
  /** Parameters of the equation. */
  readonly params: Params;
}

/** Gradients by each input; `undefined` where it is zero or does not exist. */
export type Gradients = readonly (Tensor | undefined)[];

/** What an elementwise lowering is given: one element of one output. */
export interface ElementContext {
  /** Position in the output, one index a dimension. */
  readonly index: readonly Expression[];
  /** Which output. */
  readonly output: number;
  /** Parameters of the equation. */
  readonly params: Params;
  /** Types of the inputs. */
  readonly inputTypes: readonly TensorType[];
  /** Types of the outputs. */
  readonly outputTypes: readonly TensorType[];
  /** An element of an input. */
  read(input: number, index: readonly Expression[]): Expression;
}

/** How an operation becomes loops. */
export type Lowering =
  /** Each output element is a scalar expression of input elements. */
  | { readonly kind: "element"; element(context: ElementContext): Expression }
  /** The same elements in the same order under another shape: nothing is computed. */
  | { readonly kind: "reshape" }
  /** A fold over `axes`. */
  | { readonly kind: "reduce"; readonly operation: ReduceOperation }
  /** A matrix product. */
  | { readonly kind: "matmul" }
  /** Rows added at given places. */
  | { readonly kind: "scatter" }
  /** A loop over time. */
  | { readonly kind: "scan" };

/** One case that the tests run a primitive on. */
export interface Sample {
  /** Arguments. */
  readonly inputs: readonly DenseArray[];
  /** Static parameters. */
  readonly params: Params;
  /** Set to `false` where the function has a kink or a jump within reach of finite differences. */
  readonly smooth?: boolean;
}

/** A source of random numbers in [0, 1) for samples and tests. */
export type RandomSource = () => number;

/** A primitive: the one place that says everything about an operation. */
export interface Primitive {
  /** Name in graphs, errors and kernels. */
  readonly name: string;
  /** Shape rule: types of the outputs, or a `TypeError` that says why not. */
  type(inputs: readonly TensorType[], params: Params): TensorType[];
  /** Meaning: what the reference interpreter computes, in double precision. */
  evaluate(inputs: readonly DenseArray[], params: Params): DenseArray[];
  /** Derivative: gradients by the inputs. */
  vjp(context: VjpContext): Gradients;
  /** Forward pass that also saves what the derivative needs; most primitives need nothing. */
  forward?(
    inputs: readonly Tensor[],
    params: Params,
  ): { readonly outputs: readonly Tensor[]; readonly residuals: readonly Tensor[] };
  /**
   * The same operation for `size` cases at once: every input with `mapped[i]` has a new leading
   * dimension, and so has every output. `undefined` means that it cannot be done.
   */
  batch(
    inputs: readonly Tensor[],
    mapped: readonly boolean[],
    params: Params,
    size: number,
  ): Tensor[] | undefined;
  /** How it becomes loops. */
  readonly lowering: Lowering;
  /** What the tests feed it. */
  samples(random: RandomSource): Sample[];
}
