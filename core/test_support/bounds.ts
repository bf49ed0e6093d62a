/**
 * Where the results of a graph may lie on a device: intervals that hold the exact value, what
 * rounding makes of it, and what it becomes if sums and products are taken in another order. They
 * follow from the operations (Moore 1966; the magnitudes of all that was added are kept as in a
 * running error analysis, Wilkinson 1963), so that no tolerance is chosen by hand. Integers and bools
 * are known exactly, unless they come from real numbers too near a jump.
 *
 * @module
 */
import { dense, forEachIndex } from "../ir/dense.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { type Equation, type Graph, isApplication, paramsOf, type Value } from "../ir/graph.ts";
import type { ElementwiseName } from "../ir/operation_names.ts";
import type { DenseArray, Params, Primitive } from "../ir/primitive.ts";
import { sizeOf, stridesOf, type TensorType } from "../ir/tensor_type.ts";
import { FILL } from "../language/primitives/creation.ts";
import { ELEMENTWISE } from "../language/primitives/elementwise.ts";
import { GATHER, SCATTER_ADD } from "../language/primitives/gather.ts";
import { MATMUL, matmulSizes } from "../language/primitives/matmul.ts";
import { ARGMAX, keptAxes, REDUCE_MAX, REDUCE_SUM } from "../language/primitives/reduce.ts";
import { SCAN, splitAt } from "../language/primitives/scan.ts";
import { PAD } from "../language/primitives/slice.ts";
import {
  anyOf,
  ANYTHING,
  type Arithmetic,
  boundElementwise,
  exactly,
  hull,
  type Interval,
  isPoint,
  multiply,
  sumOf,
} from "./intervals.ts";

/** Intervals of the elements of a tensor. */
export interface Bounds {
  /** Type of the tensor. */
  readonly type: TensorType;
  /** One an element. */
  readonly elements: readonly Interval[];
  /** Whether it was made of bools: products with it may become gathers, which drop 0 · ∞. */
  readonly isMask?: boolean;
  /**
   * Whether it was picked from a table with numbers that are not finite: products with it may become
   * products with the whole table.
   */
  readonly isPicked?: boolean;
}

/**
 * Bounds of the results of a graph.
 *
 * @param graph The graph.
 * @param inputs Its arguments, of which f32 ones are numbers of f32.
 * @param arithmetic How the device rounds.
 * @returns Bounds, one an output.
 */
export function boundsOf(
  graph: Graph,
  inputs: readonly DenseArray[],
  arithmetic: Arithmetic,
): Bounds[] {
  const bounds = inputs.map(({ type, data }) => ({
    type,
    elements: Array.from(data, (x) => exactly(x, type.dtype, arithmetic)),
  }));
  return boundGraph(graph, bounds, arithmetic);
}

function boundGraph(graph: Graph, inputs: readonly Bounds[], arithmetic: Arithmetic): Bounds[] {
  const environment = new Map<Value, Bounds>();
  graph.inputs.forEach((value, i) => environment.set(value, inputs[i]));
  const read = (value: Value) => environment.get(value) as Bounds;
  for (const equation of graph.equations) {
    const results = boundEquation(equation, equation.inputs.map(read), arithmetic);
    equation.outputs.forEach((value, i) => environment.set(value, results[i]));
  }
  return graph.outputs.map(read);
}

