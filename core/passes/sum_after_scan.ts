/**
 * Moves sums out of loops: what a loop only adds up is stacked, and summed after it. The gradient of a
 * weight, the sum over t of `x_tᵀ @ y_t`, becomes one matrix product in which time is part of the
 * dimension summed over.
 *
 * @module
 */
import { type Equation, type Graph, isApplication, type Value } from "../ir/graph.ts";
import { FILL } from "../language/primitives/creation.ts";
import { ELEMENTWISE_PRIMITIVES } from "../language/primitives/elementwise.ts";
import { SCATTER_ADD } from "../language/primitives/gather.ts";
import { BROADCAST, RESHAPE, TRANSPOSE } from "../language/primitives/layout.ts";
import { MATMUL, type MatmulParams } from "../language/primitives/matmul.ts";
import { REDUCE_SUM } from "../language/primitives/reduce.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import { countReads, type Loop, type LoopCarry, producersOf, rewriteScans } from "./loop.ts";
import { LARGEST_STACK, levelsOf, type LoopLevels } from "./loop_levels.ts";
import type { Rewriter } from "./rewrite.ts";
import { StackedValues } from "./sink_from_scan.ts";

/**
 * Replaces each carry `c' = c + f`, read nowhere else in the body, by its initial value plus the sum
 * of f over time. The sum is linear, so it goes through linear operations until it meets a product,
 * a reduction or a scatter, whose operands are stacked and which then sums over time as well; where
 * it meets none, f itself is stacked, unless that takes more than {@linkcode LARGEST_STACK} elements.
 * Loops that recompute keep their sums.
 */
export function sumAfterScan(graph: Graph): Graph {
  return rewriteScans(graph, (loop, outside) => {
    if (loop.length === 0 || loop.recompute) return false;
    const sums = new SumsOverTime(loop, outside);
    const finish: (() => void)[] = [];
    const dropped = new Set<Equation>();
    loop.carries = loop.carries.filter((carry) => {
      const sum = sums.ofCarry(carry);
      if (!sum) return true;
      finish.push(() => outside.replace(carry.last, sum.value()));
      for (const equation of sum.additions) dropped.add(equation);
      return false;
    });
    loop.equations = loop.equations.filter((equation) => !dropped.has(equation));
    return finish.length === 0 ? false : () => finish.forEach((step) => step());
  });
}

/** A value to be computed outside, once the loop has been added. */
type Later = () => Value;

/** A carry that only adds up. */
interface RunningSum {
  /** Its last value. */
  readonly value: Later;
  /** The equations of the body that add to it. */
  readonly additions: readonly Equation[];
}

class SumsOverTime {
  readonly #loop: Loop;
  readonly #outside: Rewriter;
  readonly #levels: LoopLevels;
  readonly #producers: ReadonlyMap<Value, Equation>;
  readonly #reads: ReadonlyMap<Value, number>;
  readonly #stacked: StackedValues;
  // Values may be read by many others, so each is looked at once.
  readonly #merging = new Map<Value, boolean>();
  readonly #fitting = new Map<Value, boolean>();
  readonly #sums = new Map<Value, Later>();

  constructor(loop: Loop, outside: Rewriter) {
    this.#loop = loop;
    this.#outside = outside;
    this.#levels = levelsOf(loop);
    this.#producers = producersOf(loop);
    this.#reads = countReads(loop);
    this.#stacked = new StackedValues(loop, this.#levels);
  }

