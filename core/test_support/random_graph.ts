/**
 * Random programs of every primitive, loops in loops among them: what tests feed to passes and
 * backends. A seed gives the same program everywhere.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import * as ops from "../language/ops/mod.ts";
import { dense } from "../ir/dense.ts";
import { elementwise } from "../language/primitives/elementwise.ts";
import { BROADCAST, RESHAPE } from "../language/primitives/layout.ts";
import type { DenseArray, RandomSource } from "../ir/primitive.ts";
import type { Tensor } from "../language/tensor.ts";
import { type DType, sameType, type Shape, sizeOf, type TensorType } from "../ir/tensor_type.ts";
import { apply } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import {
  CARRIED,
  type Kind,
  KINDS,
  LARGEST,
  MAKERS,
  type Pool,
  SMOOTH_KINDS,
} from "./random_operations.ts";
import { randomSource } from "../util/random_source.ts";

/** Options of {@linkcode randomGraph}. */
export interface RandomGraphOptions {
  /** Operations to draw outside of loops; 10 if left out. */
  readonly operations?: number;
  /** How deep loops may lie in each other; 2 if left out. */
  readonly depth?: number;
  /** Leaves out operations with jumps and kinks, so that gradients can be taken; `false` if left out. */
  readonly smooth?: boolean;
  /** Greatest dimension of an input; 4 if left out. */
  readonly largest?: number;
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
  const { operations = 10, depth = 2, smooth = false, largest = 4 } = options;
  const randomShape = (random: RandomSource, min: number, max: number): number[] => {
    const rank = min + Math.floor(random() * (max - min + 1));
    return Array.from({ length: rank }, () => 1 + Math.floor(random() * largest));
  };
  // As many elements as two of the largest inputs of three dimensions.
  const elements = 2 * largest ** 3;
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
    const maker = new GraphMaker(random, { depth, smooth, elements });
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

/** Draws operations on what it has drawn so far. */
class GraphMaker implements Pool {
  readonly #random: RandomSource;
  readonly #depth: number;
  readonly #smooth: boolean;
  /** Most elements a value may have. */
  readonly #elements: number;
  readonly #pool: Tensor[] = [];
  /** Bound on the magnitude of each real value, inputs being below 1. */
  readonly #bounds: Map<Tensor, number>;

  constructor(
    random: RandomSource,
    options: { readonly depth: number; readonly smooth: boolean; readonly elements: number },
    bounds = new Map<Tensor, number>(),
  ) {
    this.#random = random;
    this.#depth = options.depth;
    this.#smooth = options.smooth;
    this.#elements = options.elements;
    this.#bounds = bounds;
  }

  /** Offers a value to the operations to come. */
  add(x: Tensor, bound: number): void {
    if (sizeOf(x.shape) > this.#elements || sizeOf(x.shape) === 0) return;
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
            elements: this.#elements,
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

  #real(minRank = 0): Tensor {
    const x = this.pick("f32", (x) => x.rank >= minRank);
    return x.rank >= minRank ? x : this.like({ dtype: "f32", shape: [3, 2, 2].slice(0, minRank) });
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
      real: (minRank) => this.#real(minRank),
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
    const options = {
      depth: this.#depth - 1,
      smooth: this.#smooth,
      elements: this.#elements,
    };
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
