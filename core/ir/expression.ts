/**
 * Scalar expressions: what one point of a kernel's loops computes.
 *
 * Expressions are interned, so equal ones are the same object: a printer that meets an expression
 * twice computes it once. Index arithmetic is simplified on the way with the ranges of the axes,
 * which is what turns a reshape's divisions back into plain strides.
 *
 * @module
 */
import type { DType } from "./tensor_type.ts";
import type { Axis, Buffer, Expression } from "./expression_type.ts";
import type { ElementwiseName } from "./operation_names.ts";
import { rangeOf } from "./range.ts";

export type { Axis, Buffer, Expression } from "./expression_type.ts";

/** What is known of an axis, a buffer or an expression. */
interface Node {
  readonly id: number;
  /** How many parts lie in each other below it. */
  readonly depth: number;
  /** Expressions of it whose other parts are older, by their keys: they live as long as it does. */
  users: Map<string, Expression> | undefined;
  /** What index functions have found out of it; kept here, for each weak table costs the collector of garbage time. */
  sum?: ReadonlyMap<Expression, number>;
  terms?: readonly Expression[];
  summands?: readonly Summand[];
  multiples?: Map<number, Expression>;
  quotients?: Map<number, Expression>;
  axes?: ReadonlySet<Axis>;
}

const nodes = new WeakMap<object, Node>();
let nextId = 0;

function nodeOf(object: object, depth = 0): Node {
  let node = nodes.get(object);
  if (!node) {
    node = {
      id: nextId++,
      depth,
      users: undefined,
      sum: undefined,
      terms: undefined,
      summands: undefined,
      multiples: undefined,
      quotients: undefined,
      axes: undefined,
    };
    nodes.set(object, node);
  }
  return node;
}

/** Expressions of nothing that ends with a program, as long as somebody has them. */
const interned = new Map<string, WeakRef<Expression>>();
const dropInterned = new FinalizationRegistry<string>((key) => {
  if (interned.get(key)?.deref() === undefined) interned.delete(key);
});

function intern(key: string, make: () => Expression): Expression {
  const known = interned.get(key)?.deref();
  if (known) return known;
  const expression = make();
  interned.set(key, new WeakRef(expression));
  dropInterned.register(expression, key);
  return expression;
}

/** Makes an expression once for each node and key. */
function internAt(node: Node, key: string, make: () => Expression): Expression {
  const users = node.users ??= new Map();
  let expression = users.get(key);
  if (!expression) users.set(key, expression = make());
  return expression;
}

/** Makes a number. `bool` is 0 or 1. */
export function constantExpression(dtype: DType, number: number): Expression {
  // What is rounded to 0 must be known as 0, and what is infinite as infinite.
  const rounded = Math.fround(number);
  const isLost = dtype === "f32" && (rounded === 0 || !Number.isFinite(rounded));
  const value = isLost ? rounded : number;
  const key = `c${dtype}${Object.is(value, -0) ? "-0" : value}`;
  return intern(key, () => ({ kind: "constant", dtype, value }));
}

/** Small indices, which are never dropped. */
const smallIndices: Expression[] = [];

/** Makes an index constant; it wraps as all integers do. */
export function index(value: number): Expression {
  const wrapped = value | 0;
  if (wrapped < 0 || wrapped >= 256) return constantExpression("i32", wrapped);
  return smallIndices[wrapped] ??= constantExpression("i32", wrapped);
}

/** Makes the value of a loop variable; a loop of one iteration is the constant 0. */
export function axisExpression(axis: Axis): Expression {
  if (axis.extent === 1) return index(0);
  return internAt(nodeOf(axis), "", () => ({ kind: "axis", dtype: "i32", axis }));
}

/** Makes the element of a buffer at an index. */
export function load(buffer: Buffer, at: Expression): Expression {
  const own = nodeOf(buffer);
  const place = nodeOf(at);
  const make = () => {
    const expression: Expression = { kind: "load", dtype: buffer.dtype, buffer, index: at };
    nodeOf(expression, place.depth + 1);
    return expression;
  };
  // A constant or an older index may outlive the buffer.
  return isLasting(at) || place.id < own.id
    ? internAt(own, `${place.id}`, make)
    : internAt(place, `l${own.id}`, make);
}

/** Makes the result of a kernel's reduction. */
export function accumulator(dtype: DType, position: number): Expression {
  return intern(`a${dtype}${position}`, () => ({ kind: "accumulator", dtype, position }));
}

