/**
 * Tensor: a handle on a value that is being traced, is still to be computed, or is stored.
 *
 * @module
 */
import type { Params } from "../ir/primitive.ts";
import type { DifferentiablePrimitive } from "./rules.ts";
import type { Trace } from "./trace.ts";
import { evaluateDeferred } from "./eager.ts";
import * as arithmetic from "./ops/arithmetic.ts";
import * as comparisons from "./ops/comparisons.ts";
import * as functions from "./ops/functions.ts";
import * as layout from "./ops/layout.ts";
import { matmul, type MatmulOptions } from "./ops/matmul.ts";
import * as reductions from "./ops/reductions.ts";
import { forgetResult } from "./results.ts";
import {
  isTensor,
  MAJOR_VERSION,
  refuseForeignTensor,
  SOURCE,
  sourceOf,
  type TensorSource,
} from "./tensor_source.ts";
import { describe } from "./tree.ts";
import {
  checkElements,
  formatType,
  type Shape,
  type TensorType,
  type TypedArray,
} from "../ir/tensor_type.ts";

/** What a function takes where a tensor is wanted: a tensor, or a number of the other's type. */
export type TensorLike = Tensor | number;

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
  /**
   * Where the value comes from. For the core's own use.
   *
   * @internal
   */
  [SOURCE]: TensorSource;

  /** For the core's own use: see {@linkcode tensor} to make one. */
  constructor(type: TensorType, source: TensorSource) {
    this.type = type;
    this[SOURCE] = source;
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
    if (this[SOURCE].kind === "deferred") await evaluateDeferred([this]);
    const source = this[SOURCE];
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
    const source = this[SOURCE];
    if (source.kind !== "device") return;
    forgetResult(this, source.buffer);
    source.buffer.dispose();
  }

  /** Frees the device memory at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * Applies a primitive to some tensors, this one or others. For the core's own use: operations and
   * rules apply primitives through a tensor at hand.
   *
   * @internal
   */
  apply<P extends Params>(
    primitive: DifferentiablePrimitive<P>,
    inputs: readonly Tensor[],
    params: NoInfer<P>,
  ): Tensor[] {
    return apply(primitive, inputs, params);
  }

  /**
   * Refuses to be made a number, which would be `NaN` in silence: no value may be there yet.
   *
   * @param hint What JavaScript wants; a text such as `Tensor f32[1]` is there for `string`.
   * @returns The text.
   * @throws {TypeError} If a number is wanted, as operators such as `+` and `>` do.
   */
  [Symbol.toPrimitive](hint: "string" | "number" | "default"): string {
    if (hint === "string") return `Tensor ${formatType(this.type)}`;
    throw new TypeError(
      `Cannot use ${
        formatType(this.type)
      } as a number: methods such as add() and gt() are needed, ` +
        "or `await x.item()`, found an operator or a conversion of JavaScript",
    );
  }

  /** `this + y`. */
  add(y: TensorLike): Tensor {
    return arithmetic.add(this, y);
  }
  /** `this − y`. */
  sub(y: TensorLike): Tensor {
    return arithmetic.sub(this, y);
  }
  /** `this · y`, element by element. */
  mul(y: TensorLike): Tensor {
    return arithmetic.mul(this, y);
  }
  /** `this / y`. */
  div(y: TensorLike): Tensor {
    return arithmetic.div(this, y);
  }
  /** `thisʸ`. */
  pow(y: TensorLike): Tensor {
    return arithmetic.pow(this, y);
  }
  /** The greater of `this` and `y`. */
  max(y: TensorLike): Tensor {
    return arithmetic.maximum(this, y);
  }
  /** The lesser of `this` and `y`. */
  min(y: TensorLike): Tensor {
    return arithmetic.minimum(this, y);
  }
  /** `−this`. */
  neg(): Tensor {
    return arithmetic.neg(this);
  }
  /** `e^this`. */
  exp(): Tensor {
    return functions.exp(this);
  }
  /** Natural logarithm. */
  log(): Tensor {
    return functions.log(this);
  }
  /** Square root. */
  sqrt(): Tensor {
    return functions.sqrt(this);
  }
  /** `this · this`. */
  square(): Tensor {
    return arithmetic.square(this);
  }
  /** Absolute value. */
  abs(): Tensor {
    return arithmetic.abs(this);
  }
  /** Hyperbolic tangent. */
  tanh(): Tensor {
    return functions.tanh(this);
  }
  /** Logistic function. */
  sigmoid(): Tensor {
    return functions.sigmoid(this);
  }
  /** `max(this, 0)`. */
  relu(): Tensor {
    return functions.relu(this);
  }
  /** Whether each element equals `y`'s. */
  eq(y: TensorLike): Tensor {
    return comparisons.eq(this, y);
  }
  /** Whether each element is less than `y`'s. */
  lt(y: TensorLike): Tensor {
    return comparisons.lt(this, y);
  }
  /** Whether each element is greater than `y`'s. */
  gt(y: TensorLike): Tensor {
    return comparisons.gt(this, y);
  }
  /** Converts to another element type. */
  cast(dtype: TensorType["dtype"]): Tensor {
    return functions.cast(this, dtype);
  }
  /** Matrix product of the last two dimensions; see {@linkcode matmul}. */
  matmul(y: Tensor, options?: MatmulOptions): Tensor {
    return matmul(this, y, options);
  }
  /** Sum over some axes, or all. */
  sum(axes?: number | readonly number[], options?: reductions.ReduceOptions): Tensor {
    return reductions.sum(this, axes, options);
  }
  /** Mean over some axes, or all. */
  mean(axes?: number | readonly number[], options?: reductions.ReduceOptions): Tensor {
    return reductions.mean(this, axes, options);
  }
  /** The same elements in another shape; one dimension may be −1. */
  reshape(shape: Shape): Tensor {
    return layout.reshape(this, shape);
  }
  /** Permutes dimensions; reverses them if no order is given. */
  transpose(order?: readonly number[]): Tensor {
    return layout.transpose(this, order);
  }
  /** Part of one axis, from `start` to before `end`. */
  slice(axis: number, start: number, end: number): Tensor {
    return layout.slice(this, axis, start, end);
  }
  /** Cuts an axis into equal parts, or parts of the given sizes. */
  split(parts: number | readonly number[], axis = -1): Tensor[] {
    return layout.split(this, parts, axis);
  }
}

