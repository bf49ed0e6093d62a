/**
 * Lowering of one graph, the program's own or the body of a loop: decides where values live, and
 * gathers those that are kept into groups.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../graph.ts";
import type { ReduceParams } from "../primitives/reduce.ts";
import { type MatmulParams, matmulSizes } from "../primitives/matmul.ts";
import { keptAxes } from "../primitives/reduce.ts";
import { type ScanParams, splitAt } from "../primitives/scan.ts";
import { sameShape, type Shape, sizeOf } from "../tensor_type.ts";
import {
  accumulator,
  addIndex,
  affineIndex,
  applyExpression,
  type Axis,
  axisExpression,
  type Buffer,
  clampIndex,
  constantExpression,
  type Expression,
  flattenIndex,
  index,
  load,
  remainderIndex,
  scaleIndex,
  subtractIndex,
  unflattenIndex,
  visitExpression,
} from "./expression.ts";
import type { ReduceOperation } from "./kernel.ts";

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
interface Work {
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
interface Reader {
  /** Where members may be read without going through memory. */
  readonly group?: Group;
  /** Kept values read from memory. */
  readonly loaded: Set<Value>;
  /** Values computed on the way. */
  readonly inlined: Map<Value, Expression>;
  readonly known: Map<Value, { readonly at: readonly Expression[]; readonly result: Expression }[]>;
}

function newReader(group?: Group): Reader {
  return { group, loaded: new Set(), inlined: new Map(), known: new Map() };
}

/** Primitives that only look at their input differently. */
const VIEWS = new Set(["reshape", "transpose", "broadcast", "reverse", "slice", "split"]);

/** Lowers one graph. */
export class GraphLowering {
  readonly #graph: Graph;
  readonly #state: LowerState;
  readonly #parent: GraphLowering | undefined;
  /** Buffers of the graph's arguments; only of a whole program. */
  readonly inputs: Buffer[] = [];
  /** Buffers of the graph's results; only of a whole program. */
  readonly outputs: Buffer[] = [];
  /** What has been gathered. */
  readonly steps: (Group | LoopStep)[] = [];

  readonly #places = new Map<Value, Place>();
  readonly #destinations = new Map<Value, Place[]>();
  readonly #producers = new Map<Value, { readonly equation: Equation; readonly output: number }>();
  /** Values of the body that are values of the graph around it, at leading indices. */
  readonly #outer = new Map<
    Value,
    { readonly value: Value; readonly lead: readonly Expression[] }
  >();
  /** The step that makes a kept value. */
  readonly #maker = new Map<Value, Group | LoopStep>();

