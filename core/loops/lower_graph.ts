/**
 * Lowers one graph, the program's own or the body of a loop: decides which values are materialized,
 * and fuses their computation into groups, each of which becomes one kernel.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";
import { sameShape, type Shape, sizeOf } from "../ir/tensor_type.ts";
import {
  addIndex,
  type Axis,
  axisExpression,
  type Buffer,
  constantExpression,
  depthOf,
  type Expression,
  flattenIndex,
  index,
  load,
  unflattenIndex,
  visitExpression,
} from "../ir/expression.ts";
import { operationsIn } from "./operations_in.ts";
import { countBindings } from "./buffers.ts";
import { MAX_DEPTH } from "./materialize_deep.ts";
import { axesFor, isOwnIndex, isRegular, isSamePlace, ownIndex } from "./lower_axes.ts";
import { lightFirst } from "./light_first.ts";
import { lowerConcatenate, lowerMatmul, lowerReduce, lowerScatter } from "./lower_equations.ts";
import { lowerScan } from "./lower_scan.ts";
import {
  addStores,
  type Group,
  type LoopStep,
  type LoweringScope,
  type LowerState,
  newReader,
  type PointwiseWork,
  type Reader,
  type Storage,
} from "./lower_types.ts";

/**
 * Maximum number of positions at which an expression computes one value. Where values are read at two
 * positions each, such as by shifting them and adding, the positions would double with every operation.
 */
const MAX_POSITIONS = 8;

/** Lowers one graph. */
export class GraphLowering implements LoweringScope {
  readonly #graph: Graph;
  readonly state: LowerState;
  readonly #parent: LoweringScope | undefined;
  /** Buffers of the graph's arguments; only of a whole program. */
  readonly inputs: Buffer[] = [];
  /** Buffers of the graph's results; only of a whole program. */
  readonly outputs: Buffer[] = [];
  readonly external: Map<Buffer, Buffer>;
  readonly steps: (Group | LoopStep)[] = [];
  /** Of the loops of this graph. */
  readonly #bodies: LoweringScope[] = [];

  readonly storage = new Map<Value, Storage>();
  readonly destinations = new Map<Value, Storage[]>();
  readonly #producers = new Map<Value, { readonly equation: Equation; readonly output: number }>();
  readonly outer = new Map<
    Value,
    { readonly value: Value; readonly lead: readonly Expression[] }
  >();
  readonly maker = new Map<Value, Group | LoopStep>();

