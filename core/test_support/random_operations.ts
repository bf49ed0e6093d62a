/**
 * The operations that random programs are drawn from, one function a kind.
 *
 * @module
 */
import * as ops from "../language/ops/mod.ts";
import { FOLD_IN, RANDOM_BITS } from "../language/primitives/creation.ts";
import { elementwise } from "../language/primitives/elementwise.ts";
import type { ElementwiseName } from "../ir/operation_names.ts";
import { BROADCAST, RESHAPE } from "../language/primitives/layout.ts";
import type { Tensor } from "../language/tensor.ts";
import { type DType, sizeOf, type TensorType } from "../ir/tensor_type.ts";
import { apply } from "../language/tensor.ts";

/** Magnitude above which a new value is brought back into [−1, 1]. */
export const LARGEST = 10;
/** Magnitude that is assumed of what a loop carries. */
export const CARRIED = 16;

/** The values drawn so far. */
export interface Pool {
  /** Offers a value to the operations to come. */
  add(x: Tensor, bound: number): void;
  /** Bound on the magnitude of a value drawn. */
  bound(x: Tensor): number;
  /** A value drawn so far, of an element type if one is given; later ones are likelier. */
  pick(dtype?: DType, fits?: (x: Tensor) => boolean): Tensor;
  /** A value of a type: one drawn so far, or one made of such. */
  like(type: TensorType): Tensor;
}

/** What a maker of operations may ask for. */
export interface Helpers {
  /** A whole number below a limit. */
  below(limit: number): number;
  /** A real value of at least a number of dimensions. */
  real(minRank?: number): Tensor;
  /** The same, brought into [−1, 1]. */
  unit(x: Tensor): Tensor;
  /** Numbers of 1 or more. */
  positive(x: Tensor): Tensor;
  /** Makes a loop. */
  scan(): void;
}

/** Kinds of operations. */
export type Kind =
  | "unary"
  | "binary"
  | "linear"
  | "gate"
  | "kinked"
  | "whole"
  | "compare"
  | "select"
  | "cast"
  | "sum"
  | "fold"
  | "matmul"
  | "reshape"
  | "move"
  | "cut"
  | "join"
  | "gather"
  | "scatter"
  | "create"
  | "bits"
  | "one_hot"
  | "scan";

/** All kinds; what is named more often is drawn more often. */
export const KINDS: readonly Kind[] = [
  ...["unary", "binary", "linear", "gate", "kinked", "whole", "compare", "select", "cast"] as const,
  ...["sum", "fold", "matmul", "matmul", "reshape", "move", "cut", "join"] as const,
  ...["gather", "scatter", "create", "bits", "one_hot", "scan", "scan", "scan"] as const,
];
/** Kinds without jumps and kinks. */
export const SMOOTH_KINDS: readonly Kind[] = [
  ...[
    "unary",
    "binary",
    "linear",
    "gate",
    "gate",
    "sum",
    "matmul",
    "matmul",
    "reshape",
    "move",
  ] as const,
  ...["cut", "join", "gather", "scatter", "create", "one_hot", "scan", "scan"] as const,
];