  /** Prepares to lower a graph. */
  constructor(graph: Graph, state: LowerState, parent?: GraphLowering) {
    this.#graph = graph;
    this.#state = state;
    this.#parent = parent;
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
      lowering.#places.set(value, { buffer: own, offset: index(0) });
    });
    graph.outputs.forEach((value, i) => {
      const own = buffer(value, `output${i}`);
      lowering.outputs.push(own);
      lowering.addDestination(value, { buffer: own, offset: index(0) });
    });
    return lowering;
  }

  /** Asks for a copy of a value at a place. */
  addDestination(value: Value, place: Place): void {
    const list = this.#destinations.get(value) ?? [];
    list.push(place);
    this.#destinations.set(value, list);
  }

  /** Groups of this graph and of the bodies inside. */
  *allGroups(): Generator<Group> {
    for (const step of this.steps) {
      if (step.kind === "loop") yield* step.body.allGroups();
      else yield step;
    }
  }

  /** Whether a value is only another value looked at differently, which is kept instead of it. */
  isView(value: Value): boolean {
    const producer = this.#producers.get(value);
    if (!producer) return this.#bodies().some((body) => body.isView(value));
    const { primitive, inputs } = producer.equation;
    return VIEWS.has(primitive.name) && !this.#places.has(inputs[0]);
  }

  #bodies(): GraphLowering[] {
    return this.steps.flatMap((step) => step.kind === "loop" ? [step.body] : []);
  }

  /** Whether a value is an elementwise function of the result of a product or reduction. */
  followsKernel(value: Value): boolean {
    const producer = this.#producers.get(value);
    if (!producer) return this.#bodies().some((body) => body.followsKernel(value));
    return producer.equation.inputs.some((input) => {
      const kind = this.#producers.get(input)?.equation.primitive.lowering.kind;
      return kind === "matmul" || kind === "reduce";
    });
  }

  /** Lowers the graph. */
  run(): void {
    for (const equation of this.#graph.equations) {
      const { lowering } = equation.primitive;
      if (lowering.kind === "reduce") this.#reduce(equation, lowering.operation);
      else if (lowering.kind === "matmul") this.#matmul(equation);
      else if (lowering.kind === "scatter") this.#scatter(equation);
      else if (lowering.kind === "scan") this.#scan(equation);
      else {
        for (const value of equation.outputs) {
          if (this.#state.kept.has(value) || this.#destinations.has(value)) this.#keep(value);
        }
      }
    }
    // Results that are arguments, or that a loop has put elsewhere.
    for (const [value, places] of this.#destinations) {
      const placed = this.#places.get(value);
      const maker = this.#maker.get(value);
      const missing = maker && maker.kind !== "loop"
        ? []
        : places.filter((place) => place !== placed);
      if (missing.length > 0) this.#copy(value, missing);
    }
  }

  /** An element of a value, as seen by a reader. */
  #element(value: Value, at: readonly Expression[], reader: Reader): Expression {
    const { group } = reader;
    if (group?.members.has(value) && isOwnIndex(group, value, at)) {
      return group.members.get(value) as Expression;
    }
    const place = this.#places.get(value);
    if (place) {
      reader.loaded.add(value);
      return load(place.buffer, addIndex(place.offset, flattenIndex(at, value.type.shape)));
    }
    const outer = this.#outer.get(value);
    if (outer && this.#parent) {
      return this.#parent.#element(outer.value, [...outer.lead, ...at], reader);
    }
    const known = reader.known.get(value)?.find((entry) =>
      at.every((part, i) => part === entry.at[i])
    );
    if (known) return known.result;
    const producer = this.#producers.get(value);
    if (!producer) throw new Error(`Cannot lower: a value of the graph has no producer`);
    const { equation, output } = producer;
    const { lowering } = equation.primitive;
    let result: Expression;
    if (lowering.kind === "reshape") {
      const [input] = equation.inputs;
      const flat = flattenIndex(at, value.type.shape);
      result = this.#element(input, unflattenIndex(flat, input.type.shape), reader);
    } else if (lowering.kind === "element") {
      result = lowering.element({
        index: at,
        output,
        params: equation.params,
        inputTypes: equation.inputs.map(({ type }) => type),
        outputTypes: equation.outputs.map(({ type }) => type),
        read: (i, index) => this.#element(equation.inputs[i], index, reader),
      });
    } else {throw new Error(
        `Cannot lower: ${equation.primitive.name} is read before it is computed`,
      );}
    const list = reader.known.get(value) ?? [];
    list.push({ at, result });
    reader.known.set(value, list);
    reader.inlined.set(value, result);
    return result;
  }

  /** Asks that a value be kept; one of a graph outside is kept there. */
  #want(value: Value): void {
    const outer = this.#outer.get(value);
    if (outer && this.#parent) return this.#parent.#want(outer.value);
    // What is only looked at differently is kept as it was computed.
    const producer = this.#producers.get(value);
    const source = producer?.equation.inputs[0];
    const view = producer && VIEWS.has(producer.equation.primitive.name);
    if (view && source && !this.#places.has(source) && !this.#state.kept.has(source)) {
      return this.#want(source);
    }
    this.#state.wanted.add(value);
  }

  #newBuffer(value: Value, name: string, size = sizeOf(value.type.shape)): Buffer {
    const buffer = {
      name: `${name}${this.#state.temporaries.length}`,
      dtype: value.type.dtype,
      size,
    };
    this.#state.temporaries.push(buffer);
    return buffer;
  }

  /** Keeps an elementwise value. */
  #keep(value: Value): void {
    if (this.#places.has(value)) return;
    const producer = this.#producers.get(value);
    if (producer?.equation.primitive.name === "concatenate") {
      return this.#concatenate(value, producer.equation);
    }
    const places = this.#destinations.get(value) ?? [];
    this.#compute({
      shape: value.type.shape,
      name: nameOf(value, this.#producers),
      stores: Math.max(1, places.length),
      element: (at, reader) => this.#element(value, at, reader),
      write: (group, expression, at) => this.#store(group, value, expression, at),
    });
  }

  /** Keeps a concatenation: each part is written to its own region by whatever computes it. */
  #concatenate(value: Value, { inputs, params }: Equation): void {
    const { axis } = params as { readonly axis: number };
    const places = this.#destinations.get(value) ??
      [{ buffer: this.#newBuffer(value, "concatenate"), offset: index(0) }];
    const asked = this.#destinations.has(value);
    let start = 0;
    const makers = inputs.flatMap((part) => {
      const from = start;
      start += part.type.shape[axis];
      if (sizeOf(part.type.shape) === 0) return [];
      return this.#compute({
        shape: part.type.shape,
        name: "concatenate",
        stores: places.length,
        element: (at, reader) => this.#element(part, at, reader),
        write: (group, expression, at) => {
          const shifted = at.map((i, d) => d === axis ? addIndex(i, index(from)) : i);
          const flat = flattenIndex(shifted, value.type.shape);
          for (const place of places) {
            group.stores.push({
              value: asked ? undefined : value,
              place,
              index: addIndex(place.offset, flat),
              expression,
              mode: "set",
            });
          }
        },
      });
    });
    this.#places.set(value, places[0]);
    const last = makers.reduce<Group | undefined>(
      (last, maker) => !last || maker.order > last.order ? maker : last,
      undefined,
    );
    if (last) this.#maker.set(value, last);
  }

  /** Computes something point by point: in the group it follows, beside one it resembles, or alone. */
  #compute(work: Work): Group {
    const axes = axesFor(work.shape, "i");
    const plain = newReader();
    work.element(axes.map(axisExpression), plain);
    const makers = [...plain.loaded].flatMap((read) => this.#maker.get(read) ?? []);
    const latest = makers.reduce<Group | LoopStep | undefined>(
      (last, maker) => !last || maker.order > last.order ? maker : last,
      undefined,
    );
    if (latest && latest.kind !== "loop" && this.#join(work, latest)) return latest;
    const after = latest?.order ?? -1;
    for (let i = this.steps.length - 1; i > after; i--) {
      const step = this.steps[i];
      const sibling = step.kind === "map" && sameShape(step.shape, work.shape) &&
        step.stores.every(({ mode }) => mode === "set") &&
        [...plain.loaded].some((read) =>
          step.stores.some(({ expression }) => this.#reads(expression, read))
        );
      if (sibling && this.#join(work, step)) return step;
    }
    const group = this.#open("map", work.name, work.shape, axes);
    this.#join(work, group, true);
    return group;
  }

  #reads(expression: Expression, value: Value): boolean {
    const buffer = this.#places.get(value)?.buffer;
    let found = false;
    visitExpression(expression, (part) => {
      found ||= part.kind === "load" && part.buffer === buffer;
    });
    return found;
  }

  /** Adds work to a group if it can be done there, point by point. */
  #join(work: Work, group: Group, own = false): boolean {
    const { shape } = work;
    const stores = group.stores.length + work.stores;
    if (!own && (sizeOf(shape) !== sizeOf(group.shape) || stores > this.#state.mostStores)) {
      return false;
    }
    const reader = newReader(group);
    const at = ownIndex(group, shape);
    const expression = work.element(at, reader);
    if (!own) {
      // What is read from memory must be there before the group starts, at addresses it can step.
      for (const read of reader.loaded) {
        const maker = this.#maker.get(read);
        if (maker && maker.order >= group.order) return false;
      }
      if (!sameShape(shape, group.shape) && !isRegular(expression, group.axes)) return false;
    }
    this.#accept(group, reader);
    work.write(group, expression, at);
    return true;
  }

  /** Notes what an accepted reading needs, and what it computes, at each point or for each term. */
  #accept(group: Group, reader: Reader, by: "point" | "term" = "point"): void {
    for (const value of reader.loaded) this.#state.loaded.add(value);
    const loops = by === "term" ? [...group.axes, ...group.inner] : group.axes;
    const times = loops.reduce((product, { extent }) => product * extent, 1);
    for (const [value, expression] of reader.inlined) {
      const known = group.inlined.get(value)?.times ?? 0;
      if (!group.members.has(value)) {
        group.inlined.set(value, { expression, times: Math.max(times, known) });
      }
    }
  }

  /** Makes a value a member of a group, stored wherever it is wanted. */
  #store(group: Group, value: Value, expression: Expression, at: readonly Expression[]): void {
    const places = this.#destinations.get(value) ??
      [{ buffer: this.#newBuffer(value, nameOf(value, this.#producers)), offset: index(0) }];
    this.#places.set(value, places[0]);
    this.#maker.set(value, group);
    group.members.set(value, expression);
    const flat = flattenIndex(at, value.type.shape);
    const asked = this.#destinations.has(value);
    for (const place of places) {
      const to = addIndex(place.offset, flat);
      group.stores.push({
        value: asked ? undefined : value,
        place,
        index: to,
        expression,
        mode: "set",
      });
    }
  }

  #open(
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
      ...rest,
    };
    this.steps.push(group);
    return group;
  }

  /** Copies a value that lies elsewhere to places where it is wanted too. */
  #copy(value: Value, places: readonly Place[]): void {
    const { shape } = value.type;
    const axes = axesFor(shape, "i");
    const group = this.#open("map", "copy", shape, axes);
    const reader = newReader();
    const at = axes.map(axisExpression);
    const expression = this.#element(value, at, reader);
    this.#accept(group, reader);
    for (const place of places) {
      const to = addIndex(place.offset, flattenIndex(at, shape));
      group.stores.push({ value: undefined, place, index: to, expression, mode: "set" });
    }
  }

  #reduce(
    { inputs: [input], outputs: [output], params, primitive }: Equation,
    operation: ReduceOperation,
  ): void {
    const { axes } = params as ReduceParams;
    const { shape } = input.type;
    const outer = axesFor(output.type.shape, "i");
    const inner = axesFor(axes.map((axis) => shape[axis]), "r");
    const kept = keptAxes(shape, axes);
    const at = shape.map((_, d) =>
      axisExpression(axes.includes(d) ? inner[axes.indexOf(d)] : outer[kept.indexOf(d)])
    );
    const reader = newReader();
    const value = this.#element(input, at, reader);
    const group = this.#open("reduce", primitive.name, output.type.shape, outer, {
      inner,
      operation,
      value,
    });
    this.#accept(group, reader, "term");
    this.#store(group, output, accumulator(output.type.dtype, 0), outer.map(axisExpression));
  }

  #matmul({ inputs: [x, y], outputs: [output], params }: Equation): void {
    const { transposeX, transposeY } = params as MatmulParams;
    const { batch, m, k, n } = matmulSizes(x.type, y.type, params as MatmulParams);
    const batchAxes = axesFor(batch, "b");
    const [row, column, inner] = [{ name: "m", extent: m }, { name: "n", extent: n }, {
      name: "k",
      extent: k,
    }];
    const lead = batchAxes.map(axisExpression);
    const [i, j, p] = [row, column, inner].map(axisExpression);
    const reader = newReader();
    const left = this.#element(x, [...lead, ...transposeX ? [p, i] : [i, p]], reader);
    const right = this.#element(y, [...lead, ...transposeY ? [j, p] : [p, j]], reader);
    const all = [...batchAxes, row, column, inner];
    if (left.kind !== "load" || !affineIndex(left.index, all)) this.#want(x);
    if (right.kind !== "load" || !affineIndex(right.index, all)) this.#want(y);
    const axes = [...batchAxes, row, column];
    const group = this.#open("matmul", "matmul", [...batch, m, n], axes, {
      inner: [inner],
      operands: [left, right],
    });
    this.#accept(group, reader);
    this.#store(group, output, accumulator("f32", 0), axes.map(axisExpression));
  }

  #scatter({ inputs: [indices, updates], outputs: [output] }: Equation): void {
    const [rows, ...rest] = output.type.shape;
    const places = axesFor(indices.type.shape, "r");
    const width = axesFor(rest, "j");
    const reader = newReader();
    const at = places.map(axisExpression);
    const row = clampIndex(this.#element(indices, at, reader), rows);
    const update = this.#element(updates, [...at, ...width.map(axisExpression)], reader);
    if (this.#state.scatter === "reduce") {
      const [outer] = axesFor([rows], "i");
      const here = applyExpression("eq", "bool", [row, axisExpression(outer)]);
      const value = applyExpression("select", "f32", [here, update, constantExpression("f32", 0)]);
      const axes = [outer, ...width];
      const group = this.#open("reduce", "scatter", output.type.shape, axes, {
        inner: places,
        operation: "sum",
        value,
      });
      this.#accept(group, reader, "term");
      this.#store(group, output, accumulator("f32", 0), axes.map(axisExpression));
      return;
    }
    const axes = axesFor(output.type.shape, "i");
    const cleared = this.#open("map", "clear", output.type.shape, axes);
    this.#store(cleared, output, constantExpression("f32", 0), axes.map(axisExpression));
    const place = this.#places.get(output) as Place;
    const group = this.#open("map", "scatter", updates.type.shape, [...places, ...width]);
    this.#accept(group, reader);
    const flat = flattenIndex([row, ...width.map(axisExpression)], output.type.shape);
    group.stores.push({
      value: this.#destinations.has(output) ? undefined : output,
      place,
      index: addIndex(place.offset, flat),
      expression: update,
      mode: "add",
    });
    this.#maker.set(output, group);
    // Nothing may read the zeros, nor join the kernel that adds.
    cleared.members.clear();
    const [first] = this.#destinations.get(output) ?? [place];
    for (const other of this.#destinations.get(output)?.slice(1) ?? []) {
      if (other !== first) this.#copy(output, [other]);
    }
  }

  #scan({ inputs, outputs, params }: Equation): void {
    const { body, constants, carries, length, reverse } = params as ScanParams;
    const [fixed, initial, sequences] = splitAt(inputs, constants, carries);
    const [ownFixed, ownCarry, ownSlices] = splitAt(body.inputs, constants, carries);
    const time: Axis = { name: "t", extent: length };
    const step = axisExpression(time);
    const slice = reverse ? subtractIndex(index(length - 1), step) : step;
    for (const operand of [...fixed, ...sequences]) this.#wantIfComputed(operand);

    const inner = new GraphLowering(body, this.#state, this);
    fixed.forEach((value, i) => inner.#outer.set(ownFixed[i], { value, lead: [] }));
    sequences.forEach((value, i) => inner.#outer.set(ownSlices[i], { value, lead: [slice] }));

    const stacked = body.outputs.slice(carries);
    const finals = ownCarry.map((entering, i): Place => {
      const leaving = body.outputs[i];
      const size = sizeOf(entering.type.shape);
      // A carry that is also stacked lies in the stack itself, one slot longer than the loop.
      const inStack = stacked.some((value) => value === entering || value === leaving);
      const slots = inStack ? length + 1 : 2;
      const buffer = this.#newBuffer(entering, "carry", slots * size);
      const slot = (of: Expression) =>
        inStack ? reverse ? subtractIndex(index(length), of) : of : remainderIndex(of, 2);
      const at = (of: Expression): Place => ({ buffer, offset: scaleIndex(slot(of), size) });
      inner.#places.set(entering, at(step));
      inner.addDestination(leaving, at(addIndex(step, index(1))));
      this.#copy(initial[i], [at(index(0))]);
      if (inStack) {
        stacked.forEach((value, j) => {
          const shifted = value === leaving ? !reverse : value === entering ? reverse : undefined;
          if (shifted === undefined || this.#places.has(outputs[carries + j])) return;
          this.#places.set(outputs[carries + j], { buffer, offset: index(shifted ? size : 0) });
        });
      }
      return at(index(length));
    });
    stacked.forEach((value, j) => {
      const output = outputs[carries + j];
      if (this.#places.has(output)) return;
      const wanted = this.#destinations.get(output)?.[0];
      const place = wanted ?? { buffer: this.#newBuffer(output, "stack"), offset: index(0) };
      this.#places.set(output, place);
      const offset = addIndex(place.offset, scaleIndex(slice, sizeOf(value.type.shape)));
      inner.addDestination(value, { buffer: place.buffer, offset });
    });
    inner.run();
    const loop: LoopStep = {
      kind: "loop",
      order: this.steps.length,
      name: "scan",
      time,
      body: inner,
    };
    this.steps.push(loop);
    finals.forEach((place, i) => this.#places.set(outputs[i], place));
    for (const output of outputs) this.#maker.set(output, loop);
  }

  /** Asks that a loop's operand be kept, unless reading it costs nothing. */
  #wantIfComputed(value: Value): void {
    const axes = axesFor(value.type.shape, "i");
    const expression = this.#element(value, axes.map(axisExpression), newReader());
    const free = expression.kind === "constant" ||
      (expression.kind === "load" && affineIndex(expression.index, axes) !== undefined);
    if (!free) this.#want(value);
  }
}

/** One axis a dimension. */
function axesFor(shape: Shape, name: string): Axis[] {
  return shape.map((extent, d) => ({ name: shape.length > 1 ? `${name}${d}` : name, extent }));
}

/** The index at which a group computes a value of as many elements as it has points. */
function ownIndex(group: Group, shape: Shape): Expression[] {
  const at = group.axes.map(axisExpression);
  return sameShape(shape, group.shape) ? at : unflattenIndex(flattenIndex(at, group.shape), shape);
}

function isOwnIndex(group: Group, value: Value, at: readonly Expression[]): boolean {
  if (sizeOf(value.type.shape) !== sizeOf(group.shape)) return false;
  const flat = flattenIndex(at, value.type.shape);
  return flat === flattenIndex(group.axes.map(axisExpression), group.shape);
}

/** Whether every load steps evenly along the axes. */
function isRegular(expression: Expression, axes: readonly Axis[]): boolean {
  let regular = true;
  visitExpression(expression, (part) => {
    regular &&= part.kind !== "load" || affineIndex(part.index, axes) !== undefined;
  });
  return regular;
}

function nameOf(
  value: Value,
  producers: ReadonlyMap<Value, { readonly equation: Equation }>,
): string {
  return producers.get(value)?.equation.primitive.name ?? "copy";
}
