/**
 * Tensor: a handle on a value that is being traced, is still to be computed, or is stored.
 *
 * @module
 */
import type { Params, Value } from "../ir/graph.ts";
import type { Primitive } from "../ir/primitive.ts";
import type { Trace } from "./trace.ts";
import type { Backend, DeviceBuffer } from "../ir/backend.ts";
import { evaluateDeferred } from "./eager.ts";
import * as ops from "./ops/mod.ts";
import { formatType, type Shape, type TensorType, type TypedArray } from "../ir/tensor_type.ts";

/** What a function takes where a tensor is wanted: a tensor, or a number of the other's type. */
export type TensorLike = Tensor | number;

/** A value of an enclosing or the current trace. */
export interface TracedSource {
  /** Discriminant. */
  readonly kind: "traced";
  /** The trace that owns it. */
  readonly trace: Trace;
  /** The value in the trace's graph. */
  readonly value: Value;
}

/** An operation outside any trace, computed when its data is asked for. */
export interface DeferredSource {
  /** Discriminant. */
  readonly kind: "deferred";
  /** What is to be computed; shared by all the outputs of one operation. */
  readonly node: DeferredNode;
  /** Which output. */
  readonly position: number;
}

/** One operation still to be computed. */
export interface DeferredNode {
  /** The operation. */
  readonly primitive: Primitive;
  /** Its inputs. */
  readonly inputs: readonly Tensor[];
  /** Its parameters. */
  readonly params: Params;
}

/** Numbers on the host. */
export interface HostSource {
  /** Discriminant. */
  readonly kind: "host";
  /** Row-major elements. */
  readonly data: TypedArray;
}

/** Numbers on a device. */
export interface DeviceSource {
  /** Discriminant. */
  readonly kind: "device";
  /** The device. */
  readonly backend: Backend;
  /** Its memory. */
  readonly buffer: DeviceBuffer;
}

/** Where a tensor's value comes from. */
export type TensorSource = TracedSource | DeferredSource | HostSource | DeviceSource;

/**
 * A tensor. Inside {@linkcode compile}d functions it stands for a value to be; outside, it is
 * computed when its data is first asked for.
 *
 * Operations on two tensors broadcast like NumPy's, and take numbers.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const x = tensor([[1, 2], [3, 4]]);
 * deepStrictEqual([...await x.mul(2).sum(0).data()], [8, 12]);
 * ```
 */
export class Tensor {
  /** Element type and shape. */
  readonly type: TensorType;
  /** Where the value comes from. For the core's own use. */
  source: TensorSource;

  /** For the core's own use: see {@linkcode tensor} to make one. */
  constructor(type: TensorType, source: TensorSource) {
    this.type = type;
    this.source = source;
  }

  /** Shape, outermost dimension first. */
  get shape(): Shape {
    return this.type.shape;
  }

  /** Number of dimensions. */
  get rank(): number {
    return this.type.shape.length;
  }

  /**
   * The elements, in row-major order; computes them if need be.
   *
   * @returns The elements; do not write into the array.
   * @throws {TypeError} If the tensor belongs to a trace: it has no value yet.
   */
  async data(): Promise<TypedArray> {
    if (this.source.kind === "deferred") await evaluateDeferred([this]);
    const { source } = this;
    if (source.kind === "host") return source.data;
    if (source.kind === "device") return await source.backend.download(source.buffer);
    throw new TypeError(
      `Cannot read the data of a traced ${formatType(this.type)}: it has no value inside compile()`,
    );
  }

  /**
   * The only element of a tensor of one element.
   *
   * @returns The element as a number.
   * @throws {TypeError} If there is not exactly one element.
   */
  async item(): Promise<number> {
    const data = await this.data();
    if (data.length !== 1) {
      throw new TypeError(
        `Cannot take the item of ${formatType(this.type)}: one element is needed`,
      );
    }
    return data[0];
  }

  /** Frees the device memory of a stored tensor now, instead of when it is collected. */
  dispose(): void {
    if (this.source.kind === "device") this.source.buffer.dispose();
  }

  /** Frees the device memory at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** `this + y`. */
  add(y: TensorLike): Tensor {
    return ops.add(this, y);
  }
  /** `this − y`. */
  sub(y: TensorLike): Tensor {
    return ops.sub(this, y);
  }
  /** `this · y`, element by element. */
  mul(y: TensorLike): Tensor {
    return ops.mul(this, y);
  }
  /** `this / y`. */
  div(y: TensorLike): Tensor {
    return ops.div(this, y);
  }
  /** `thisʸ`. */
  pow(y: TensorLike): Tensor {
    return ops.pow(this, y);
  }
  /** The greater of `this` and `y`. */
  max(y: TensorLike): Tensor {
    return ops.maximum(this, y);
  }
  /** The lesser of `this` and `y`. */
  min(y: TensorLike): Tensor {
    return ops.minimum(this, y);
  }
  /** `−this`. */
  neg(): Tensor {
    return ops.neg(this);
  }
  /** `e^this`. */
  exp(): Tensor {
    return ops.exp(this);
  }
  /** Natural logarithm. */
  log(): Tensor {
    return ops.log(this);
  }
  /** Square root. */
  sqrt(): Tensor {
    return ops.sqrt(this);
  }
  /** `this · this`. */
  square(): Tensor {
    return ops.square(this);
  }
  /** Absolute value. */
  abs(): Tensor {
    return ops.abs(this);
  }
  /** Hyperbolic tangent. */
  tanh(): Tensor {
    return ops.tanh(this);
  }
  /** Logistic function. */
  sigmoid(): Tensor {
    return ops.sigmoid(this);
  }
  /** `max(this, 0)`. */
  relu(): Tensor {
    return ops.relu(this);
  }
  /** Whether each element equals `y`'s. */
  eq(y: TensorLike): Tensor {
    return ops.eq(this, y);
  }
  /** Whether each element is less than `y`'s. */
  lt(y: TensorLike): Tensor {
    return ops.lt(this, y);
  }
  /** Whether each element is greater than `y`'s. */
  gt(y: TensorLike): Tensor {
    return ops.gt(this, y);
  }
  /** Converts to another element type. */
  cast(dtype: TensorType["dtype"]): Tensor {
    return ops.cast(this, dtype);
  }
  /** Matrix product of the last two dimensions; see {@linkcode matmul}. */
  matmul(y: Tensor, options?: ops.MatmulOptions): Tensor {
    return ops.matmul(this, y, options);
  }
  /** Sum over some axes, or all. */
  sum(axes?: number | readonly number[], options?: ops.ReduceOptions): Tensor {
    return ops.sum(this, axes, options);
  }
  /** Mean over some axes, or all. */
  mean(axes?: number | readonly number[], options?: ops.ReduceOptions): Tensor {
    return ops.mean(this, axes, options);
  }
  /** The same elements in another shape; one dimension may be −1. */
  reshape(shape: Shape): Tensor {
    return ops.reshape(this, shape);
  }
  /** Permutes dimensions; reverses them if no order is given. */
  transpose(order?: readonly number[]): Tensor {
    return ops.transpose(this, order);
  }
  /** Part of one axis, from `start` to before `end`. */
  slice(axis: number, start: number, end: number): Tensor {
    return ops.slice(this, axis, start, end);
  }
  /** Cuts an axis into equal parts, or parts of the given sizes. */
  split(parts: number | readonly number[], axis = -1): Tensor[] {
    return ops.split(this, parts, axis);
  }
}