  /** The last value of a carry that only adds up, or `undefined`. */
  ofCarry({ initial, inner, next }: LoopCarry): RunningSum | undefined {
    if (this.#reads.get(inner) !== 1 || inner === next) return undefined;
    const additions = this.#additionsOf(next, inner);
    if (!additions) return undefined;
    const partial = new Set<Value>([inner, ...additions.flatMap(({ outputs }) => outputs)]);
    const terms = additions.map(({ inputs: [x, y] }) => partial.has(x) ? y : x);
    if (!terms.every((term) => this.#fits(term))) return undefined;
    const sums = terms.map((term) => this.#sum(term));
    const value = () =>
      sums.reduce((total, sum) => this.#elementwise("add", total, sum()), initial);
    return { value, additions };
  }

  /** The additions that make a value of `inner` and other terms, in order. */
  #additionsOf(value: Value, inner: Value): Equation[] | undefined {
    if (value === inner) return [];
    const producer = this.#producers.get(value);
    if (producer?.primitive.name !== "add" || this.#reads.get(value) !== 1) return undefined;
    const [x, y] = producer.inputs;
    const before = this.#additionsOf(x, inner) ?? this.#additionsOf(y, inner);
    before?.push(producer);
    return before;
  }

  /** Whether a value's sum over time can be had without stacking the value itself. */
  #merges(value: Value): boolean {
    return known(this.#merging, value, () => this.#mergesAnew(value));
  }

  #mergesAnew(value: Value): boolean {
    if (this.#levels.of(value) === "constant") return true;
    const producer = this.#producers.get(value);
    if (!producer || producer.outputs.length !== 1) return false;
    const { primitive, inputs, params } = producer;
    if (primitive === MATMUL || primitive === REDUCE_SUM || primitive === SCATTER_ADD) return true;
    return primitive.isLinear?.(params) === true && inputs.some((input) => this.#merges(input));
  }

  /** Whether what must be stacked for a value's sum is not too large. */
  #fits(value: Value): boolean {
    return known(this.#fitting, value, () => this.#fitsAnew(value));
  }

  #fitsAnew(value: Value): boolean {
    const allows = ({ type: { shape } }: Value) =>
      sizeOf(shape) * this.#loop.length <= LARGEST_STACK;
    if (!this.#merges(value)) return allows(value);
    const producer = this.#producers.get(value);
    if (!producer) return true;
    const { primitive, inputs } = producer;
    return primitive === MATMUL || primitive === REDUCE_SUM || primitive === SCATTER_ADD
      ? inputs.every((input) => this.#levels.of(input) === "constant" || allows(input))
      : inputs.every((input) => this.#fits(input));
  }

  /** The sum over time of a value. */
  #sum(value: Value): Later {
    return known(this.#sums, value, () => {
      const make = this.#sumAnew(value);
      let sum: Value | undefined;
      return () => sum ??= make();
    });
  }

  #sumAnew(value: Value): Later {
    if (this.#levels.of(value) === "constant") {
      const whole = this.#stacked.of(value, this.#outside);
      return () => {
        const { dtype, shape } = value.type;
        const params = { dtype, shape, value: this.#loop.length };
        return this.#elementwise("mul", whole(), this.#outside.emit(FILL, [], params)[0]);
      };
    }
    const producer = this.#producers.get(value);
    if (!producer || !this.#merges(value)) return this.#reduce(value, []);
    const { primitive, inputs, params } = producer;
    if (isApplication(producer, MATMUL)) return this.#product(producer);
    if (isApplication(producer, REDUCE_SUM)) return this.#reduce(inputs[0], producer.params.axes);
    if (primitive === SCATTER_ADD) {
      const operands = inputs.map((input) => this.#stackedOf(input));
      return () => this.#outside.emit(SCATTER_ADD, operands.map((operand) => operand()), params)[0];
    }
    const sums = inputs.map((input) => this.#sum(input));
    return () => this.#outside.emit(primitive, sums.map((sum) => sum()), params)[0];
  }

  /** Sum over time and some axes of a value. */
  #reduce(value: Value, axes: readonly number[]): Later {
    const stacked = this.#stackedOf(value);
    const all = [0, ...axes.map((axis) => axis + 1)];
    return () => this.#outside.emit(REDUCE_SUM, [stacked()], { axes: all })[0];
  }

  /** Sum over time of a product: time joins the dimension summed over. */
  #product({ inputs: [x, y], params }: Equation<MatmulParams>): Later {
    const { transposeX, transposeY } = params;
    const emit = (left: Value, right: Value) =>
      this.#outside.emit(MATMUL, [left, right], params)[0];
    if (this.#levels.of(x) === "constant" || this.#levels.of(y) === "constant") {
      const own = (value: Value) =>
        this.#levels.of(value) === "constant"
          ? this.#stacked.of(value, this.#outside)
          : this.#sum(value);
      const [left, right] = [own(x), own(y)];
      return () => emit(left(), right());
    }
    const left = this.#stackedOf(x);
    const right = this.#stackedOf(y);
    return () =>
      this.#outside.emit(
        MATMUL,
        [this.#mergeTime(left(), transposeX), this.#mergeTime(right(), !transposeY)],
        { transposeX: true, transposeY: false },
      )[0];
  }

  /** [time, …batch, k, n] (or n, k if `leads` is false) as […batch, time · k, n]. */
  #mergeTime(stack: Value, leads: boolean): Value {
    const rank = stack.type.shape.length;
    const batch = Array.from({ length: rank - 3 }, (_, d) => d + 1);
    const order = [...batch, 0, ...leads ? [rank - 2, rank - 1] : [rank - 1, rank - 2]];
    const [moved] = order.every((axis, d) => axis === d)
      ? [stack]
      : this.#outside.emit(TRANSPOSE, [stack], { order });
    const { shape } = moved.type;
    const [time, k, n] = shape.slice(-3);
    return this.#outside.emit(RESHAPE, [moved], { shape: [...shape.slice(0, -3), time * k, n] })[0];
  }

  /** A value of each step, stacked. */
  #stackedOf(value: Value): Later {
    const producer = this.#producers.get(value);
    if (producer?.primitive === RESHAPE && this.#levels.of(value) === "carry") {
      // The same elements under another shape are better shared than stacked twice.
      const stacked = this.#stackedOf(producer.inputs[0]);
      const shape = [this.#loop.length, ...value.type.shape];
      return () => this.#outside.emit(RESHAPE, [stacked()], { shape })[0];
    }
    const stacked = this.#stacked.of(value, this.#outside);
    if (this.#levels.of(value) !== "constant") return stacked;
    const shape = [this.#loop.length, ...value.type.shape];
    const axes = value.type.shape.map((_, d) => d + 1);
    return () => this.#outside.emit(BROADCAST, [stacked()], { shape, axes })[0];
  }

  #elementwise(name: "add" | "mul", x: Value, y: Value): Value {
    return this.#outside.emit(ELEMENTWISE_PRIMITIVES[name], [x, y])[0];
  }
}

/** What a table holds for a value, found out if it is asked for the first time. */
function known<T>(table: Map<Value, T>, value: Value, find: () => T): T {
  let found = table.get(value);
  if (found === undefined) table.set(value, found = find());
  return found;
}
