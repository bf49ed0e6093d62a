/**
 * Rules for layout: moves that cancel, that join, and that move nothing.
 *
 * @module
 */
import { type Equation, paramsOf, type Value } from "../ir/graph.ts";
import { IOTA } from "../language/primitives/creation.ts";
import { BROADCAST, RESHAPE, REVERSE, TRANSPOSE } from "../language/primitives/layout.ts";
import { CONCATENATE, PAD, SLICE, type SliceParams, SPLIT } from "../language/primitives/slice.ts";
import {
  keptAxes,
  REDUCE_MAX,
  REDUCE_SUM,
  type ReduceParams,
} from "../language/primitives/reduce.ts";
import { sameShape, type Shape } from "../ir/tensor_type.ts";
import { type Rewriter, type Rule, sameItems } from "./rewrite.ts";
import { emitFill, emitReshape, fillValue, inShape, producedBy } from "./simplify_rule.ts";

/** Fills stay fills however they are cut, moved and repeated. */
function ofFill({ inputs: [x], outputs }: Equation, rewriter: Rewriter): Value[] | undefined {
  const value = fillValue(x, rewriter);
  return value === undefined
    ? undefined
    : outputs.map(({ type }) => emitFill(rewriter, type, value));
}

const simplifyReshape: Rule = (equation, rewriter) => {
  const { inputs: [x], outputs: [{ type: { shape } }] } = equation;
  if (sameShape(x.type.shape, shape)) return [x];
  const inner = producedBy(x, RESHAPE, rewriter);
  if (inner) return [emitReshape(rewriter, inner.inputs[0], shape)];
  const fold = producedBy(x, REDUCE_SUM, rewriter) ?? producedBy(x, REDUCE_MAX, rewriter);
  const folded = fold && foldInShape(fold, shape, rewriter);
  if (folded) return folded;
  const repetition = producedBy(x, BROADCAST, rewriter) && inShape(x, shape, rewriter);
  return repetition ? [repetition()] : ofFill(equation, rewriter);
};

/** A fold whose result then loses dimensions of size 1 folds those too. */
function foldInShape(
  { primitive, inputs: [source], params: { axes } }: Equation<ReduceParams>,
  shape: Shape,
  rewriter: Rewriter,
): readonly Value[] | undefined {
  const own = source.type.shape;
  const lost: number[] = [];
  let next = 0;
  for (const axis of keptAxes(own, axes)) {
    if (own[axis] === shape[next]) next++;
    else if (own[axis] === 1) lost.push(axis);
    else return undefined;
  }
  if (next < shape.length) return undefined;
  return rewriter.emit(primitive, [source], { axes: [...axes, ...lost].sort((a, b) => a - b) });
}

const simplifyTranspose: Rule = (equation, rewriter) => {
  const { inputs: [x], outputs: [{ type: { shape } }] } = equation;
  const { order } = paramsOf(equation, TRANSPOSE);
  if (order.every((axis, i) => axis === i)) return [x];
  const large = order.filter((axis) => x.type.shape[axis] !== 1);
  // Moving dimensions of size 1 moves no element.
  if (large.every((axis, i) => i === 0 || axis > large[i - 1])) {
    return [emitReshape(rewriter, x, shape)];
  }
  const inner = producedBy(x, TRANSPOSE, rewriter);
  if (inner) {
    const before = inner.params.order;
    return rewriter.emit(TRANSPOSE, inner.inputs, { order: order.map((axis) => before[axis]) });
  }
  return ofFill(equation, rewriter);
};

const simplifyBroadcast: Rule = (equation, rewriter) => {
  const { inputs: [x] } = equation;
  const { shape, axes } = paramsOf(equation, BROADCAST);
  if (shape.every((size, axis) => size === 1 || axes.includes(axis))) {
    return [emitReshape(rewriter, x, shape)];
  }
  const inner = producedBy(x, BROADCAST, rewriter);
  if (inner) {
    const before = inner.params.axes;
    return rewriter.emit(BROADCAST, inner.inputs, { shape, axes: before.map((d) => axes[d]) });
  }
  const counter = producedBy(x, IOTA, rewriter);
  if (counter) {
    const axis = axes[counter.params.axis];
    return rewriter.emit(IOTA, [], { ...counter.params, shape, axis });
  }
  // Dimensions of size 1 need not be there before.
  if (x.type.shape.includes(1)) {
    const kept = axes.filter((axis) => shape[axis] !== 1);
    const small = emitReshape(rewriter, x, kept.map((axis) => shape[axis]));
    return rewriter.emit(BROADCAST, [small], { shape, axes: kept });
  }
  return ofFill(equation, rewriter);
};