/** Returns whether an expression is of no program, so that it may outlive what is made of it. */
function isLasting({ kind }: Expression): boolean {
  return kind === "constant" || kind === "accumulator";
}

/** Applies an operation of the elementwise table on scalars. No simplification: see the index functions. */
export function applyExpression(
  operation: ElementwiseName,
  dtype: DType,
  inputs: readonly Expression[],
): Expression {
  let key = operation + dtype;
  let depth = 0;
  let newest: Node | undefined;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i];
    const node = nodeOf(input);
    key += `,${node.id}`;
    if (node.depth > depth) depth = node.depth;
    if ((!newest || node.id > newest.id) && !isLasting(input)) newest = node;
  }
  const make = () => {
    const expression: Expression = { kind: "apply", dtype, operation, inputs };
    nodeOf(expression, depth + 1);
    return expression;
  };
  return newest ? internAt(newest, key, make) : intern(key, make);
}

/** Counts how many parts of an expression lie in each other, at most. */
export function depthOf(expression: Expression): number {
  return nodeOf(expression).depth;
}

/** Adds two indices. */
export function addIndex(a: Expression, b: Expression): Expression {
  if (a.kind === "constant" && b.kind === "constant") return index(a.value + b.value);
  if (a.kind === "constant") return a.value === 0 ? b : addIndex(b, a);
  if (b.kind === "constant") {
    if (b.value === 0) return a;
    if (a.kind === "apply" && a.operation === "add" && a.inputs[1].kind === "constant") {
      return addIndex(a.inputs[0], index(a.inputs[1].value + b.value));
    }
  }
  return joinQuotient(a, b) ?? applyExpression("add", "i32", [a, b]);
}

/** `(x div k) · k·s + (x rem k) · s` is `x · s`: finds such a pair among the terms of a sum. */
function joinQuotient(a: Expression, b: Expression): Expression | undefined {
  if (b.kind !== "apply") return undefined;
  const [remainder, scale] = splitFactor(b);
  if (remainder.kind !== "apply" || remainder.operation !== "rem") return undefined;
  const [x, divisor] = remainder.inputs;
  if (divisor.kind !== "constant" || divisor.value < 1) return undefined;
  const quotient = scaleIndex(divideIndex(x, divisor.value), divisor.value * scale);
  const wanted = termsOf(quotient);
  const terms = termsOf(a);
  if (!wanted.every((term) => terms.includes(term))) return undefined;
  const rest = terms.filter((term) => !wanted.includes(term));
  return [...rest, ...termsOf(scaleIndex(x, scale))].reduce(addIndex, index(0));
}

/** Multiplies an index by a constant. */
export function scaleIndex(a: Expression, factor: number): Expression {
  if (factor === 1) return a;
  if (a.kind === "constant") return index(Math.imul(a.value, factor));
  const known = nodeOf(a).multiples ??= new Map();
  let multiple = known.get(factor);
  if (!multiple) {
    multiple = index(0);
    sumOf(a).forEach((scale, base) => {
      multiple = addIndex(multiple as Expression, timesConstant(base, Math.imul(scale, factor)));
    });
    known.set(factor, multiple);
  }
  return multiple;
}

/** A factor of {@linkcode sumOf} times a constant. */
function timesConstant(base: Expression, scale: number): Expression {
  if (base === ONE || scale === 0) return index(scale);
  return scale === 1 ? base : applyExpression("mul", "i32", [base, index(scale)]);
}

/** Subtracts a constant or another index from an index. */
export function subtractIndex(a: Expression, b: Expression): Expression {
  return addIndex(a, scaleIndex(b, -1));
}

/** Divides an index by a constant, rounded toward zero. */
export function divideIndex(a: Expression, divisor: number): Expression {
  const known = nodeOf(a).quotients ??= new Map();
  const quotient = known.get(divisor) ?? divideAnew(a, divisor);
  known.set(divisor, quotient);
  return quotient;
}

function divideAnew(a: Expression, divisor: number): Expression {
  if (divisor === 1) return a;
  if (a.kind === "constant" && divisor > 0) return index(a.value / divisor);
  // Only a sum that neither wraps nor is negative may be divided term by term.
  if (divisor > 0 && rangeOf(a).min >= 0) {
    const [multiple, rest] = splitMultiple(a, divisor);
    const { min, max } = rangeOf(rest);
    if (min >= 0 && max < divisor) return multiple;
    if (min >= 0 && multiple !== index(0)) return addIndex(multiple, divideIndex(rest, divisor));
  }
  return applyExpression("div", "i32", [a, index(divisor)]);
}