function boundEquation(
  equation: Equation,
  inputs: readonly Bounds[],
  arithmetic: Arithmetic,
): Bounds[] {
  const { primitive, params } = equation;
  const types = primitive.inferTypes(inputs.map(({ type }) => type), params);
  const [type] = types;
  const one = (elements: readonly Interval[], isMask = false) => [{ type, elements, isMask }];
  if (primitive.name in ELEMENTWISE) {
    const name = primitive.name as ElementwiseName;
    const { dtype } = inputs[name === "select" ? 1 : 0].type;
    const elements = Array.from(
      { length: sizeOf(type.shape) },
      (_, i) =>
        boundElementwise(name, inputs.map((x) => x.elements[i]), dtype, type.dtype, arithmetic),
    );
    return one(elements, name === "cast" && dtype === "bool" && type.dtype === "f32");
  }
  if (isApplication(equation, FILL)) {
    const element = exactly(equation.params.value, type.dtype, arithmetic);
    return one(new Array<Interval>(sizeOf(type.shape)).fill(element));
  }
  if (isApplication(equation, SCAN)) return boundScan(equation, inputs, arithmetic);
  if (isApplication(equation, MATMUL)) return one(boundMatmul(equation, inputs, arithmetic));
  if (isApplication(equation, REDUCE_SUM)) {
    return one(
      groups(inputs[0], equation.params.axes, type).map((list) =>
        sumOf(list, type.dtype, arithmetic)
      ),
    );
  }
  if (isApplication(equation, ARGMAX)) {
    return one(groups(inputs[0], equation.params.axes, type).map(boundArgmax));
  }
  if (isApplication(equation, REDUCE_MAX)) {
    return one(
      groups(inputs[0], equation.params.axes, type).map((list) => ({
        lo: Math.max(...list.map(({ lo }) => lo)),
        hi: Math.max(...list.map(({ hi }) => hi)),
        scale: Math.max(...list.map(({ lo, hi }) => Math.max(Math.abs(lo), Math.abs(hi)))),
        nan: list.some(({ nan }) => nan),
      })),
    );
  }
  if (isApplication(equation, SCATTER_ADD)) return one(boundScatter(type, inputs, arithmetic));
  if (isApplication(equation, GATHER)) {
    const isPicked = inputs[0].elements.some(({ lo, hi, nan }) => nan || !Number.isFinite(hi - lo));
    return [{ type, elements: boundGather(type, inputs), isPicked }];
  }
  if (primitive.name === PAD.name) {
    const outside = exactly(paramsOf(equation, PAD).value, type.dtype, arithmetic);
    const moved = places(primitive, inputs, { ...params, value: -1 })[0];
    const elements = inputs[0].elements;
    return one(Array.from(moved, (place) => place < 0 ? outside : elements[place]));
  }
  if (primitive.isView || primitive.name === "concatenate") {
    const elements = inputs.flatMap((x) => x.elements);
    return places(primitive, inputs, params).map((moved, i) => ({
      type: types[i],
      elements: Array.from(moved, (place) => elements[place]),
      isMask: inputs.every((x) => x.isMask),
      isPicked: inputs.some((x) => x.isPicked),
    }));
  }
  // Numbering and random bits: known exactly, or not at all.
  if (inputs.some((x) => !x.elements.every(isPoint))) {
    return types.map((type) => ({
      type,
      elements: new Array<Interval>(sizeOf(type.shape)).fill(anyOf(type.dtype)),
    }));
  }
  const points = inputs.map((x) => dense(x.type, x.elements.map(({ lo }) => lo)));
  return primitive.evaluate(points, params).map(({ type, data }) => ({
    type,
    elements: Array.from(data, (x) => exactly(x, type.dtype, arithmetic)),
  }));
}

/** For what only moves elements: where each element of the results comes from, all inputs in a row. */
function places(
  primitive: Primitive,
  inputs: readonly Bounds[],
  params: Params,
): readonly Float64Array[] {
  let start = 0;
  const numbered = inputs.map(({ type, elements }) => dense(type, elements.map(() => start++)));
  return primitive.evaluate(numbered, params).map(({ data }) => data);
}

/** The elements that are folded into each element of a result, in order. */
function groups(x: Bounds, axes: readonly number[], type: TensorType): Interval[][] {
  const result = Array.from({ length: sizeOf(type.shape) }, (): Interval[] => []);
  const kept = keptAxes(x.type.shape, axes);
  const own = stridesOf(type.shape);
  forEachIndex(x.type.shape, (at, flat) => {
    const target = kept.reduce((sum, axis, d) => sum + at[axis] * own[d], 0);
    result[target].push(x.elements[flat]);
  });
  return result;
}

/** Where the greatest may be: NaN is greatest, and of equal ones the first. */
function boundArgmax(list: readonly Interval[]): Interval {
  const firstNan = list.findIndex(({ lo }) => Number.isNaN(lo));
  const before = firstNan < 0 ? list : list.slice(0, firstNan);
  const maybe = before.flatMap(({ nan }, i) => nan ? [i] : []);
  let candidates: number[];
  if (firstNan >= 0) candidates = [...maybe, firstNan];
  else {
    const least = Math.max(...list.map(({ lo }) => lo));
    candidates = list.flatMap(({ hi }, i) => hi >= least ? [i] : []);
    // Only numbers known exactly tie for certain.
    if (candidates.every((i) => isPoint(list[i]))) candidates.length = 1;
    candidates.push(...maybe);
  }
  const [lo, hi] = [Math.min(...candidates), Math.max(...candidates)];
  return { lo, hi, scale: hi, nan: false };
}

function boundMatmul(
  { params }: Equation,
  [x, y]: readonly Bounds[],
  arithmetic: Arithmetic,
): Interval[] {
  const { transposeX, transposeY } = params as { transposeX: boolean; transposeY: boolean };
  const { batch, m, k, n } = matmulSizes(x.type, y.type, { transposeX, transposeY });
  const result: Interval[] = [];
  const dropsZeros = x.isMask || y.isMask;
  // A loop's sum of products with one matrix may become the product with the sum of the others, where that
  // leaves the range.
  const { repeats = 1, greatest } = arithmetic;
  const isHuge = ({ lo, hi }: Interval) => repeats * Math.max(-lo, hi) > greatest;
  if (repeats > 1 && [x, y].some(({ elements }) => elements.some(isHuge))) {
    return new Array<Interval>(sizeOf(batch) * m * n).fill(ANYTHING);
  }
  for (let b = 0; b < sizeOf(batch); b++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        const terms = Array.from({ length: k }, (_, p) => {
          const left = x.elements[b * m * k + (transposeX ? p * m + i : i * k + p)];
          const right = y.elements[b * k * n + (transposeY ? j * k + p : p * n + j)];
          const term = multiply(left, right, arithmetic);
          const mayBeZero = [left, right].some(({ lo, hi }) => lo <= 0 && hi >= 0);
          return dropsZeros && mayBeZero && Number.isNaN(term.lo)
            ? { lo: 0, hi: 0, scale: 0, nan: true }
            : term;
        });
        const sum = sumOf(terms, "f32", arithmetic);
        result.push(x.isPicked || y.isPicked ? { ...sum, nan: true } : sum);
      }
    }
  }
  return result;
}

