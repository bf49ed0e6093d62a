/**
 * Where the value of a tensor comes from, which the core looks up and users do not see.
 *
 * @module
 */
import type { Backend, DeviceBuffer } from "../ir/backend.ts";
import type { Value } from "../ir/graph.ts";
import type { Params, Primitive } from "../ir/primitive.ts";
import type { TypedArray } from "../ir/tensor_type.ts";
import type { Tensor } from "./tensor.ts";
import type { Trace } from "./trace.ts";

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

/** The major version of the package: copies of one version share what is behind keys of that. */
export const MAJOR_VERSION = 0;

/**
 * Key of a tensor's source. It is the same in every copy of one major version, so that these know each
 * other's tensors.
 */
export const SOURCE: unique symbol = Symbol.for(
  `@unroll/core ${MAJOR_VERSION}: source of a tensor`,
);

/** Whether something is a tensor. */
export function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && SOURCE in value;
}

/**
 * Throws where something is a tensor of another major version of the package.
 *
 * @param action What is done, to follow "Cannot".
 * @param value Anything.
 * @throws {TypeError} If it is one.
 */
export function refuseForeignTensor(action: string, value: unknown): void {
  if (typeof value !== "object" || value === null || isTensor(value)) return;
  const keys = Object.getOwnPropertySymbols(value).map(({ description = "" }) => description);
  const version = keys.map((key) => /^@unroll\/core (.*): source of a tensor$/.exec(key)?.[1]);
  const other = version.find((found) => found !== undefined);
  if (other === undefined) return;
  throw new TypeError(
    `Cannot ${action}: two copies of @unroll/core are loaded, a tensor of version ${MAJOR_VERSION} is needed, ` +
      `found one of version ${other}`,
  );
}

/** Where the value of a tensor comes from. */
export function sourceOf(tensor: Tensor): TensorSource {
  return tensor[SOURCE];
}

/** Changes where the value of a tensor comes from: it has been computed, moved, or used up. */
export function setSource(tensor: Tensor, source: TensorSource): void {
  tensor[SOURCE] = source;
}