/** Computes the remainder of an index by a constant, with the sign of the index. */
export function remainderIndex(a: Expression, divisor: number): Expression {
  if (divisor === 1) return index(0);
  if (a.kind === "constant" && divisor > 0) return index(a.value % divisor);
  if (divisor > 0 && rangeOf(a).min >= 0) {
    const [, rest] = splitMultiple(a, divisor);
    const { min, max } = rangeOf(rest);
    if (min >= 0 && max < divisor) return rest;
    if (min >= 0) return applyExpression("rem", "i32", [rest, index(divisor)]);
  }
  return applyExpression("rem", "i32", [a, index(divisor)]);
}

/** Keeps an index between 0 and `extent` − 1, so that a load stays inside its buffer. */
export function clampIndex(a: Expression, extent: number): Expression {
  const { min, max } = rangeOf(a);
  let result = a;
  if (min < 0) result = applyExpression("max", "i32", [result, index(0)]);
  if (max >= extent) result = applyExpression("min", "i32", [result, index(extent - 1)]);
  return result;
}

/** Computes the row-major position of a multi-index in a shape. */
export function flattenIndex(indices: readonly Expression[], shape: readonly number[]): Expression {
  let flat = index(0);
  for (let i = 0; i < indices.length; i++) flat = addIndex(scaleIndex(flat, shape[i]), indices[i]);
  return flat;
}

/** Computes the multi-index of a row-major position in a shape. */
export function unflattenIndex(flat: Expression, shape: readonly number[]): Expression[] {
  const indices = new Array<Expression>(shape.length);
  let rest = flat;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] === 1) {
      indices[i] = index(0);
      continue;
    }
    indices[i] = i === 0 ? rest : remainderIndex(rest, shape[i]);
    rest = divideIndex(rest, shape[i]);
  }
  return indices;
}

/** Writes an index as `multiple · divisor + rest`; returns `multiple` and `rest`. */
function splitMultiple(a: Expression, divisor: number): [Expression, Expression] {
  let multiple = index(0);
  let rest = index(0);
  for (const term of termsOf(a)) {
    if (term.kind === "constant" && term.value >= 0) {
      multiple = addIndex(multiple, index(Math.floor(term.value / divisor)));
      rest = addIndex(rest, index(term.value % divisor));
    } else if (
      term.kind === "apply" && term.operation === "mul" && term.inputs[1].kind === "constant" &&
      term.inputs[1].value % divisor === 0
    ) {
      multiple = addIndex(multiple, scaleIndex(term.inputs[0], term.inputs[1].value / divisor));
    } else {
      rest = addIndex(rest, term);
    }
  }
  return [multiple, rest];
}

/** Stands for the constant among the factors of {@linkcode sumOf}. */
const ONE = index(1);

/**
 * An index as a sum of factors times constants, which wrap as it does. Parts may be shared by many sums,
 * so each is looked at once, and what occurs again and again is one summand.
 */
function sumOf(a: Expression): ReadonlyMap<Expression, number> {
  const node = nodeOf(a);
  if (node.sum) return node.sum;
  const sum = new Map<Expression, number>();
  if (a.kind === "constant") sum.set(ONE, a.value | 0);
  else if (a.kind === "apply" && a.dtype === "i32" && a.operation === "add") {
    for (const input of a.inputs) {
      sumOf(input).forEach((scale, base) => sum.set(base, ((sum.get(base) ?? 0) + scale) | 0));
    }
  } else {
    const [factor, scale] = splitFactor(a);
    if (factor === a) sum.set(a, 1);
    else sumOf(factor).forEach((own, base) => sum.set(base, Math.imul(own, scale)));
  }
  sum.forEach((scale, base) => scale === 0 && sum.delete(base));
  return node.sum = sum;
}

/** Returns the summands of an index, each once. */
export function termsOf(a: Expression): readonly Expression[] {
  return nodeOf(a).terms ??= summandsOf(a).map(({ term }) => term);
}