/** Rows that an index in doubt may mean, to be looked at each. */
const MOST_ROWS = 4;

function boundGather(type: TensorType, [table, indices]: readonly Bounds[]): Interval[] {
  const rows = table.type.shape[0];
  const width = sizeOf(table.type.shape.slice(1));
  const row = (x: number) => Math.min(Math.max(x, 0), rows - 1);
  return Array.from({ length: sizeOf(type.shape) }, (_, flat) => {
    const { lo, hi } = indices.elements[Math.floor(flat / width)];
    if (hi - lo > MOST_ROWS) return anyOf(type.dtype);
    let result: Interval | undefined;
    for (let at = row(lo); at <= row(hi); at++) {
      const found = table.elements[at * width + flat % width];
      result = result ? hull(result, found) : found;
    }
    return result as Interval;
  });
}

function boundScatter(
  { shape }: TensorType,
  [indices, updates]: readonly Bounds[],
  arithmetic: Arithmetic,
): Interval[] {
  const width = sizeOf(shape.slice(1));
  const terms = Array.from({ length: sizeOf(shape) }, (): Interval[] => []);
  const row = (x: number) => Math.min(Math.max(x, 0), shape[0] - 1);
  if (indices.elements.some(({ lo, hi }) => hi - lo > MOST_ROWS)) {
    return new Array<Interval>(sizeOf(shape)).fill(ANYTHING);
  }
  indices.elements.forEach(({ lo, hi }, i) => {
    for (let at = row(lo); at <= row(hi); at++) {
      for (let j = 0; j < width; j++) {
        const update = updates.elements[i * width + j];
        const zero = { lo: 0, hi: 0, scale: 0, nan: false };
        terms[at * width + j].push(row(lo) === row(hi) ? update : hull(zero, update));
      }
    }
  });
  return terms.map((list) => sumOf(list, "f32", arithmetic));
}

function boundScan(
  equation: Equation,
  inputs: readonly Bounds[],
  arithmetic: Arithmetic,
): Bounds[] {
  if (!isApplication(equation, SCAN)) throw new TypeError("Cannot bound a loop: found none");
  const { body, constants, carries, length, reverse } = equation.params;
  const [fixed, initial, sequences] = splitAt(inputs, constants, carries);
  const types = SCAN.inferTypes(inputs.map(({ type }) => type), equation.params).slice(carries);
  const stacks = types.map((type) => ({
    type,
    elements: new Array<Interval>(sizeOf(type.shape)),
    isMask: length > 0,
    isPicked: false,
  }));
  let carry: readonly Bounds[] = initial;
  const inside = { ...arithmetic, repeats: (arithmetic.repeats ?? 1) * length };
  for (let i = 0; i < length; i++) {
    const t = reverse ? length - 1 - i : i;
    const slices = sequences.map(({ type, elements, isMask, isPicked }) => {
      const shape = type.shape.slice(1);
      const size = sizeOf(shape);
      const own = elements.slice(t * size, (t + 1) * size);
      return { type: { dtype: type.dtype, shape }, elements: own, isMask, isPicked };
    });
    const results = boundGraph(body, [...fixed, ...carry, ...slices], inside);
    carry = results.slice(0, carries);
    stacks.forEach((stack, j) => {
      const { elements, isMask = false, isPicked = false } = results[carries + j];
      elements.forEach((element, k) => stack.elements[t * elements.length + k] = element);
      stack.isMask &&= isMask;
      stack.isPicked ||= isPicked;
    });
  }
  return [...carry, ...stacks];
}

/** What lies outside of its bounds, each in a line; the interpreter's value stands beside. */
export function outside(
  bounds: readonly Bounds[],
  found: readonly ArrayLike<number>[],
  exact: readonly DenseArray[],
): string[] {
  return bounds.flatMap(({ type, elements }, i) =>
    elements.flatMap(({ lo, hi, nan }, j) => {
      const x = found[i][j];
      const fits = Number.isNaN(x) ? nan : lo <= x && x <= hi;
      if (fits) return [];
      const where = `output ${i}[${j}] in ${type.dtype}`;
      const wanted = Number.isNaN(lo) ? "NaN" : `from ${lo} to ${hi}${nan ? " or NaN" : ""}`;
      return [`${where} must be ${exact[i].data[j]} (${wanted}), found ${x}`];
    })
  );
}

/** Results of the interpreter that lie outside of the bounds: those must be wrong then. */
export function checkBounds(
  graph: Graph,
  inputs: readonly DenseArray[],
  bounds: Bounds[],
): string[] {
  const exact = evaluateGraph(graph, inputs);
  return outside(bounds, exact.map(({ data }) => data), exact);
}
