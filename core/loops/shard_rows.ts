/**
 * Cuts the batch of a small program into shards that threads compute apart, each with memory of its own, from the first
 * product to partial sums over its rows, which are added at the end. Threads wait for each other once, and little
 * changes caches, where kernels that are cut one by one would wait at each, and read what another has just written.
 *
 * @module
 */
import {
  accumulator,
  addIndex,
  applyExpression,
  type Axis,
  axisExpression,
  type Buffer,
  constantExpression,
  dependsOn,
  type Expression,
  flattenIndex,
  index,
  load,
  rewriteExpression,
  scaleIndex,
} from "../ir/expression.ts";
import { type Access, innerAxesOf, loadsIn, pointsOf, usersOf } from "./accesses.ts";
import { loopCost } from "./cost.ts";
import { mergeAxes, mergeList } from "./merge_axes.ts";
import {
  axesOf,
  compensationOf,
  type Kernel,
  kernelsOf,
  type LoopProgram,
  type MapKernel,
  type MatmulKernel,
  type Step,
  type Store,
  type TimeLoop,
} from "./program.ts";
import { accessesIn, findRowGroup, type RowGroup, Touched } from "./row_group.ts";
import { findRows, type Rows, rowStride, splitTerms, staysInRow, takeApart } from "./rows.ts";
import { substitution } from "./substitute_axis.ts";
import { withResult } from "./with_result.ts";

/**
 * Steps of less cost do not repay that threads wait for each other. Those of more repay it kernel by kernel, so that
 * steps may share memory.
 */
const [MIN_COST, MAX_COST] = [400_000, 60_000_000];
/** Steps of more cost had better be cut kernel by kernel for all threads than into shards for some. */
const FEW_COST = 12_000_000;
/** Rows of a shard, at least: fewer make poor products. */
const MIN_ROWS = 8;
/** Fraction of the cost of some steps that shards must have. */
const MIN_FRACTION = 0.5;
/** Floats in a line of a cache, which shards had better not share. */
const LINE = 16;

/** Options of {@linkcode shardRows}. */
export interface ShardOptions {
  /** How many threads share the work. */
  readonly threads: number;
  /** Whether to cut even what is not worth it, to test it. */
  readonly eager?: boolean;
}

/**
 * Cuts what is worth it into shards.
 *
 * @param program The program.
 * @param options How many threads there are, and whether to cut what is not worth it too.
 * @returns A program of the same meaning, but that sums over rows are rounded otherwise.
 */
export function shardRows(
  program: LoopProgram,
  { threads, eager = false }: ShardOptions,
): LoopProgram {
  if (threads < 2) return program;
  const temporaries = new Set(program.temporaries);
  let users: ReadonlyMap<Buffer, ReadonlySet<Kernel>> | undefined;
  let count: number | undefined;
  /** Chooses how many shards rows are cut into, all groups alike; `undefined` if they had better not be. */
  const countShards = (rows: number, cost: number): number | undefined => {
    const minimum = eager ? 1 : MIN_ROWS;
    const fits = (shards: number) => rows % shards === 0 && rows / shards >= minimum;
    if (count !== undefined) return fits(count) ? count : undefined;
    let shards = threads;
    while (shards > 1 && !fits(shards)) shards--;
    return shards > 1 && (shards === threads || cost <= FEW_COST) ? shards : undefined;
  };
  const inSteps = (steps: readonly Step[]): readonly Step[] => {
    const cost = loopCost(steps);
    if (!eager && cost < MIN_COST) return steps;
    const mayCut = (rows: number) => countShards(rows, cost) !== undefined;
    const group = eager || cost <= MAX_COST ? findRowGroup(steps, mayCut) : undefined;
    if (group && (eager || loopCost(group.rows.steps) >= MIN_FRACTION * cost)) {
      users ??= usersOf(kernelsOf(program.steps));
      count = countShards(group.rows.extent, cost) as number;
      return new Sharding(steps, group, count, { temporaries, users }).finish();
    }
    const inner = steps.map((step) => step.kind === "loop" ? inLoop(step) : step);
    return inner.every((step, i) => step === steps[i]) ? steps : inner;
  };
  // Where each thread may run its rows of a whole loop, nobody should wait in its iterations.
  const inLoop = (loop: TimeLoop): TimeLoop => {
    const steps = findRows([loop]) ? loop.steps : inSteps(loop.steps);
    return steps === loop.steps ? loop : { ...loop, steps };
  };
  const steps = inSteps(program.steps);
  return steps === program.steps ? program : { ...program, steps, temporaries: [...temporaries] };
}