/** One function a kind of operation: draws operands, applies it, offers the results. */
export const MAKERS: Readonly<Record<Kind, (maker: Pool, helpers: Helpers) => void>> = {
  unary(maker, { below, real, unit, positive }) {
    const x = real();
    const choices: (() => [Tensor, number])[] = [
      () => [ops.tanh(x), 1],
      () => [ops.sigmoid(x), 1],
      () => [ops.sin(x), 1],
      () => [ops.cos(x), 1],
      () => [ops.neg(x), maker.bound(x)],
      () => [ops.exp(unit(x)), 3],
      () => [ops.log(positive(x)), 1],
      () => [ops.sqrt(positive(x)), 2],
      () => [ops.square(unit(x)), 1],
    ];
    maker.add(...choices[below(choices.length)]());
  },
  binary(maker, { below, real, unit, positive }) {
    const x = real();
    const y = maker.like(x.type);
    const choices: (() => [Tensor, number])[] = [
      () => [ops.mul(x, unit(y)), maker.bound(x)],
      () => [ops.div(x, positive(y)), maker.bound(x)],
      () => [ops.pow(positive(x), unit(y)), 2],
      () => [ops.add(x, y), maker.bound(x) + maker.bound(y)],
      () => [ops.sub(x, y), maker.bound(x) + maker.bound(y)],
    ];
    maker.add(...choices[below(choices.length)]());
  },
  linear(maker, { below, real }) {
    const x = real();
    const value = [0, 1, -1, 0.5][below(4)];
    const bound = maker.bound(x) + 1;
    const choices = [
      () => ops.add(x, value),
      () => ops.sub(value, x),
      () => ops.mul(value, x),
      () => ops.neg(ops.neg(x)),
      () => ops.sub(x, ops.neg(x)),
      () => ops.sub(x, value),
      () => ops.div(x, value || 1),
    ];
    maker.add(choices[below(choices.length)](), 2 * bound);
  },
  gate(maker, { real }) {
    const x = real();
    const open = ops.sigmoid(maker.like(x.type));
    const mixed = ops.add(
      ops.mul(ops.sub(1, open), ops.tanh(x)),
      ops.mul(open, maker.like(x.type)),
    );
    maker.add(mixed, LARGEST + 1);
  },
  kinked(maker, { below, real }) {
    const x = real();
    const y = maker.like(x.type);
    const shifted = ops.add(x, 0.0123456789);
    const choices = [
      () => ops.maximum(x, y),
      () => ops.minimum(x, y),
      () => ops.abs(x),
      () => ops.sign(shifted),
      () => ops.floor(shifted),
      () => ops.relu(x),
      () => ops.stopGradient(x),
    ];
    maker.add(choices[below(choices.length)](), Math.max(maker.bound(x), maker.bound(y)) + 1);
  },
  whole(maker, { below }) {
    const x = maker.pick(below(2) ? "i32" : "u32");
    const y = maker.like(x.type);
    const names: ElementwiseName[] = ["add", "sub", "mul", "div", "rem", "max", "min"];
    names.push("and", "or", "xor", "shift_left", "shift_right");
    maker.add(elementwise(names[below(names.length)], [x, y]), 0);
  },
  compare(maker, { below, real }) {
    const x = below(2) ? real() : maker.pick("i32");
    const y = maker.like(x.type);
    const isReal = x.type.dtype === "f32";
    const names: ElementwiseName[] = [
      "lt",
      "le",
      "gt",
      "ge",
      ...isReal ? [] : ["eq", "ne"] as const,
    ];
    const other = isReal ? ops.add(y, 0.0123456789) : y;
    const result = elementwise(names[below(names.length)], [x, other]);
    maker.add(result, 0);
    const mask = maker.like(result.type);
    maker.add(below(2) ? ops.and(result, mask) : ops.or(ops.not(mask), result), 0);
  },
  select(maker) {
    const x = maker.pick();
    const y = maker.like(x.type);
    const condition = maker.like({ dtype: "bool", shape: x.shape });
    maker.add(ops.where(condition, x, y), Math.max(maker.bound(x), maker.bound(y)));
  },
  cast(maker, { below }) {
    const x = maker.pick();
    const { dtype } = x.type;
    const to = (["f32", "i32", "u32", "bool"] as const)[below(4)];
    if (dtype === "f32") maker.add(ops.cast(ops.floor(ops.add(x, 0.0123456789)), to), CARRIED);
    else if (dtype === "bool" || to !== "f32") maker.add(ops.cast(x, to), 1);
    else maker.add(ops.cast(ops.remainder(x, 5), to), 5);
  },
  sum(maker, { below, real }) {
    const x = real();
    const axes = x.shape.flatMap((_, d) => below(2) ? [d] : []);
    maker.add(ops.sum(x, axes, { keepDims: below(4) === 0 }), maker.bound(x) * 64);
    if (x.rank > 0) maker.add(ops.mean(x, below(x.rank)), maker.bound(x));
  },
  fold(maker, { below, real }) {
    const x = real(1);
    const axis = below(x.rank);
    maker.add(ops.max(x, axis), maker.bound(x));
    const slope = ops.mul(ops.iota(x.shape, axis, "f32"), 0.0123456789);
    maker.add(ops.argmax(ops.add(x, slope), axis), 0);
  },
  matmul(maker, { below, real, unit }) {
    const x = unit(real(2));
    const [m, k] = x.shape.slice(-2);
    const [transposeX, transposeY] = [below(2) === 1, below(2) === 1];
    const inner = transposeX ? m : k;
    const n = 1 + below(4);
    const matrix = transposeY ? [n, inner] : [inner, n];
    if (x.rank > 2 && below(2) && !transposeX) {
      const y = maker.like({ dtype: "f32", shape: matrix });
      maker.add(ops.matmul(x, y, { transposeY }), 4 * maker.bound(y));
      return;
    }
    const y = maker.like({ dtype: "f32", shape: [...x.shape.slice(0, -2), ...matrix] });
    maker.add(ops.matmul(x, y, { transposeX, transposeY }), 4 * maker.bound(y));
  },
  reshape(maker, { below }) {
    const x = maker.pick();
    const flat = sizeOf(x.shape);
    const divisors = [1, 2, 3, 4].filter((d) => flat % d === 0);
    const first = divisors[below(divisors.length)];
    const shapes = [[flat], [first, flat / first], [1, ...x.shape], [flat / first, 1, first]];
    maker.add(apply(RESHAPE, [x], { shape: shapes[below(4)] })[0], maker.bound(x));
  },
  move(maker, { below }) {
    const x = maker.pick(undefined, (x) => x.rank > 0);
    if (x.rank === 0) return;
    const order = x.shape.map((_, d) => d);
    for (let i = order.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    const at = below(x.rank + 1);
    const repeated = [...x.shape.slice(0, at), 1 + below(3), ...x.shape.slice(at)];
    const axes = x.shape.map((_, d) => d < at ? d : d + 1);
    const choices = [
      () => ops.transpose(x, order),
      () => ops.reverse(x, below(x.rank)),
      () => apply(BROADCAST, [x], { shape: repeated, axes })[0],
    ];
    maker.add(choices[below(choices.length)](), maker.bound(x));
  },
  cut(maker, { below }) {
    const x = maker.pick(undefined, (x) => x.rank > 0);
    if (x.rank === 0) return;
    const axis = below(x.rank);
    const size = x.shape[axis];
    const start = below(size);
    if (below(2)) maker.add(ops.slice(x, axis, start, size), maker.bound(x));
    else if (start > 0) {
      const parts = ops.split(x, [start, size - start], axis);
      for (const part of parts) maker.add(part, maker.bound(x));
      if (below(3) === 0) maker.add(ops.concatenate(parts, axis), maker.bound(x));
    }
  },
  join(maker, { below }) {
    const x = maker.pick(undefined, (x) => x.rank > 0 && x.type.dtype !== "bool");
    if (x.rank === 0) return;
    const axis = below(x.rank);
    const bound = maker.bound(x) + 1;
    if (below(2)) maker.add(ops.concatenate([x, maker.like(x.type), x], axis), bound + CARRIED);
    else maker.add(ops.pad(x, axis, { before: below(2), after: below(3), value: below(2) }), bound);
  },
  gather(maker) {
    const table = maker.pick("f32", (x) => x.rank > 0);
    if (table.rank > 0) maker.add(ops.gather(table, maker.pick("i32")), maker.bound(table));
  },
  scatter(maker, { below, real }) {
    const updates = real(1);
    const places = 1 + below(updates.rank);
    const indices = maker.like({ dtype: "i32", shape: updates.shape.slice(0, places) });
    maker.add(ops.scatterAdd(indices, updates, 1 + below(4)), 64 * maker.bound(updates));
  },
  create(maker, { below }) {
    const { dtype, shape } = maker.pick().type;
    if (below(2) || shape.length === 0 || dtype === "bool") {
      maker.add(ops.fill(shape, Math.min(below(3), dtype === "bool" ? 1 : 2), dtype), 2);
    } else maker.add(ops.iota(shape, below(shape.length), dtype), 4);
  },
  bits(maker, { below }) {
    const { shape } = maker.pick().type;
    let key = maker.like({ dtype: "u32", shape: [2] });
    if (below(2)) [key] = apply(FOLD_IN, [key, maker.like({ dtype: "u32", shape: [] })], {});
    const [bits] = apply(RANDOM_BITS, [key], { shape });
    maker.add(bits, 0);
    maker.add(ops.mul(ops.cast(ops.shiftRight(bits, 8), "f32"), 2 ** -24), 1);
  },
  one_hot(maker, { below, real }) {
    const table = real(2);
    if (table.rank !== 2) return;
    const indices = maker.pick("i32", (x) => x.rank > 0);
    if (indices.rank === 0) return;
    const [rows] = table.shape;
    const labels = ops.maximum(ops.minimum(indices, rows - 1), 0);
    const hot = ops.oneHot(labels, rows);
    maker.add(hot, 1);
    maker.add(ops.matmul(hot, table), maker.bound(table));
    if (indices.rank !== 1) return;
    const y = maker.like({ dtype: "f32", shape: [indices.shape[0], 1 + below(3)] });
    maker.add(ops.matmul(hot, y, { transposeX: true }), 4 * maker.bound(y));
  },
  scan: (_maker, { scan }) => scan(),
};