const simplifyReverse: Rule = (equation, rewriter) => {
  const { inputs: [x] } = equation;
  const { axes } = paramsOf(equation, REVERSE);
  const large = axes.filter((axis) => x.type.shape[axis] !== 1);
  if (large.length === 0) return [x];
  if (large.length < axes.length) return rewriter.emit(REVERSE, [x], { axes: large });
  const inner = producedBy(x, REVERSE, rewriter);
  if (inner && sameShape(inner.params.axes, axes)) return inner.inputs;
  return ofFill(equation, rewriter);
};

const simplifySlice: Rule = (equation, rewriter) => {
  const { inputs: [x] } = equation;
  const { axis, start, end } = paramsOf(equation, SLICE);
  if (start === 0 && end === x.type.shape[axis]) return [x];
  const slice = (value: Value, from: number, to: number) =>
    rewriter.emit(SLICE, [value], { axis, start: from, end: to });
  const inner = producedBy(x, SLICE, rewriter);
  if (inner?.params.axis === axis) {
    const before = inner.params.start;
    return slice(inner.inputs[0], before + start, before + end);
  }
  const joined = producedBy(x, CONCATENATE, rewriter);
  if (joined?.params.axis === axis) {
    let before = 0;
    for (const part of joined.inputs) {
      const size = part.type.shape[axis];
      if (start >= before && end <= before + size) return slice(part, start - before, end - before);
      before += size;
    }
  }
  const grown = producedBy(x, PAD, rewriter);
  if (grown?.params.axis === axis) {
    const { before } = grown.params;
    const [from, to] = [start - before, end - before];
    if (from >= 0 && to <= grown.inputs[0].type.shape[axis]) {
      return slice(grown.inputs[0], from, to);
    }
  }
  return ofFill(equation, rewriter);
};

const simplifySplit: Rule = (equation, rewriter) => {
  const { inputs: [x] } = equation;
  const { axis, sizes } = paramsOf(equation, SPLIT);
  if (sizes.length === 1) return [x];
  const joined = producedBy(x, CONCATENATE, rewriter);
  if (
    joined?.params.axis === axis &&
    sameShape(joined.inputs.map((part) => part.type.shape[axis]), sizes)
  ) return joined.inputs;
  return ofFill(equation, rewriter);
};

const simplifyPad: Rule = (equation, rewriter) => {
  const { inputs: [x], outputs } = equation;
  const { before, after, value } = paramsOf(equation, PAD);
  if (before === 0 && after === 0) return [x];
  const filled = fillValue(x, rewriter);
  return filled === value ? [emitFill(rewriter, outputs[0].type, value)] : undefined;
};

const simplifyConcatenate: Rule = (equation, rewriter) => {
  const { inputs, outputs } = equation;
  if (inputs.length === 1) return inputs;
  const { axis } = paramsOf(equation, CONCATENATE);
  const flat = inputs.flatMap((input) => {
    const inner = producedBy(input, CONCATENATE, rewriter);
    return inner?.params.axis === axis ? inner.inputs : [input];
  });
  if (flat.length > inputs.length) return rewriter.emit(CONCATENATE, flat, { axis });
  const split = producedBy(inputs[0], SPLIT, rewriter);
  if (split?.params.axis === axis && sameItems(split.outputs, inputs)) return split.inputs;
  const first = fillValue(inputs[0], rewriter);
  if (first !== undefined && inputs.every((input) => fillValue(input, rewriter) === first)) {
    return [emitFill(rewriter, outputs[0].type, first)];
  }
  return joinSlices(inputs, axis, rewriter);
};

/** Neighbouring slices of one value put together again are one slice of it. */
function joinSlices(
  inputs: readonly Value[],
  axis: number,
  rewriter: Rewriter,
): readonly Value[] | undefined {
  const parts: { readonly value: Value; readonly from?: Value; readonly params?: SliceParams }[] =
    [];
  for (const value of inputs) {
    const slice = producedBy(value, SLICE, rewriter);
    const last = parts.at(-1);
    if (slice?.params.axis !== axis) {
      parts.push({ value });
      continue;
    }
    const [from] = slice.inputs;
    const own = slice.params;
    if (last?.params && last.from === from && last.params.end === own.start) {
      const params = { axis, start: last.params.start, end: own.end };
      parts[parts.length - 1] = { value: rewriter.emit(SLICE, [from], params)[0], from, params };
    } else parts.push({ value, from, params: own });
  }
  if (parts.length === inputs.length) return undefined;
  return rewriter.emit(CONCATENATE, parts.map(({ value }) => value), { axis });
}

/** The rules by primitive. */
export const LAYOUT_RULES: Readonly<Record<string, Rule>> = {
  reshape: simplifyReshape,
  transpose: simplifyTranspose,
  broadcast: simplifyBroadcast,
  reverse: simplifyReverse,
  slice: simplifySlice,
  split: simplifySplit,
  pad: simplifyPad,
  concatenate: simplifyConcatenate,
  gather: ofFill,
};
