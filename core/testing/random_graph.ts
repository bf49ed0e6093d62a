/**
 * Random programs of every primitive, loops in loops among them: what tests feed to passes and
 * backends. A seed gives the same program everywhere.
 *
 * @module
 */
import type { Graph } from "../graph.ts";
import * as ops from "../ops/mod.ts";
import { RANDOM_BITS } from "../primitives/creation.ts";
import { dense } from "../primitives/dense.ts";
import { elementwise, type ElementwiseName } from "../primitives/elementwise.ts";
import { BROADCAST, RESHAPE } from "../primitives/layout.ts";
import type { DenseArray, RandomSource } from "../primitives/primitive.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, sameType, type Shape, sizeOf, type TensorType } from "../tensor_type.ts";
import { apply, trace } from "../trace.ts";
import { randomSource } from "./random_source.ts";

/** Options of {@linkcode randomGraph}. */
export interface RandomGraphOptions {
  /** Operations to draw outside of loops; 10 if left out. */
  readonly operations?: number;
  /** How deep loops may lie in each other; 2 if left out. */
  readonly depth?: number;
  /** Leaves out operations with jumps and kinks, so that gradients can be taken; `false` if left out. */
  readonly smooth?: boolean;
}

/**
 * Draws a program. Its numbers stay small (f32 values below about 10), its jumps (comparisons,
 * rounding) lie where rounding errors do not reach, so that programs of the same meaning give the
 * same results up to small relative errors.
 *
 * @param seed Seed of the program.
 * @param options How large it is.
 * @returns A graph with dead code, code that occurs twice, and several outputs.
 */
export function randomGraph(seed: number, options: RandomGraphOptions = {}): Graph {
  const { operations = 10, depth = 2, smooth = false } = options;
  const random = randomSource(seed);
  const types: TensorType[] = [
    { dtype: "f32", shape: randomShape(random, 2, 3) },
    { dtype: "f32", shape: randomShape(random, 1, 3) },
    { dtype: "f32", shape: randomShape(random, 0, 2) },
    { dtype: "i32", shape: randomShape(random, 1, 2) },
    { dtype: "u32", shape: [2] },
    { dtype: "bool", shape: randomShape(random, 0, 2) },
  ];
  return trace(types, (...inputs) => {
    const maker = new GraphMaker(random, { depth, smooth });
    for (const input of inputs) maker.add(input, 1);
    maker.grow(operations);
    const outputs = [maker.pick("f32"), maker.pick("f32"), maker.pick()];
    return random() < 0.2 ? [...outputs, outputs[0]] : outputs;
  }).graph;
}

/** Arguments for a graph: real numbers in [−1, 1), whole numbers that are small, bools. */
export function randomInputs(graph: Graph, seed: number): DenseArray[] {
  const random = randomSource(seed);
  return graph.inputs.map(({ type }) => {
    const result = dense(type);
    result.data.forEach((_, i) => {
      const x = random();
      result.data[i] = type.dtype === "f32"
        ? Math.fround(2 * x - 1)
        : type.dtype === "bool"
        ? Math.floor(2 * x)
        : type.dtype === "i32"
        ? Math.floor(8 * x) - 2
        : Math.floor(2 ** 32 * x);
    });
    return result;
  });
}

function randomShape(random: RandomSource, least: number, most: number): number[] {
  const rank = least + Math.floor(random() * (most - least + 1));
  return Array.from({ length: rank }, () => 1 + Math.floor(random() * 4));
}

/** Magnitude above which a new value is brought back into [−1, 1]. */
const LARGEST = 10;
/** Magnitude that is assumed of what a loop carries. */
const CARRIED = 16;
/** Most elements a value may have. */
const MOST_ELEMENTS = 128;

/** Draws operations on what it has drawn so far. */
class GraphMaker {
  readonly #random: RandomSource;
  readonly #depth: number;
  readonly #smooth: boolean;
  readonly #pool: Tensor[] = [];
  /** Bound on the magnitude of each real value, inputs being below 1. */
  readonly #bounds: Map<Tensor, number>;

  constructor(
    random: RandomSource,
    options: { readonly depth: number; readonly smooth: boolean },
    bounds = new Map<Tensor, number>(),
  ) {
    this.#random = random;
    this.#depth = options.depth;
    this.#smooth = options.smooth;
    this.#bounds = bounds;
  }

