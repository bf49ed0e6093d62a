/**
 * The values that a random program has made so far.
 *
 * @module
 */
import { sizeOf, type TensorType } from "../ir/tensor_type.ts";
import * as ops from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";

/** One operation. */
export interface StepSpec {
  /** What is done. */
  readonly kind: string;
  /** Operands, counted back from the latest value that fits. */
  readonly picks: readonly number[];
  /** What else the operation needs: axes, places, sizes, taken modulo what there are. */
  readonly numbers: readonly number[];
  /** Steps of the body, of a loop. */
  readonly body?: readonly StepSpec[];
}

/** Most elements that a value of a program may have. */
export const MOST_ELEMENTS = 4200;

/** The values drawn so far. */
export class Pool {
  /** The values, in order. */
  readonly values: Tensor[] = [];
  /** Whether to draw smooth operations. */
  readonly smooth: boolean;
  /** How many loops there are around. */
  readonly depth: number;

  /** Starts with some values. */
  constructor(values: readonly Tensor[], smooth: boolean, depth: number) {
    this.smooth = smooth;
    this.depth = depth;
    this.values.push(...values);
  }

  /** Offers a value, if it is not too large. */
  add(x: Tensor): void {
    if (sizeOf(x.shape) <= MOST_ELEMENTS && x.rank <= 5) this.values.push(x);
  }

  /** The value that lies a number of places before the latest of those that fit. */
  pick(place: number, fits: (x: Tensor) => boolean = () => true): Tensor | undefined {
    const list = this.values.filter(fits);
    return list[list.length - 1 - place % list.length];
  }

  /** A value of a type: one of the pool, or one made of one. */
  like(place: number, { dtype, shape }: TensorType): Tensor {
    const same = this.pick(
      place,
      ({ type }) => type.dtype === dtype && type.shape.join() === shape.join(),
    );
    if (same && place % 8 !== 7) return same;
    const near = this.pick(
      place,
      (x) => x.type.dtype === dtype && x.rank <= shape.length && fitsInto(x.shape, shape),
    );
    if (near) return ops.broadcastTo(near, shape);
    const other = this.pick(place, (x) => sizeOf(x.shape) === sizeOf(shape));
    // Of a real number a whole one jumps.
    const mayCast = other && (!this.smooth || other.type.dtype !== "f32");
    if (mayCast && other.type.dtype !== dtype && dtype !== "f32") {
      return ops.reshape(ops.cast(other, dtype), shape);
    }
    return ops.fill(shape, dtype === "f32" ? [0.5, 1, -0.75][place % 3] : place % 2, dtype);
  }
}

function fitsInto(from: readonly number[], to: readonly number[]): boolean {
  const lead = to.length - from.length;
  return from.every((size, d) => size === 1 || size === to[lead + d]);
}
