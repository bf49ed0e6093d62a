/**
 * What a row of the table of elementwise operations says.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import type { DType } from "../../ir/tensor_type.ts";
import type { Gradients, VjpContext } from "../../ir/primitive.ts";

/** Names of the elementwise operations. */
export type ElementwiseName =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "sin"
  | "cos"
  | "tanh"
  | "sigmoid"
  | "abs"
  | "sign"
  | "floor"
  | "stop_gradient"
  | "not"
  | "cast"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "rem"
  | "pow"
  | "max"
  | "min"
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "and"
  | "or"
  | "xor"
  | "shift_left"
  | "shift_right"
  | "select";

/**
 * Word of an operation in WebAssembly: an instruction of the lane type (`add` is `f32x4.add` or
 * `i32x4.add`), or a routine that the printer expands in place.
 */
export type WasmWord =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "sin"
  | "cos"
  | "tanh"
  | "sigmoid"
  | "abs"
  | "sign"
  | "floor"
  | "copy"
  | "not"
  | "cast"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "rem"
  | "pow"
  | "max"
  | "min"
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr"
  | "select";

/** One row of the table. */
export interface ElementwiseRule {
  /** Element types of the inputs it takes, and what comes out; `same` is the type of the inputs. */
  readonly types: {
    /** Types allowed for the (value) inputs. */
    readonly inputs: readonly DType[];
    /** Type of the output. */
    readonly output: "same" | "bool";
  };
  /** How many inputs. */
  readonly arity: 1 | 2 | 3;
  /** Meaning, on numbers; integers and bools come and go as whole numbers. */
  evaluate(x: number, y: number, z: number, dtype: DType): number;
  /** Derivative; left out where there is none (the gradient is zero). */
  vjp?(context: VjpContext & { readonly cotangent: Tensor }): Gradients;
  /** Words of the operation in each target language. */
  readonly spell: {
    /** WGSL text from the text of the inputs and the element type of the first input. */
    wgsl(x: string, y: string, z: string, dtype: DType): string;
    /** WebAssembly word. */
    readonly wasm: WasmWord;
  };
  /** Where samples lie, for each input; [−1, 1) if left out. */
  readonly domain?: readonly (readonly [number, number])[];
  /** Whether finite differences may be taken anywhere in the domain. */
  readonly smooth?: boolean;
  /** Greatest distance from the exact value in units in the last place of the result; 1 if left out. */
  readonly ulp?: number;
  /** Rough cost against an addition: what fusion may compute twice and what it may not. 1 if left out. */
  readonly cost?: number;
}