/**
 * Key of the open trace, of which there is one for all copies of the package: what one of them traces may call another,
 * as a model of its own copy does that the command line trains.
 */
const CURRENT: unique symbol = Symbol.for(`@unroll/core ${MAJOR_VERSION}: open trace`);

const shared = globalThis as { [CURRENT]?: Trace };

/** The open trace; `undefined` outside of one, where operations are deferred. */
export function currentTrace(): Trace | undefined {
  return shared[CURRENT];
}

/** Opens a trace, or goes back to the one around it. */
export function setCurrentTrace(trace: Trace | undefined): void {
  shared[CURRENT] = trace;
}

/**
 * Applies a primitive: recorded in the open trace or, outside of one, deferred until data is asked for.
 *
 * @param primitive The operation.
 * @param inputs Its inputs.
 * @param params Its static parameters.
 * @returns Its outputs.
 * @throws {TypeError} If the primitive's type rule refuses the inputs.
 * @throws {RangeError} If a size is no count, or a result has 2³¹ elements or more.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { apply, type DifferentiablePrimitive } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * const COPY: DifferentiablePrimitive = {
 *   name: "copy",
 *   inferTypes: ([x]) => [x],
 *   evaluate: ([x]) => [x],
 *   vjp: ({ cotangents }) => cotangents,
 *   batchRule: ([x]) => [x],
 *   lowering: { kind: "reshape" },
 * };
 * const [y] = apply(COPY, [tensor(2)], {});
 * strictEqual(await y.item(), 2);
 * ```
 */
export function apply<P extends Params>(
  primitive: DifferentiablePrimitive<P>,
  inputs: readonly Tensor[],
  params: NoInfer<P>,
): Tensor[] {
  const wrong = inputs.findIndex((input) => !isTensor(input));
  if (wrong >= 0) {
    refuseForeignTensor(primitive.name, inputs[wrong]);
    const found = describe(inputs[wrong]);
    throw new TypeError(`Cannot ${primitive.name}: tensors are needed, found ${found}`);
  }
  const current = currentTrace();
  if (current) return current.apply(primitive, inputs, params);
  for (const tensor of inputs) {
    if (sourceOf(tensor).kind === "traced") {
      throw new TypeError(
        `Cannot ${primitive.name} a traced ${
          formatType(tensor.type)
        } here: the function it was traced in has ended`,
      );
    }
  }
  const types = primitive.inferTypes(inputs.map((tensor) => tensor.type), params);
  types.forEach(checkElements);
  // A copy: the caller may go on to change its array.
  const node = { primitive, inputs: [...inputs], params };
  return types.map((type, position) => new Tensor(type, { kind: "deferred", node, position }));
}
