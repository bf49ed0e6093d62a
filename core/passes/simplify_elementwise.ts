/**
 * Rules for elementwise operations: neutral elements, signs, numbers known beforehand, and layout
 * that can wait until after the operation.
 *
 * @module
 */
import type { Equation, Value } from "../ir/graph.ts";
import { dense } from "../ir/dense.ts";
import { ELEMENTWISE_PRIMITIVES } from "../language/primitives/elementwise.ts";
import type { ElementwiseName } from "../ir/operation_names.ts";
import { BROADCAST, RESHAPE } from "../language/primitives/layout.ts";
import { sameShape } from "../ir/tensor_type.ts";
import type { Rewriter, Rule } from "./rewrite.ts";
import { emitFill, fillValue, inShape, producedBy } from "./simplify_rule.ts";

/** Emits one elementwise operation. */
function emit(rewriter: Rewriter, name: ElementwiseName, ...inputs: Value[]): Value[] {
  return [...rewriter.emit(ELEMENTWISE_PRIMITIVES[name], inputs)];
}

/** The rules by operation. `x − x` and `0 · x` of real numbers stay: x may be NaN or infinite. */
const RULES: Partial<Readonly<Record<ElementwiseName, Rule>>> = {
  stop_gradient: ({ inputs }) => inputs,
  neg({ inputs: [x] }, rewriter) {
    const inner = producedBy(x, "neg", rewriter);
    if (inner) return inner.inputs;
    const difference = producedBy(x, "sub", rewriter);
    if (difference) return emit(rewriter, "sub", difference.inputs[1], difference.inputs[0]);
    const scaled = scaledBy(x, rewriter);
    return scaled && scale(rewriter, scaled.value, -scaled.factor);
  },
  not({ inputs: [x] }, rewriter) {
    return producedBy(x, "not", rewriter)?.inputs;
  },
  cast({ inputs: [x], params }, rewriter) {
    if (x.type.dtype === params.to) return [x];
    const inner = producedBy(x, "cast", rewriter);
    // From 0 and 1 every conversion on the way is exact.
    if (inner?.inputs[0].type.dtype === "bool") {
      return rewriter.emit(ELEMENTWISE_PRIMITIVES.cast, inner.inputs, params);
    }
  },
  add({ inputs: [x, y] }, rewriter) {
    if (fillValue(x, rewriter) === 0) return [y];
    if (fillValue(y, rewriter) === 0) return [x];
    const right = producedBy(y, "neg", rewriter);
    if (right) return emit(rewriter, "sub", x, right.inputs[0]);
    const left = producedBy(x, "neg", rewriter);
    if (left) return emit(rewriter, "sub", y, left.inputs[0]);
    if (x === y && x.type.dtype === "f32") return scale(rewriter, x, 2);
  },
  sub({ inputs: [x, y] }, rewriter) {
    if (fillValue(y, rewriter) === 0) return [x];
    if (fillValue(x, rewriter) === 0 && y.type.dtype !== "u32") return emit(rewriter, "neg", y);
    const right = producedBy(y, "neg", rewriter);
    if (right) return emit(rewriter, "add", x, right.inputs[0]);
  },
  mul({ inputs: [x, y], outputs }, rewriter) {
    const [a, b] = [fillValue(x, rewriter), fillValue(y, rewriter)];
    if (a !== undefined) return emit(rewriter, "mul", y, x);
    if (b === 1) return [x];
    const real = x.type.dtype === "f32";
    if (b === 0 && !real) return [emitFill(rewriter, outputs[0].type, 0)];
    const [left, right] = [producedBy(x, "neg", rewriter), producedBy(y, "neg", rewriter)];
    if (left && right) return emit(rewriter, "mul", left.inputs[0], right.inputs[0]);
    if (b === undefined || !real) return undefined;
    if (b === -1) return emit(rewriter, "neg", x);
    const inner = left ? { value: left.inputs[0], factor: -1 } : scaledBy(x, rewriter);
    const product = inner && exactProduct(inner.factor, b);
    return product === undefined || !inner ? undefined : scale(rewriter, inner.value, product);
  },
  div({ inputs: [x, y] }, rewriter) {
    const divisor = fillValue(y, rewriter);
    if (divisor === 1) return [x];
    // Any other reciprocal is rounded, or leaves the range: 41 · (1 / 41) is below 1.
    if (x.type.dtype !== "f32" || divisor === undefined || !isPowerOfTwo(divisor)) return undefined;
    return isNormal(1 / divisor) ? scale(rewriter, x, 1 / divisor) : undefined;
  },
  pow({ inputs: [x, y] }, rewriter) {
    const exponent = fillValue(y, rewriter);
    if (exponent === 1) return [x];
    if (exponent === 2) return emit(rewriter, "mul", x, x);
  },
  max: ({ inputs: [x, y] }) => x === y ? [x] : undefined,
  min: ({ inputs: [x, y] }) => x === y ? [x] : undefined,
  and: logical(1, 0),
  or: logical(0, 1),
  select({ inputs: [condition, x, y] }, rewriter) {
    if (x === y) return [x];
    const known = fillValue(condition, rewriter);
    if (known !== undefined) return [known ? x : y];
    const [a, b] = [fillValue(x, rewriter), fillValue(y, rewriter)];
    if (a !== undefined && a === b) return [x];
    const inner = producedBy(condition, "not", rewriter);
    if (inner) return emit(rewriter, "select", inner.inputs[0], y, x);
  },
};