  /** Prepares to lower a graph. */
  constructor(graph: Graph, state: LowerState, parent?: LoweringScope) {
    this.#graph = lightFirst(graph);
    this.state = state;
    this.#parent = parent;
    this.external = new Map(parent?.external);
    for (const equation of graph.equations) {
      equation.outputs.forEach((value, output) => this.#producers.set(value, { equation, output }));
    }
  }

  /** Prepares to lower a whole program: arguments and results get buffers. */
  static ofProgram(graph: Graph, state: LowerState): GraphLowering {
    const lowering = new GraphLowering(graph, state);
    const buffer = (value: Value, name: string): Buffer => ({
      name,
      dtype: value.type.dtype,
      size: sizeOf(value.type.shape),
    });
    graph.inputs.forEach((value, i) => {
      const own = buffer(value, `input${i}`);
      lowering.inputs.push(own);
      lowering.storage.set(value, { buffer: own, offset: index(0) });
    });
    graph.outputs.forEach((value, i) => {
      const own = buffer(value, `output${i}`);
      lowering.outputs.push(own);
      lowering.addDestination(value, { buffer: own, offset: index(0) });
    });
    for (const own of [...lowering.inputs, ...lowering.outputs]) lowering.external.set(own, own);
    for (const [output, input] of state.donated) {
      lowering.external.set(lowering.outputs[output], lowering.inputs[input]);
    }
    return lowering;
  }

  child(body: Graph): GraphLowering {
    const scope = new GraphLowering(body, this.state, this);
    this.#bodies.push(scope);
    return scope;
  }

  addDestination(value: Value, target: Storage): void {
    const list = this.destinations.get(value) ?? [];
    list.push(target);
    this.destinations.set(value, list);
  }

  *allGroups(): Generator<Group> {
    for (const step of this.steps) {
      if (step.kind === "loop") yield* step.body.allGroups();
      else yield step;
    }
  }

  isView(value: Value): boolean {
    const producer = this.#producers.get(value);
    if (!producer) return this.#bodies.some((body) => body.isView(value));
    const { primitive, inputs } = producer.equation;
    return primitive.isView === true && !this.storage.has(inputs[0]);
  }

  followsKernel(value: Value): boolean {
    const producer = this.#producers.get(value);
    if (!producer) return this.#bodies.some((body) => body.followsKernel(value));
    return producer.equation.inputs.some((input) => {
      const kind = this.#producers.get(input)?.equation.primitive.lowering.kind;
      return kind === "matmul" || kind === "reduce";
    });
  }

  run(): void {
    for (const equation of this.#graph.equations) {
      const { lowering } = equation.primitive;
      if (lowering.kind === "reduce") {
        lowerReduce(this, equation, lowering.operation, lowering.axes(equation.params));
      } else if (lowering.kind === "matmul") lowerMatmul(this, equation);
      else if (lowering.kind === "scatter") lowerScatter(this, equation);
      else if (lowering.kind === "scan") lowerScan(this, equation);
      else {
        for (const value of equation.outputs) {
          if (this.state.materialized.has(value) || this.destinations.has(value)) {
            this.#materialize(value);
          }
        }
      }
    }
    // Results that are arguments, or that a loop has stored elsewhere.
    for (const [value, targets] of this.destinations) {
      const stored = this.storage.get(value);
      const maker = this.maker.get(value);
      const missing = maker && maker.kind !== "loop"
        ? []
        : targets.filter((target) => target !== stored);
      if (missing.length > 0) this.copy(value, missing);
    }
  }

  element(value: Value, at: readonly Expression[], reader: Reader): Expression {
    const { group } = reader;
    if (group?.members.has(value) && isOwnIndex(group, value, at)) {
      return group.members.get(value) as Expression;
    }
    const stored = this.storage.get(value);
    if (stored) {
      reader.loaded.add(value);
      return load(stored.buffer, addIndex(stored.offset, flattenIndex(at, value.type.shape)));
    }
    const outer = this.outer.get(value);
    if (outer && this.#parent) {
      return this.#parent.element(outer.value, [...outer.lead, ...at], reader);
    }
    const list = reader.known.get(value) ?? [];
    for (let i = 0; i < list.length; i++) {
      if (isSamePlace(list[i].at, at)) return list[i].result;
    }
    const producer = this.#producers.get(value);
    if (!producer) throw new Error(`Cannot lower: a value of the graph has no producer`);
    const { equation, output } = producer;
    const { lowering, isView } = equation.primitive;
    if (list.length >= MAX_POSITIONS && equation.inputs.length > 0 && !isView) {
      // Lowering starts over with the value materialized, whatever stands for it here.
      this.request(value);
      return constantExpression(value.type.dtype, 0);
    }
    let result: Expression;
    if (lowering.kind === "reshape") {
      const [input] = equation.inputs;
      const flat = flattenIndex(at, value.type.shape);
      result = this.element(input, unflattenIndex(flat, input.type.shape), reader);
    } else if (lowering.kind === "element") {
      result = lowering.element({
        index: at,
        output,
        params: equation.params,
        inputTypes: equation.inputs.map(({ type }) => type),
        outputTypes: equation.outputs.map(({ type }) => type),
        read: (i, index) => this.element(equation.inputs[i], index, reader),
      });
    } else {throw new Error(
        `Cannot lower: ${equation.primitive.name} is read before it is computed`,
      );}
    list.push({ at, result });
    reader.known.set(value, list);
    reader.inlined.set(value, result);
    return result;
  }

  request(value: Value): void {
    const outer = this.outer.get(value);
    if (outer && this.#parent) return this.#parent.request(outer.value);
    // Of a view its source is materialized, unless it lies in memory already.
    const producer = this.#producers.get(value);
    const source = producer?.equation.inputs[0];
    const view = producer?.equation.primitive.isView;
    if (view && source && !this.isKept(source)) return this.request(source);
    this.state.requested.add(value);
  }

  isKept(value: Value): boolean {
    if (this.storage.has(value) || this.state.materialized.has(value)) return true;
    const outer = this.outer.get(value);
    return outer !== undefined && this.#parent?.isKept(outer.value) === true;
  }

  newBuffer(value: Value, name: string, size = sizeOf(value.type.shape)): Buffer {
    const buffer = {
      name: `${name}${this.state.temporaries.length}`,
      dtype: value.type.dtype,
      size,
    };
    this.state.temporaries.push(buffer);
    return buffer;
  }

  /** Materializes an elementwise value. */
  #materialize(value: Value): void {
    if (this.storage.has(value)) return;
    const producer = this.#producers.get(value);
    const lowering = producer?.equation.primitive.lowering;
    if (producer && lowering?.kind === "element" && lowering.joinedAxis) {
      const axis = lowering.joinedAxis(producer.equation.params);
      return lowerConcatenate(this, value, producer.equation, axis);
    }
    const targets = this.destinations.get(value) ?? [];
    this.compute({
      shape: value.type.shape,
      name: nameOf(value, this.#producers),
      stores: Math.max(1, targets.length),
      targets: targets.map(({ buffer }) => buffer),
      element: (at, reader) => this.element(value, at, reader),
      write: (group, expression, at) => this.store(group, value, expression, at),
    });
  }

  compute(work: PointwiseWork): Group {
    const axes = axesFor(work.shape, "i");
    const at = axes.map(axisExpression);
    const plain = newReader();
    const expression = work.element(at, plain);
    const makers = [...plain.loaded].flatMap((read) => this.maker.get(read) ?? []);
    const latest = makers.reduce<Group | LoopStep | undefined>(
      (last, maker) => !last || maker.order > last.order ? maker : last,
      undefined,
    );
    if (latest && latest.kind !== "loop" && this.#join(work, latest)) return latest;
    const after = latest?.order ?? -1;
    const read = [...plain.loaded].flatMap((value) => this.storage.get(value)?.buffer ?? []);
    for (let i = this.steps.length - 1; i > after; i--) {
      const step = this.steps[i];
      const sibling = step.kind === "map" && sameShape(step.shape, work.shape) &&
        step.stores.every(({ mode }) => mode === "set") && loadsAnyOf(step, read);
      if (sibling && this.#join(work, step)) return step;
    }
    const group = this.open("map", work.name, work.shape, axes);
    this.accept(group, plain);
    work.write(group, expression, at);
    return group;
  }

  /** Adds work to a group if it can be done there, point by point. */
  #join(work: PointwiseWork, group: Group): boolean {
    const { shape } = work;
    const stores = group.stores.length + work.stores;
    if (sizeOf(shape) !== sizeOf(group.shape) || stores > this.state.maxStores) return false;
    const reader = newReader(group);
    const at = ownIndex(group, shape);
    const expression = work.element(at, reader);
    if (depthOf(expression) > MAX_DEPTH || !this.#isShort(group, expression)) return false;
    if (!this.#canBind(group, expression, work.targets ?? [])) return false;
    // What is read from memory must be there before the group starts, at addresses it can step.
    for (const read of reader.loaded) {
      const maker = this.maker.get(read);
      if (maker && maker.order >= group.order) return false;
    }
    if (!sameShape(shape, group.shape) && !isRegular(expression, group.axes)) return false;
    this.accept(group, reader);
    work.write(group, expression, at);
    return true;
  }

  /** Returns whether a group with one more value has few enough operations. */
  #isShort(group: Group, expression: Expression): boolean {
    const { maxOperations } = this.state;
    if (maxOperations === Infinity) return true;
    const own = group.stores.map((store) => store.expression);
    const folded = [...group.value ? [group.value] : [], ...group.operands ?? []];
    return operationsIn([...own, ...folded, expression]) <= maxOperations;
  }

  /** Returns whether a group with one more value binds few enough buffers. */
  #canBind(group: Group, expression: Expression, targets: readonly Buffer[]): boolean {
    const { maxBindings } = this.state;
    if (maxBindings === Infinity) return true;
    const buffers = new Set(targets);
    const seen = new Set<Expression>();
    const read = (one: Expression) =>
      visitExpression(one, (part) => part.kind === "load" && buffers.add(part.buffer), seen);
    read(expression);
    if (group.value) read(group.value);
    group.operands?.forEach(read);
    for (const store of group.stores) {
      buffers.add(store.target.buffer);
      read(store.expression);
    }
    const own = [...buffers].map((buffer) => this.external.get(buffer) ?? buffer);
    return countBindings(own, (buffer) => this.external.has(buffer)) <= maxBindings;
  }

  accept(group: Group, reader: Reader, by: "point" | "term" = "point"): void {
    for (const value of reader.loaded) this.state.loaded.add(value);
    const loops = by === "term" ? [...group.axes, ...group.inner] : group.axes;
    const times = loops.reduce((product, { extent }) => product * extent, 1);
    reader.inlined.forEach((expression, value) => {
      if (group.members.has(value)) return;
      const known = group.inlined.get(value)?.times ?? 0;
      group.inlined.set(value, { expression, times: Math.max(times, known) });
    });
  }

  store(group: Group, value: Value, expression: Expression, at: readonly Expression[]): void {
    const targets = this.destinations.get(value) ??
      [{ buffer: this.newBuffer(value, nameOf(value, this.#producers)), offset: index(0) }];
    this.storage.set(value, targets[0]);
    this.maker.set(value, group);
    group.members.set(value, expression);
    const flat = flattenIndex(at, value.type.shape);
    const isRequired = this.destinations.has(value);
    addStores(group, targets, flat, { value: isRequired ? undefined : value, expression });
  }

  open(
    kind: Group["kind"],
    name: string,
    shape: Shape,
    axes: readonly Axis[],
    rest: Partial<Group> = {},
  ): Group {
    const group: Group = {
      kind,
      name,
      order: this.steps.length,
      shape,
      axes,
      inner: [],
      members: new Map(),
      inlined: new Map(),
      stores: [],
      visited: { stores: 0, parts: new Set(), buffers: new Set() },
      ...rest,
    };
    this.steps.push(group);
    return group;
  }

  copy(value: Value, targets: readonly Storage[]): void {
    const { shape } = value.type;
    const axes = axesFor(shape, "i");
    const group = this.open("map", "copy", shape, axes);
    const reader = newReader();
    const at = axes.map(axisExpression);
    const expression = this.element(value, at, reader);
    this.accept(group, reader);
    for (const target of targets) {
      const to = addIndex(target.offset, flattenIndex(at, shape));
      group.stores.push({ value: undefined, target, index: to, expression, mode: "set" });
    }
  }
}

/** Returns whether what a group stores is made of any of some buffers. Each part is looked at once. */
function loadsAnyOf({ stores, visited }: Group, buffers: readonly Buffer[]): boolean {
  for (; visited.stores < stores.length; visited.stores++) {
    visitExpression(stores[visited.stores].expression, (part) => {
      if (part.kind === "load") visited.buffers.add(part.buffer);
    }, visited.parts);
  }
  return buffers.some((buffer) => visited.buffers.has(buffer));
}

function nameOf(
  value: Value,
  producers: ReadonlyMap<Value, { readonly equation: Equation }>,
): string {
  return producers.get(value)?.equation.primitive.name ?? "copy";
}
