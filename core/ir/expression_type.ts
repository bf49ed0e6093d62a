/**
 * The kinds of scalar expressions, and what they are about: axes and buffers.
 *
 * @module
 */
import type { ElementwiseName } from "./operation_names.ts";
import type { DType } from "./tensor_type.ts";

/** A loop variable: counts from 0 to `extent` − 1. Its identity is the object. */
export interface Axis {
  /** Name in generated code. */
  readonly name: string;
  /** Number of iterations. */
  readonly extent: number;
}

/** A piece of memory that kernels read and write; row-major, 4 bytes an element. */
export interface Buffer {
  /** Name in generated code. */
  readonly name: string;
  /** Element type. */
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
}

/** A scalar expression. */
export type Expression =
  | { readonly kind: "constant"; readonly dtype: DType; readonly value: number }
  | { readonly kind: "axis"; readonly dtype: "i32"; readonly axis: Axis }
  | {
    readonly kind: "load";
    readonly dtype: DType;
    readonly buffer: Buffer;
    /** Element of the buffer, an i32. */
    readonly index: Expression;
  }
  | {
    readonly kind: "apply";
    readonly dtype: DType;
    readonly operation: ElementwiseName;
    readonly inputs: readonly Expression[];
  }
  | {
    /** Result of the kernel's reduction or matrix product; only in its stores. */
    readonly kind: "accumulator";
    readonly dtype: DType;
    readonly position: number;
  };