/** What is known of the buffers of a program. */
interface Buffers {
  /** The temporaries; those that are cut are exchanged. */
  readonly temporaries: Set<Buffer>;
  /** The kernels that touch each buffer. */
  readonly users: ReadonlyMap<Buffer, ReadonlySet<Kernel>>;
}

/** A kernel that sums over rows. */
interface RowSum {
  readonly kernel: Kernel;
  /** The axis that rows are part of. */
  readonly axis: Axis;
  /** How many places of the axis a row has that lie next to each other. */
  readonly below: number;
}

/** The shards of a group of steps. */
class Sharding {
  readonly #group: RowGroup;
  readonly #temporaries: Set<Buffer>;
  readonly #rows: Rows;
  readonly #count: number;
  readonly #shard: Axis;
  readonly #sums: ReadonlyMap<Step, RowSum>;
  /** For each buffer that only the group uses, that of all shards, one after the other. */
  readonly #own: ReadonlyMap<Buffer, Buffer>;

  constructor(
    steps: readonly Step[],
    group: RowGroup,
    count: number,
    { temporaries, users }: Buffers,
  ) {
    this.#count = count;
    this.#shard = { name: "shard", extent: count };
    this.#group = group;
    this.#temporaries = temporaries;
    this.#rows = group.rows;
    const outside = new Set(kernelsOf([...group.before, ...group.after]));
    const inside = new Set(kernelsOf(steps).filter((kernel) => !outside.has(kernel)));
    const own = new Set(
      [...group.rows.strides.keys()].filter((buffer) =>
        temporaries.has(buffer) && !isCompensated(buffer, users.get(buffer))
      ),
    );
    // A sum may need buffers for itself that another step, if it is no such sum, needs as they were.
    let [sums, size] = [this.#findSums(own), 0];
    do {
      size = own.size;
      for (const buffer of own) {
        const all = [...users.get(buffer) ?? []];
        if (!all.every((kernel) => inside.has(kernel) || sums.has(kernel))) own.delete(buffer);
      }
      sums = this.#findSums(own);
    } while (own.size < size);
    this.#sums = sums;
    this.#own = new Map([...own].map((buffer) => {
      const size = this.#count * this.#sizeOf(buffer);
      return [buffer, { ...buffer, size }];
    }));
  }

  /** Gives all steps, those of the group in a loop over shards. */
  finish(): Step[] {
    const { before, after, rows } = this.#group;
    for (const [buffer, own] of this.#own) {
      this.#temporaries.delete(buffer);
      this.#temporaries.add(own);
    }
    const inLoops = (steps: readonly Step[]): Step[] =>
      steps.map((step) => {
        if (step.kind === "loop") return { ...step, steps: inLoops(step.steps) };
        return this.#cut(step, rows.axes.get(step) as Axis);
      });
    const steps = inLoops(rows.steps);
    const rest = after.map((step) => {
      const sum = this.#sums.get(step);
      if (!sum) return step;
      const { parts, whole } = sum.kernel.kind === "map" ? this.#scatter(sum) : this.#sum(sum);
      steps.push(...parts);
      return whole;
    });
    const loop: Step = { kind: "loop", name: "shards", time: this.#shard, steps, isParallel: true };
    return [...before, loop, ...rest];
  }

  /** Finds the sums over rows that may be computed in parts. */
  #findSums(own: ReadonlySet<Buffer>): Map<Step, RowSum> {
    const sums = new Map<Step, RowSum>();
    const others = new Touched();
    for (const step of this.#group.after) {
      const sum = step.kind === "loop" ? undefined : this.#sumOf(step, own);
      const comesFirst = sum && !others.meets(operandsOf(sum.kernel));
      if (comesFirst) sums.set(step, sum);
      others.add(accessesIn(step));
    }
    return sums;
  }

  /** Finds along which of its axes a kernel sums rows, if it does. */
  #sumOf(kernel: Kernel, own: ReadonlySet<Buffer>): RowSum | undefined {
    const { strides, extent } = this.#rows;
    const isFold = kernel.kind === "matmul" ||
      (kernel.kind === "reduce" && kernel.operation === "sum" && kernel.value.dtype === "f32");
    if (!isFold && !isScatter(kernel)) return undefined;
    const cut = operandsOf(kernel).filter(({ buffer }) => strides.has(buffer));
    const values = isFold ? kernel.stores.flatMap(({ index, value }) => [index, value]) : [];
    const outside = [...kernel.stores, ...loadsIn(values)];
    if (cut.length === 0 || outside.some(({ buffer }) => strides.has(buffer))) return undefined;
    const axes = isFold ? innerAxesOf(kernel) : axesOf(kernel);
    for (const axis of axes) {
      const below = (strides.get(cut[0].buffer) as number) / rowStride(cut[0].index, axis);
      if (!Number.isInteger(below) || below < 1 || axis.extent % (extent * below) !== 0) continue;
      const keeps = cut.every(({ buffer, index }) => {
        const stride = strides.get(buffer) as number;
        return rowStride(index, axis) * below === stride &&
          staysInRow(index, axis, stride / below, stride * extent);
      });
      if (!keeps) continue;
      // The inner axis of a product stays one axis only where its rows lie together.
      const isRow = axis.extent === extent;
      const mayMerge = cut.length > 1 && cut.every(({ buffer }) => own.has(buffer));
      if (kernel.kind === "matmul" && !isRow && !mayMerge) continue;
      return { kernel, axis, below };
    }
    return undefined;
  }

  /** Elements of a buffer that a shard has. */
  #sizeOf(buffer: Buffer): number {
    const stride = this.#rows.strides.get(buffer) as number;
    const period = stride * this.#rows.extent;
    return wholeLines(Math.ceil(buffer.size / period) * period / this.#count);
  }

  /** Makes the part of a fold that a shard computes, and what adds the parts. */
  #sum({ kernel, axis, below }: RowSum): { parts: Step[]; whole: Step } {
    const axes = axesOf(kernel);
    const flat = flattenIndex(axes.map(axisExpression), axes.map(({ extent }) => extent));
    const { at, added } = this.#partial(kernel.name, pointsOf(axes));
    const partial = {
      ...kernel,
      stores: [{ ...at(flat), value: accumulator("f32", 0), mode: "set" }],
    };
    const whole = mergeAxes(withResult(kernel, axes, added(flat)));
    const part = partial as Kernel;
    if (part.kind === "matmul" || axis.extent === this.#rows.extent) {
      return { parts: [this.#cut(part, axis)], whole };
    }
    const apart = takeApart(part, axis, this.#rows.extent, below);
    return { parts: [this.#cut(apart.kernel, apart.row)], whole };
  }

  /** Makes the part of a scatter that a shard computes, and what adds the parts to what is there. */
  #scatter({ kernel, axis, below }: RowSum): { parts: Step[]; whole: Step } {
    const [{ buffer, index: place, value, mode }] = kernel.stores;
    const isCompensated = mode === "compensate";
    const element: Axis = {
      name: "element",
      extent: isCompensated ? buffer.size / 2 : buffer.size,
    };
    const flat = axisExpression(element);
    const { at, added } = this.#partial(kernel.name, element.extent, isCompensated);
    const map = (name: string, stores: readonly Store[]): MapKernel => ({
      kind: "map",
      name,
      axes: [element],
      stores,
    });
    const zero = { value: constantExpression("f32", 0), mode: "set" } as const;
    const first = at(flat);
    const stores: Store[] = [{ ...first, ...zero }];
    if (isCompensated) {
      const second = addIndex(first.index, index(compensationOf(first.buffer)));
      stores.push({ buffer: first.buffer, index: second, ...zero });
    }
    const partial: Kernel = { ...kernel, stores: [{ ...at(place), value, mode }] };
    const sum = applyExpression("add", "f32", [load(buffer, flat), added(flat)]);
    const whole = map(kernel.name, [{ buffer, index: flat, value: sum, mode: "set" }]);
    const apart = takeApart(partial, axis, this.#rows.extent, below);
    return { parts: [map("clear", stores), this.#cut(apart.kernel, apart.row)], whole };
  }

  /** Makes a buffer for the parts of a sum. */
  #partial(name: string, size: number, isCompensated = false) {
    const stride = wholeLines(size);
    const all = this.#count * stride;
    const buffer: Buffer = {
      name: `${name}_part`,
      dtype: "f32",
      size: isCompensated ? 2 * all : all,
    };
    this.#temporaries.add(buffer);
    const own = scaleIndex(axisExpression(this.#shard), stride);
    return {
      at: (flat: Expression) => ({ buffer, index: addIndex(own, flat) }),
      added: (flat: Expression) => {
        const parts = Array.from(
          { length: this.#count },
          (_, i) => load(buffer, addIndex(flat, index(i * stride))),
        );
        return parts.reduce((sum, part) => applyExpression("add", "f32", [sum, part]));
      },
    };
  }

  /** Restricts a kernel to the rows of a shard, along an axis that counts them. */
  #cut(kernel: Kernel, axis: Axis): Kernel {
    const own: Axis = { name: axis.name, extent: axis.extent / this.#count };
    const first = scaleIndex(axisExpression(this.#shard), own.extent);
    const place = substitution(axis, addIndex(first, axisExpression(own)));
    const loads = new Map<Expression, Expression>();
    const rewrite = (expression: Expression): Expression =>
      place(rewriteExpression(expression, (part) => {
        if (part.kind !== "load") return undefined;
        const buffer = this.#own.get(part.buffer);
        return buffer && load(buffer, this.#placeOf(part.buffer, part.index, axis, own));
      }, loads));
    const stores = kernel.stores.map(({ buffer, index, value, mode }) => {
      const other = this.#own.get(buffer);
      const at = other ? place(this.#placeOf(buffer, index, axis, own)) : rewrite(index);
      return { buffer: other ?? buffer, index: at, value: rewrite(value), mode };
    });
    const swap = (axes: readonly Axis[]) => axes.map((one) => one === axis ? own : one);
    if (kernel.kind === "map") return mergeAxes({ ...kernel, axes: swap(kernel.axes), stores });
    if (kernel.kind === "reduce") {
      const [axes, inner] = [swap(kernel.axes), swap(kernel.inner)];
      return mergeAxes({ ...kernel, axes, inner, stores, value: rewrite(kernel.value) });
    }
    const [row, column, inner] = swap([kernel.row, kernel.column, kernel.inner]);
    const [x, y] = [rewrite(kernel.x), rewrite(kernel.y)] as [typeof kernel.x, typeof kernel.y];
    const batch = swap(kernel.batch);
    return mergeProductRows({ ...kernel, batch, row, column, inner, stores, x, y });
  }

  /** Computes where in a shard's own memory an element lies, whose row an axis counts. */
  #placeOf(buffer: Buffer, at: Expression, axis: Axis, own: Axis): Expression {
    const period = (this.#rows.strides.get(buffer) as number) * this.#rows.extent;
    const { constant, terms } = splitTerms(at);
    // Whole periods are those of fewer rows now.
    const periods = Math.floor(constant / period);
    let result = addIndex(
      scaleIndex(axisExpression(this.#shard), this.#sizeOf(buffer)),
      index(constant - periods * (period - period / this.#count)),
    );
    for (const { base, factor } of terms) {
      const isRow = base.kind === "axis" && base.axis === axis;
      const moved = isRow ? axisExpression(own) : base;
      const scale = !isRow && factor % period === 0 ? factor / this.#count : factor;
      result = addIndex(result, scaleIndex(moved, scale));
    }
    return result;
  }
}

/** Rounds a number of elements up to whole lines of a cache. */
function wholeLines(size: number): number {
  return Math.ceil(size / LINE) * LINE;
}

/** Returns whether half of a buffer compensates the rounding of the other. */
function isCompensated(buffer: Buffer, users: Iterable<Kernel> = []): boolean {
  return [...users].some(({ stores }) =>
    stores.some((store) => store.buffer === buffer && store.mode === "compensate")
  );
}

/** Returns whether a kernel adds to elements that it looks up. */
function isScatter(kernel: Kernel): kernel is MapKernel {
  if (kernel.kind !== "map" || kernel.stores.length !== 1) return false;
  const [{ buffer, mode }] = kernel.stores;
  return mode !== "set" && buffer.dtype === "f32" &&
    !operandsOf(kernel).some((operand) => operand.buffer === buffer);
}

/** Lists what a kernel folds or scatters, without what happens to the result. */
function operandsOf(kernel: Kernel): Access[] {
  if (kernel.kind === "matmul") return loadsIn([kernel.x, kernel.y]);
  if (kernel.kind === "reduce") return loadsIn([kernel.value]);
  return loadsIn(kernel.stores.flatMap(({ index, value }) => [index, value]));
}

/** Makes one product of several whose rows lie one after the other and that have the same right operand. */
function mergeProductRows(kernel: MatmulKernel): MatmulKernel {
  const batch = kernel.batch.filter((axis) => axis.extent !== 1);
  const outer = batch.pop();
  const own = mergeAxes(kernel) as MatmulKernel;
  if (!outer || dependsOn(kernel.y.index, [outer])) return own;
  return mergeList(own, [outer, own.row], ([row]) => ({ batch, row })) as MatmulKernel;
}