  /** Offers a value to the operations to come. */
  add(x: Tensor, bound: number): void {
    if (sizeOf(x.shape) > MOST_ELEMENTS || sizeOf(x.shape) === 0) return;
    let small = x;
    if (x.type.dtype === "f32" && bound > LARGEST) {
      small = ops.tanh(x);
      bound = 1;
    }
    this.#bounds.set(small, bound);
    this.#pool.push(small);
  }

  /** Draws operations. Now and then one is drawn twice, operands and all. */
  grow(operations: number): void {
    for (let i = 0; i < operations; i++) {
      const kinds = this.#smooth ? SMOOTH_KINDS : KINDS;
      const kind = kinds[this.#below(kinds.length)];
      if (this.#random() < 0.15) {
        const seed = this.#below(2 ** 31);
        const size = this.#pool.length;
        for (let copy = 0; copy < 2; copy++) {
          const twin = new GraphMaker(randomSource(seed), {
            depth: 0,
            smooth: this.#smooth,
          }, this.#bounds);
          for (const x of this.#pool.slice(0, size)) twin.add(x, this.bound(x));
          if (kind !== "scan") twin.#make(kind);
          for (const x of twin.#pool.slice(size)) this.add(x, this.bound(x));
        }
      } else this.#make(kind);
    }
  }

  /** Bound on the magnitude of a value drawn. */
  bound(x: Tensor): number {
    return this.#bounds.get(x) ?? 1;
  }

  /** A value drawn so far, of an element type if one is given; later ones are likelier. */
  pick(dtype?: DType, fits: (x: Tensor) => boolean = () => true): Tensor {
    const list = this.#pool.filter((x) => (!dtype || x.type.dtype === dtype) && fits(x));
    if (list.length === 0) return ops.fill([], 1, dtype);
    return list[Math.floor(Math.sqrt(this.#random()) * list.length)];
  }

  /** A value of a type: one drawn so far, or one made of such. */
  like(type: TensorType): Tensor {
    const { dtype, shape } = type;
    const same = this.#pool.filter((x) => sameType(x.type, type));
    if (same.length > 0 && this.#random() < 0.8) return same[this.#below(same.length)];
    const x = this.pick(dtype);
    const bound = this.bound(x);
    let made: Tensor;
    if (sizeOf(x.shape) === sizeOf(shape)) made = apply(RESHAPE, [x], { shape })[0];
    else {
      const axes = x.rank > shape.length ? [] : this.#axesFor(x.shape, shape);
      if (axes.length === x.rank) made = apply(BROADCAST, [x], { shape, axes })[0];
      else if (dtype === "f32") {
        made = ops.broadcastTo(ops.mul(ops.sum(x), 1 / sizeOf(x.shape)), shape);
      } else made = ops.fill(shape, this.#below(2), dtype);
    }
    this.#bounds.set(made, bound);
    return made;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** Where the dimensions of one shape may lie in another, in order; shorter if they do not fit. */
  #axesFor(from: Shape, to: Shape): number[] {
    const axes: number[] = [];
    to.forEach((size, axis) => {
      if (axes.length < from.length && from[axes.length] === size) axes.push(axis);
    });
    return axes;
  }

  #real(least = 0): Tensor {
    const x = this.pick("f32", (x) => x.rank >= least);
    return x.rank >= least ? x : this.like({ dtype: "f32", shape: [3, 2, 2].slice(0, least) });
  }

  /** Numbers in [−1, 1], smooth in what they are made of. */
  #unit(x: Tensor): Tensor {
    return this.bound(x) <= 1 ? x : elementwise(this.#random() < 0.5 ? "tanh" : "sin", [x]);
  }

  /** A number of 1 or more, smooth in what it is made of. */
  #positive(x: Tensor): Tensor {
    const unit = this.#unit(x);
    return ops.add(ops.mul(unit, unit), 1);
  }

  #make(kind: Kind): void {
    MAKERS[kind](this, {
      below: (limit) => this.#below(limit),
      real: (least) => this.#real(least),
      unit: (x) => this.#unit(x),
      positive: (x) => this.#positive(x),
      scan: () => this.#scan(),
    });
  }

  /** A loop: its body reads values from outside, carries some, walks over some, stacks some. */
  #scan(): void {
    if (this.#depth === 0) return;
    const walked = this.#random() < 0.8
      ? [this.pick(undefined, (x) => x.rank > 0)].filter((x) => x.rank > 0)
      : [];
    const length = walked[0]?.shape[0] ?? 1 + this.#below(4);
    while (this.#random() < 0.6) {
      const { dtype, shape } = this.pick().type;
      if (shape.length < 3) walked.push(this.like({ dtype, shape: [length, ...shape] }));
    }
    const carries = Array.from({ length: this.#below(4) }, () => this.pick());
    const roles = carries.map((x) => {
      const roll = this.#random();
      if (x.type.dtype === "f32" && roll < 0.4) return "sum";
      return roll < 0.5 ? "frozen" : "free";
    });
    const outside = this.#pool.slice();
    const options = { depth: this.#depth - 1, smooth: this.#smooth };
    const [last, stacks] = ops.scan(
      (carry: Tensor[], slices: Tensor[]) => {
        const inner = new GraphMaker(this.#random, options, this.#bounds);
        for (let i = 0; i < 3; i++) {
          const x = outside[this.#below(outside.length)];
          inner.add(x, this.bound(x));
        }
        slices.forEach((slice, i) => inner.add(slice, this.bound(walked[i])));
        carry.forEach((x, i) => {
          if (roles[i] !== "sum") inner.add(x, CARRIED);
        });
        inner.grow(2 + this.#below(6));
        const next = carry.map((x, i) => {
          if (roles[i] === "frozen") return x;
          const found = inner.like(x.type);
          if (x.type.dtype !== "f32") return found;
          if (roles[i] === "free") return inner.bound(found) <= CARRIED ? found : ops.tanh(found);
          const term = inner.bound(found) <= 1 ? found : ops.tanh(found);
          return this.#random() < 0.7
            ? ops.add(x, term)
            : ops.add(ops.mul(inner.#unit(inner.like(x.type)), 0.1), ops.add(term, x));
        });
        const outputs = Array.from({ length: this.#below(4) }, () => inner.pick());
        for (const x of outputs) this.#bounds.set(x, inner.bound(x));
        return [next, outputs];
      },
      carries,
      walked,
      { length, reverse: this.#random() < 0.4 },
    );
    for (const x of [...last, ...stacks]) this.add(x, CARRIED);
  }
}

/** What a maker of operations may ask for. */
interface Helpers {
  /** A whole number below a limit. */
  below(limit: number): number;
  /** A real value of at least a number of dimensions. */
  real(least?: number): Tensor;
  /** The same, brought into [−1, 1]. */
  unit(x: Tensor): Tensor;
  /** Numbers of 1 or more. */
  positive(x: Tensor): Tensor;
  /** Makes a loop. */
  scan(): void;
}

type Kind =
  | "unary"
  | "binary"
  | "linear"
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

const KINDS: readonly Kind[] = [
  ...["unary", "binary", "linear", "kinked", "whole", "compare", "select", "cast"] as const,
  ...["sum", "fold", "matmul", "matmul", "reshape", "move", "cut", "join"] as const,
  ...["gather", "scatter", "create", "bits", "one_hot", "scan", "scan", "scan"] as const,
];
const SMOOTH_KINDS: readonly Kind[] = [
  ...["unary", "binary", "linear", "sum", "matmul", "matmul", "reshape", "move"] as const,
  ...["cut", "join", "gather", "scatter", "create", "one_hot", "scan", "scan"] as const,
];

/** One function a kind of operation: draws operands, applies it, offers the results. */
const MAKERS: Readonly<Record<Kind, (maker: GraphMaker, helpers: Helpers) => void>> = {
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
      () => [ops.stopGradient(x), maker.bound(x)],
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
    maker.add(ops.sum(x, axes, { keepDimensions: below(4) === 0 }), maker.bound(x) * 64);
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
      maker.add(ops.fill(shape, below(3), dtype), 2);
    } else maker.add(ops.iota(shape, below(shape.length), dtype), 4);
  },
  bits(maker) {
    const { shape } = maker.pick().type;
    const [bits] = apply(RANDOM_BITS, [maker.like({ dtype: "u32", shape: [2] })], { shape });
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