/** A summand of an index: a factor times a number. A number has no other factor than itself. */
export interface Summand {
  /** All of it. */
  readonly term: Expression;
  readonly factor: Expression;
  readonly scale: number;
}

/** Returns the summands of an index, each once, taken apart. */
export function summandsOf(a: Expression): readonly Summand[] {
  const node = nodeOf(a);
  if (node.summands) return node.summands;
  const summands: Summand[] = [];
  sumOf(a).forEach((scale, base) => {
    const term = timesConstant(base, scale);
    summands.push(base === ONE ? { term, factor: term, scale: 1 } : { term, factor: base, scale });
  });
  return node.summands = summands;
}

/** An index as a part that some axes do not move, and what one step of each of them moves. */
export interface AffineIndex {
  /** The part that the axes do not move; it may depend on loops around them. */
  readonly base: Expression;
  /** Elements moved by one step of each axis; axes that do not move the index are left out. */
  readonly strides: ReadonlyMap<Axis, number>;
}

/**
 * Reads an index as affine in some axes; `undefined` if one of them occurs inside a division, a load
 * or another part that is not linear.
 */
export function affineIndex(a: Expression, axes: readonly Axis[]): AffineIndex | undefined {
  const strides = new Map<Axis, number>();
  let base = index(0);
  for (const { term, factor, scale } of summandsOf(a)) {
    if (factor.kind === "axis" && axes.includes(factor.axis)) {
      strides.set(factor.axis, (strides.get(factor.axis) ?? 0) + scale);
    } else if (dependsOn(factor, axes)) return undefined;
    else base = addIndex(base, term);
  }
  for (const [axis, stride] of strides) if (stride === 0) strides.delete(axis);
  return { base, strides };
}

/** Returns whether an expression changes with some axes. */
export function dependsOn(expression: Expression, axes: readonly Axis[]): boolean {
  const own = axesIn(expression);
  return own.size > 0 && axes.some((axis) => own.has(axis));
}

const NO_AXES: ReadonlySet<Axis> = new Set();

/** Finds the axes that an expression changes with. Expressions are shared, so each is looked at once. */
export function axesIn(expression: Expression): ReadonlySet<Axis> {
  const node = nodeOf(expression);
  if (node.axes) return node.axes;
  let axes = NO_AXES;
  if (expression.kind === "axis") axes = new Set([expression.axis]);
  else if (expression.kind === "load") axes = axesIn(expression.index);
  else if (expression.kind === "apply") {
    const { inputs } = expression;
    for (let i = 0; i < inputs.length; i++) {
      const own = axesIn(inputs[i]);
      if (axes.size === 0) axes = own;
      else if (own !== axes && own.size > 0) axes = new Set([...axes, ...own]);
    }
  }
  return node.axes = axes;
}

/** Splits a term of an index into a factor times a constant. */
export function splitFactor(term: Expression): [Expression, number] {
  const scaled = term.kind === "apply" && term.dtype === "i32" && term.operation === "mul" &&
    term.inputs[1].kind === "constant";
  return scaled
    ? [term.inputs[0], (term.inputs[1] as { readonly value: number }).value]
    : [term, 1];
}

/** Rebuilds an expression with parts replaced; `replace` returns `undefined` to descend. */
export function rewriteExpression(
  expression: Expression,
  replace: (expression: Expression) => Expression | undefined,
  known: Map<Expression, Expression> = new Map(),
): Expression {
  const done = known.get(expression);
  if (done) return done;
  let result = replace(expression);
  if (!result) {
    if (expression.kind === "load") {
      result = load(expression.buffer, rewriteExpression(expression.index, replace, known));
    } else if (expression.kind === "apply") {
      const inputs = expression.inputs.map((input) => rewriteExpression(input, replace, known));
      result = applyExpression(expression.operation, expression.dtype, inputs);
    } else result = expression;
  }
  known.set(expression, result);
  return result;
}

/** Visits every distinct part of an expression, inputs before what reads them. */
export function visitExpression(
  expression: Expression,
  visit: (expression: Expression) => void,
  seen: Set<Expression> = new Set(),
): void {
  if (seen.has(expression)) return;
  seen.add(expression);
  if (expression.kind === "load") visitExpression(expression.index, visit, seen);
  else if (expression.kind === "apply") {
    const { inputs } = expression;
    for (let i = 0; i < inputs.length; i++) visitExpression(inputs[i], visit, seen);
  }
  visit(expression);
}
