/**
 * Types of lowering: where values are stored, kernels being built, and the scope of a graph.
 *
 * @module
 */
import type { Graph, Value } from "../ir/graph.ts";
import type { Shape } from "../ir/tensor_type.ts";
import { addIndex, type Axis, type Buffer, type Expression } from "../ir/expression.ts";
import type { ReduceOperation, StoreMode } from "./program.ts";

/** What all the graphs of one program share. */
export interface LowerState {
  /** Values that are stored in buffers. */
  readonly materialized: ReadonlySet<Value>;
  /** Values found to be needed in buffers; lowering starts over with them materialized. */
  readonly requested: Set<Value>;
  /** Materialized values that something reads from their buffer. */
  readonly loaded: Set<Value>;
  /** Buffers made on the way. */
  readonly temporaries: Buffer[];
  /** How rows are scattered. */
  readonly scatter: "add" | "reduce";
  /** Maximum number of buffers that one kernel may write. */
  readonly maxStores: number;
  /** Maximum number of buffers that one kernel may bind if work joins it. */
  readonly maxBindings: number;
  /** Maximum number of operations that one kernel may have if work joins it. */
  readonly maxOperations: number;
  /** Inputs whose memory outputs take over. */
  readonly donated: readonly (readonly [output: number, input: number])[];
}

/** Where a materialized value is stored: row-major from `offset` in a buffer. */
export interface Storage {
  readonly buffer: Buffer;
  readonly offset: Expression;
}

/** A store that a group makes, for a value. It is dropped if nobody reads the value there. */
export interface GroupStore {
  readonly value: Value | undefined;
  readonly target: Storage;
  readonly index: Expression;
  readonly expression: Expression;
  readonly mode: StoreMode;
}

/** A kernel being built. */
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
  /** Values computed here on the way, that are not materialized, and how often that happens. */
  readonly inlined: Map<Value, { readonly expression: Expression; readonly times: number }>;
  readonly stores: GroupStore[];
  /** What is known of the parts of the first so many stores. */
  readonly visited: {
    stores: number;
    readonly parts: Set<Expression>;
    /** What they load. */
    readonly buffers: Set<Buffer>;
  };
}

/** A loop over time being built. */
export interface LoopStep {
  readonly kind: "loop";
  readonly order: number;
  readonly name: string;
  readonly time: Axis;
  readonly body: LoweringScope;
}

/** Something to be computed at each point of a shape. */
export interface PointwiseWork {
  readonly shape: Shape;
  /** Name of the kernel, if it is one of its own. */
  readonly name: string;
  /** How many stores it adds. */
  readonly stores: number;
  /** Buffers that it writes, where they are known. */
  readonly targets?: readonly Buffer[];
  /** The value at a point. */
  element(at: readonly Expression[], reader: Reader): Expression;
  /** Adds the stores of the value at a point. */
  write(group: Group, expression: Expression, at: readonly Expression[]): void;
}

/** A reading of values on the way to one expression. */
export interface Reader {
  /** Where members may be read without going through memory. */
  readonly group?: Group;
  /** Materialized values read from memory. */
  readonly loaded: Set<Value>;
  /** Values computed on the way. */
  readonly inlined: Map<Value, Expression>;
  readonly known: Map<Value, { readonly at: readonly Expression[]; readonly result: Expression }[]>;
}

/** Lowering of one graph, as the lowering of its equations and of graphs inside it sees it. */
export interface LoweringScope {
  /** What all graphs of the program share. */
  readonly state: LowerState;
  /** Arguments and results of the program, and the buffer that each is in. */
  readonly external: ReadonlyMap<Buffer, Buffer>;
  /** Kernels and loops so far, in order. */
  readonly steps: (Group | LoopStep)[];
  /** Where materialized values are stored. */
  readonly storage: Map<Value, Storage>;
  /** Where values are to be stored: results of the graph, and what loops carry and stack. */
  readonly destinations: Map<Value, Storage[]>;
  /** The step that makes a materialized value. */
  readonly maker: Map<Value, Group | LoopStep>;
  /** Values of a loop's body that are values of the graph around it, at leading indices. */
  readonly outer: Map<Value, { readonly value: Value; readonly lead: readonly Expression[] }>;

  /** Makes a scope for the body of a loop in this graph. */
  child(body: Graph): LoweringScope;
  /** Lowers the graph. */
  run(): void;
  /** Kernels of this graph and of the bodies inside. */
  allGroups(): Iterable<Group>;
  /** Whether a value is only another view of a value, which is materialized instead of it. */
  isView(value: Value): boolean;
  /** Whether a value is an elementwise function of the result of a product or reduction. */
  followsKernel(value: Value): boolean;

  /** Computes an element of a value, as seen by a reader. */
  element(value: Value, at: readonly Expression[], reader: Reader): Expression;
  /** Requests that a value be materialized; one of a graph outside is materialized there. */
  request(value: Value): void;
  /** Whether a value lies in memory, here or around, or will. */
  isKept(value: Value): boolean;
  /** Requests a copy of a value in a buffer. */
  addDestination(value: Value, target: Storage): void;
  /** Makes a buffer for a value. */
  newBuffer(value: Value, name: string, size?: number): Buffer;

  /** Computes something point by point: in the group it follows, beside one it resembles, or alone. */
  compute(work: PointwiseWork): Group;
  /** Opens a group after all steps so far. */
  open(
    kind: Group["kind"],
    name: string,
    shape: Shape,
    axes: readonly Axis[],
    rest?: Partial<Group>,
  ): Group;
  /** Records what an accepted reading needs, and what it computes, at each point or for each term. */
  accept(group: Group, reader: Reader, by?: "point" | "term"): void;
  /** Makes a value a member of a group, stored at all its destinations. */
  store(group: Group, value: Value, expression: Expression, at: readonly Expression[]): void;
  /** Copies a value that is stored elsewhere to further destinations. */
  copy(value: Value, targets: readonly Storage[]): void;
}

/** Begins a reading. */
export function newReader(group?: Group): Reader {
  return { group, loaded: new Set(), inlined: new Map(), known: new Map() };
}

/** Adds a store to each of the places where a value is; `value` is absent where the stores must stay. */
export function addStores(
  group: Group,
  targets: readonly Storage[],
  at: Expression,
  { value, expression }: Pick<GroupStore, "value" | "expression">,
): void {
  for (const target of targets) {
    group.stores.push({
      value,
      target,
      index: addIndex(target.offset, at),
      expression,
      mode: "set",
    });
  }
}
