/**
 * What a row of the table of elementwise operations says.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import type { DType } from "../../ir/tensor_type.ts";
import type { Gradients, VjpContext } from "../rules.ts";

/** One row of the table. */
export interface ElementwiseRule {
  /**
   * Element types of the inputs it takes, and what comes out: `same` is the type of the inputs, `to`
   * that of the parameter of this name.
   */
  readonly types: {
    /** Types allowed for the (value) inputs. */
    readonly inputs: readonly DType[];
    /** Type of the output. */
    readonly output: "same" | "bool" | "to";
  };
  /** How many inputs. */
  readonly arity: 1 | 2 | 3;
  /** Which input is no value but a condition, a bool; left out where there is none. */
  readonly operands?: { readonly condition: 0 };
  /**
   * Meaning, on numbers of a type, and for a result of a type where that is another; integers and
   * bools come and go as whole numbers.
   */
  evaluate(x: number, y: number, z: number, dtype: DType, to?: DType): number;
  /** Derivative; left out where there is none (the gradient is zero). */
  vjp?(context: VjpContext & { readonly cotangent: Tensor }): Gradients;
  /** Whether a sum may be taken of its inputs instead. */
  readonly isLinear?: boolean;
  /** Whether it does nothing to numbers of a type that are to be of another; never if left out. */
  isCopy?(from: DType, to: DType): boolean;
  /** WGSL text from the text of the inputs and the element type of the first input. */
  wgsl(x: string, y: string, z: string, dtype: DType): string;
  /** Where samples lie, for each input; [−1, 1) if left out. */
  readonly domain?: readonly (readonly [number, number])[];
  /** Whether finite differences may be taken anywhere in the domain. */
  readonly smooth?: boolean;
  /** Greatest distance from the exact value in units in the last place of the result; 1 if left out. */
  readonly ulp?: number;
  /** Rough cost against an addition: what fusion may compute twice and what it may not. 1 if left out. */
  readonly cost?: number;
}