/** `and` and `or` of bools: one value is neutral, the other decides. */
function logical(neutral: number, decides: number): Rule {
  return ({ inputs: [x, y] }, rewriter) => {
    if (x === y) return [x];
    if (x.type.dtype !== "bool") return undefined;
    for (const [known, other] of [[x, y], [y, x]]) {
      const value = fillValue(known, rewriter);
      if (value === neutral) return [other];
      if (value === decides) return [known];
    }
  };
}

/** Whether f32 holds a number with all its digits. */
function isNormal(x: number): boolean {
  return Math.fround(x) === x && Math.abs(x) >= 2 ** -126 && Math.abs(x) < Infinity;
}

function isPowerOfTwo(x: number): boolean {
  return isNormal(x) && 2 ** Math.round(Math.log2(Math.abs(x))) === Math.abs(x);
}

/**
 * The product of two factors if f32 holds it: a product with it is then the product with one after
 * the other, rounded once. Any other would not be: 1e20 · 1e20 leaves the range.
 */
function exactProduct(a: number, b: number): number | undefined {
  const product = Math.fround(a) * Math.fround(b);
  return isNormal(product) && Math.fround(a * b) === product ? a * b : undefined;
}

function scaledBy(
  value: Value,
  rewriter: Rewriter,
): { readonly value: Value; readonly factor: number } | undefined {
  const product = producedBy(value, "mul", rewriter);
  const factor = product && fillValue(product.inputs[1], rewriter);
  if (!product || factor === undefined || value.type.dtype !== "f32") return undefined;
  return { value: product.inputs[0], factor };
}

function scale(rewriter: Rewriter, value: Value, factor: number): Value[] {
  return emit(rewriter, "mul", value, emitFill(rewriter, value.type, factor));
}

/** Simplifies an elementwise operation. */
export function simplifyElementwise(
  equation: Equation,
  rewriter: Rewriter,
): readonly Value[] | undefined {
  const { primitive, outputs: [output] } = equation;
  return foldFills(equation, rewriter) ??
    RULES[primitive.name as ElementwiseName]?.(equation, rewriter) ??
    repeatAfter(equation, rewriter) ??
    reshapeAfter(equation, output, rewriter);
}

/** An operation on fills is a fill. */
function foldFills({ primitive, params, inputs, outputs }: Equation, rewriter: Rewriter) {
  const values: number[] = [];
  for (const input of inputs) {
    const value = fillValue(input, rewriter);
    if (value === undefined) return undefined;
    values.push(value);
  }
  const arrays = inputs.map(({ type: { dtype } }, i) => dense({ dtype, shape: [] }, [values[i]]));
  const [{ data: [value] }] = primitive.evaluate(arrays, params);
  return [emitFill(rewriter, outputs[0].type, value)];
}

/** An operation on values repeated in one way is a repetition of its result. */
function repeatAfter({ primitive, params, inputs }: Equation, rewriter: Rewriter) {
  const repetitions = inputs.map((input) => producedBy(input, BROADCAST, rewriter));
  const first = repetitions.find((repetition) => repetition !== undefined);
  if (!first) return undefined;
  const { axes } = first.params;
  const fits = inputs.every((input, i) =>
    fillValue(input, rewriter) !== undefined ||
    (repetitions[i] !== undefined && sameShape(repetitions[i].params.axes, axes))
  );
  if (!fits) return undefined;
  const { shape } = first.inputs[0].type;
  const sources = inputs.map((input, i) => {
    const value = fillValue(input, rewriter);
    return value === undefined
      ? (repetitions[i] as Equation).inputs[0]
      : emitFill(rewriter, { dtype: input.type.dtype, shape }, value);
  });
  return rewriter.emit(BROADCAST, rewriter.emit(primitive, sources, params), first.params);
}

/** An operation on values reshaped from one shape is done in that shape. */
function reshapeAfter({ primitive, params, inputs }: Equation, output: Value, rewriter: Rewriter) {
  for (const input of inputs) {
    const reshape = producedBy(input, RESHAPE, rewriter);
    if (!reshape) continue;
    const { shape } = reshape.inputs[0].type;
    const sources = inputs.map((other) => inShape(other, shape, rewriter));
    if (sources.some((source) => source === undefined)) continue;
    const values = sources.map((source) => (source as () => Value)());
    const results = rewriter.emit(primitive, values, params);
    return rewriter.emit(RESHAPE, results, { shape: output.type.shape });
  }
}
