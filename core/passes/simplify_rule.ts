/**
 * What the rules of `simplify.ts` share: looking at how a value was made, and reshaping values that
 * are made of nothing much.
 *
 * @module
 */
import { type Equation, isApplication, type Value } from "../ir/graph.ts";
import { FILL, IOTA } from "../language/primitives/creation.ts";
import { ELEMENTWISE_PRIMITIVES } from "../language/primitives/elementwise.ts";
import type { ElementwiseName } from "../ir/operation_names.ts";
import { BROADCAST, type BroadcastParams, RESHAPE } from "../language/primitives/layout.ts";
import type { Params, Primitive } from "../ir/primitive.ts";
import { sameShape, type Shape, type TensorType } from "../ir/tensor_type.ts";
import type { Rewriter } from "./rewrite.ts";

/** Returns whether an equation works element by element. */
export function isElementwise({ primitive }: Equation): boolean {
  return primitive.isElementwise === true;
}

/** Returns the one number a value is filled with, if it is. */
export function fillValue(value: Value, rewriter: Rewriter): number | undefined {
  return producedBy(value, FILL, rewriter)?.params.value;
}

/** Returns the equation that binds a value, if its primitive is the one named. */
export function producedBy(
  value: Value,
  name: ElementwiseName,
  rewriter: Rewriter,
): Equation | undefined;
export function producedBy<P extends Params>(
  value: Value,
  primitive: Primitive<P>,
  rewriter: Rewriter,
): Equation<P> | undefined;
export function producedBy(
  value: Value,
  name: ElementwiseName | Primitive,
  rewriter: Rewriter,
): Equation | undefined {
  const producer = rewriter.producer(value);
  const wanted = typeof name === "string" ? ELEMENTWISE_PRIMITIVES[name] : name;
  return producer && isApplication(producer, wanted) ? producer : undefined;
}

/** Emits a value of a type that is filled with a number. */
export function emitFill(rewriter: Rewriter, type: TensorType, value: number): Value {
  return rewriter.emit(FILL, [], { dtype: type.dtype, shape: type.shape, value })[0];
}

/** Emits a value in another shape. */
export function emitReshape(rewriter: Rewriter, value: Value, shape: Shape): Value {
  return sameShape(value.type.shape, shape) ? value : rewriter.emit(RESHAPE, [value], { shape })[0];
}

/** Dimensions of two shapes that hold the same elements: each list of the one makes up its other. */
export interface DimensionGroup {
  /** Dimensions of the first shape. */
  readonly from: readonly number[];
  /** Dimensions of the second shape. */
  readonly to: readonly number[];
}

/**
 * Cuts two shapes of equal size into the shortest groups of equal size; size 1 joins any group. The
 * shapes hold elements: where a size is 0, every cut is of equal size.
 */
export function groupDimensions(from: Shape, to: Shape): DimensionGroup[] {
  const groups: DimensionGroup[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const group = { from: [] as number[], to: [] as number[] };
    let [sizeFrom, sizeTo] = [1, 1];
    do {
      const takeFrom = i < from.length && (sizeFrom <= sizeTo || j >= to.length);
      if (takeFrom) {
        sizeFrom *= from[i];
        group.from.push(i++);
      } else {
        sizeTo *= to[j];
        group.to.push(j++);
      }
    } while ((i < from.length || j < to.length) && sizeFrom !== sizeTo);
    groups.push(group);
  }
  return groups;
}

/**
 * A value in another shape without reshaping anything computed: a fill, a counter or a repetition is
 * made in the other shape, a reshaped value is taken from before, and an elementwise operation is
 * done on its inputs in that shape.
 *
 * @returns A function that emits the value, or `undefined` if that cannot be.
 */
export function inShape(
  value: Value,
  shape: Shape,
  rewriter: Rewriter,
  depth = 3,
): (() => Value) | undefined {
  if (sameShape(value.type.shape, shape)) return () => value;
  const producer = rewriter.producer(value);
  if (!producer) return undefined;
  const { primitive, params, inputs } = producer;
  const filled = fillValue(value, rewriter);
  if (filled !== undefined) {
    return () => emitFill(rewriter, { dtype: value.type.dtype, shape }, filled);
  }
  if (primitive === RESHAPE) {
    return sameShape(inputs[0].type.shape, shape) ? () => inputs[0] : undefined;
  }
  if (isApplication(producer, BROADCAST)) return broadcastInShape(producer, shape, rewriter);
  if (isApplication(producer, IOTA)) {
    const { axis } = producer.params;
    const group = groupDimensions(value.type.shape, shape)
      .find(({ from }) => from.includes(axis));
    const nonUnit = (dimensions: readonly number[], of: Shape) =>
      dimensions.filter((axis) => of[axis] !== 1);
    const [from, to] = group
      ? [nonUnit(group.from, value.type.shape), nonUnit(group.to, shape)]
      : [[], []];
    if (from.length !== 1 || to.length !== 1 || from[0] !== axis) return undefined;
    return () => rewriter.emit(IOTA, [], { ...params, shape, axis: to[0] })[0];
  }
  if (depth === 0 || !isElementwise(producer)) return undefined;
  const parts = inputs.map((input) => inShape(input, shape, rewriter, depth - 1));
  if (parts.some((part) => part === undefined)) return undefined;
  return () => rewriter.emit(primitive, parts.map((part) => (part as () => Value)()), params)[0];
}

function broadcastInShape(
  { inputs: [source], params: { axes }, outputs: [value] }: Equation<BroadcastParams>,
  shape: Shape,
  rewriter: Rewriter,
): (() => Value) | undefined {
  const own = value.type.shape;
  const kept: number[] = [];
  for (const { from, to } of groupDimensions(own, shape)) {
    const large = from.filter((axis) => own[axis] !== 1);
    if (large.every((axis) => axes.includes(axis))) {
      if (large.length > 0) kept.push(...to);
    } else if (large.some((axis) => axes.includes(axis))) return undefined;
  }
  // A repetition that repeats nothing is a reshape, which is not for this rule.
  if (kept.length === shape.length) return undefined;
  return () => {
    const part = emitReshape(rewriter, source, kept.map((axis) => shape[axis]));
    return rewriter.emit(BROADCAST, [part], { shape, axes: kept })[0];
  };
}
