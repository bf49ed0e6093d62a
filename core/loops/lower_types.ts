/**
 * What lowering works with: places of values, and kernels that are being gathered.
 *
 * @module
 */
import type { Value } from "../ir/graph.ts";
import type { Shape } from "../ir/tensor_type.ts";
import type { Axis, Buffer, Expression } from "../ir/expression.ts";
import type { ReduceOperation } from "./program.ts";
import type { GraphLowering } from "./lower_graph.ts";

/** What all the graphs of one program share. */
export interface LowerState {
  /** Values that live in buffers. */
  readonly kept: ReadonlySet<Value>;
  /** Values found to be needed in buffers; lowering starts over with them kept. */
  readonly wanted: Set<Value>;
  /** Kept values that something reads from their buffer. */
  readonly loaded: Set<Value>;
  /** Buffers made on the way. */
  readonly temporaries: Buffer[];
  /** How rows are scattered. */
  readonly scatter: "add" | "reduce";
  /** Most buffers one kernel may write. */
  readonly mostStores: number;
}

/** Where a kept value lies: row-major from `offset` in a buffer. */
export interface Place {
  readonly buffer: Buffer;
  readonly offset: Expression;
}

/** A store that a group makes, for a value. It is dropped if nobody reads the value there. */
export interface GroupStore {
  readonly value: Value | undefined;
  readonly place: Place;
  readonly index: Expression;
  readonly expression: Expression;
  readonly mode: "set" | "add";
}

/** A kernel being gathered. */
export interface Group {
  readonly kind: "map" | "reduce" | "matmul";
  readonly name: string;
  /** Position among the steps of its graph. */
  readonly order: number;
  /** Shape of its points. */
  readonly shape: Shape;
  /** Loops over its points, one a dimension. */
  readonly axes: readonly Axis[];
  /** Loops folded. */
  readonly inner: readonly Axis[];
  /** Of a reduction. */
  readonly operation?: ReduceOperation;
  /** Folded by a reduction. */
  readonly value?: Expression;
  /** Operands of a product. */
  readonly operands?: readonly [Expression, Expression];
  /** Values computed here, point by point. */
  readonly members: Map<Value, Expression>;
  /** Values computed here on the way, that are not kept, and how often that happens. */
  readonly inlined: Map<Value, { readonly expression: Expression; readonly times: number }>;
  readonly stores: GroupStore[];
}

/** A loop over time being gathered. */
export interface LoopStep {
  readonly kind: "loop";
  readonly order: number;
  readonly name: string;
  readonly time: Axis;
  readonly body: GraphLowering;
}

/** Something to be computed at each point of a shape. */
export interface Work {
  readonly shape: Shape;
  /** Name of the kernel, if it is one of its own. */
  readonly name: string;
  /** How many stores it adds. */
  readonly stores: number;
  /** The value at a point. */
  element(at: readonly Expression[], reader: Reader): Expression;
  /** Adds the stores of the value at a point. */
  write(group: Group, expression: Expression, at: readonly Expression[]): void;
}

/** A reading of values on the way to one expression. */
export interface Reader {
  /** Where members may be read without going through memory. */
  readonly group?: Group;
  /** Kept values read from memory. */
  readonly loaded: Set<Value>;
  /** Values computed on the way. */
  readonly inlined: Map<Value, Expression>;
  readonly known: Map<Value, { readonly at: readonly Expression[]; readonly result: Expression }[]>;
}

/** A reading that has not begun. */
export function newReader(group?: Group): Reader {
  return { group, loaded: new Set(), inlined: new Map(), known: new Map() };
}
