/**
 * What the language asks of a primitive beside what a graph does: its derivative, and how it runs for
 * many cases at once.
 *
 * @module
 */
import type { Params, Primitive } from "../ir/primitive.ts";
import type { Tensor } from "./tensor.ts";

/** What a derivative rule is given. */
export interface VjpContext<P extends Params = Params> {
  /** Inputs of the equation. */
  readonly inputs: readonly Tensor[];
  /** Outputs of the equation. */
  readonly outputs: readonly Tensor[];
  /** Gradient of the loss by each output; `undefined` where it is zero. */
  readonly cotangents: readonly (Tensor | undefined)[];
  /** What {@linkcode Rules.forward} saved. */
  readonly residuals: readonly Tensor[];
  /** Parameters of the equation. */
  readonly params: P;
}

/** Gradients by each input; `undefined` where it is zero or does not exist. */
export type Gradients = readonly (Tensor | undefined)[];

/** The rules by which programs are transformed. They apply primitives through the tensors given. */
export interface Rules<P extends Params = Params> {
  /** Derivative: gradients by the inputs. */
  vjp(context: VjpContext<P>): Gradients;
  /** Forward pass that also saves what the derivative needs; most primitives need nothing. */
  forward?(
    inputs: readonly Tensor[],
    params: P,
  ): { readonly outputs: readonly Tensor[]; readonly residuals: readonly Tensor[] };
  /**
   * The same operation for `size` cases at once: every input with `mapped[i]` has a new leading
   * dimension, and so has every output. `undefined` means that it cannot be done.
   */
  batchRule(
    inputs: readonly Tensor[],
    mapped: readonly boolean[],
    params: P,
    size: number,
  ): Tensor[] | undefined;
}

/** A primitive with its rules: one object, the one place that says everything about an operation. */
export type DifferentiablePrimitive<P extends Params = Params> = Primitive<P> & Rules<P>;

/**
 * A primitive found in a graph, with its rules.
 *
 * @param primitive The primitive of an equation.
 * @returns The same object.
 * @throws {TypeError} If it has no rules: it was not made for the language.
 */
export function rulesOf<P extends Params>(primitive: Primitive<P>): DifferentiablePrimitive<P> {
  if (hasRules(primitive)) return primitive;
  throw new TypeError(
    `Cannot transform ${primitive.name}: rules for its derivative and for batches are needed, found none`,
  );
}

function hasRules<P extends Params>(
  primitive: Primitive<P>,
): primitive is DifferentiablePrimitive<P> {
  return "vjp" in primitive && "batchRule" in primitive;
}
