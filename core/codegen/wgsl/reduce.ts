/**
 * Printing reductions. A point of the result is folded by one invocation or by a team of them, whose
 * partial results meet in workgroup memory. Small matrix products inside loops are printed this way
 * too: they are sums over products.
 *
 * @module
 */
import { pointsOf } from "../../loops/accesses.ts";
import { affineIndex, applyExpression, type Axis, type Expression } from "../../ir/expression.ts";
import { axesOf, type Kernel, type MatmulKernel, type ReduceKernel } from "../../loops/program.ts";
import {
  axesOfAll,
  forEachPoint,
  type PrintContext,
  unflatten,
  WORKGROUP_SIZE,
  writerFor,
  writeStores,
} from "./context.ts";
import { literal } from "./expressions.ts";

/** Workgroup memory that invocations fold over each other, as bits whatever the type: less is zeroed. */
export const FOLDED = "folded";
/** The same of the places of an argmax. */
export const FOLDED_PLACES = "folded_places";

/** Writes a matrix product as the sum that it is. */
export function matmulAsReduce(kernel: MatmulKernel): ReduceKernel {
  return {
    kind: "reduce",
    name: kernel.name,
    axes: [...kernel.batch, kernel.row, kernel.column],
    inner: [kernel.inner],
    operation: "sum",
    value: applyExpression("mul", "f32", [kernel.x, kernel.y]),
    stores: kernel.stores,
  };
}

/**
 * How many invocations fold one point together, a power of two: more where points are too few to
 * keep everybody busy, or where neighbours along the folded axis are neighbours in memory.
 */
function teamSize(kernel: ReduceKernel, lanes: number): number {
  const points = Math.max(1, pointsOf(kernel.axes));
  const inner = pointsOf(kernel.inner);
  const minTeam = isContiguous(kernel) ? 16 : 1;
  let team = 1;
  while (team < WORKGROUP_SIZE && team * 2 <= inner / 2) {
    if (points * team >= lanes && team >= minTeam) break;
    team *= 2;
  }
  return team;
}

/** Whether the folded axis is the fast one in some load and no parallel axis is in any. */
function isContiguous({ value, inner, axes }: ReduceKernel): boolean {
  const last = inner.at(-1);
  const across = axes.findLast(({ extent }) => extent > 1);
  if (!last) return false;
  const strides: [number, number][] = [];
  const seen = new Set<Expression>();
  const visit = (part: Expression): void => {
    if (seen.has(part)) return;
    seen.add(part);
    if (part.kind === "load") {
      const affine = affineIndex(part.index, across ? [last, across] : [last]);
      if (!affine) return;
      strides.push([
        affine.strides.get(last) ?? 0,
        across ? affine.strides.get(across) ?? 0 : 0,
      ]);
    } else if (part.kind === "apply") part.inputs.forEach(visit);
  };
  visit(value);
  return strides.some(([folded, other]) => folded === 1 && other > 1);
}

/** Workgroups that a reduction can use. */
export function reduceGroups(kernel: ReduceKernel): number {
  const team = teamSize(kernel, REDUCE_LANES);
  return Math.ceil(pointsOf(kernel.axes) * team / WORKGROUP_SIZE);
}

/** Workgroups of a dispatch at most; where more would be needed, they go round. */
export const MAX_GROUPS = 8192;

/** Iterations of loops that an invocation makes where a reduction is spread over workgroups. */
export function spreadIterations(kernel: ReduceKernel): number {
  const team = teamSize(kernel, REDUCE_LANES);
  const lanes = Math.min(reduceGroups(kernel), MAX_GROUPS) * WORKGROUP_SIZE;
  const rounds = Math.ceil(pointsOf(kernel.axes) * team / lanes);
  return rounds * Math.ceil(pointsOf(kernel.inner) / team / unrollingOf(kernel, team));
}

/** Terms that an invocation folds one after the other where a reduction is spread over workgroups. */
export function additionsOf(kernel: ReduceKernel): number {
  const team = teamSize(kernel, REDUCE_LANES);
  const written = unrolling(kernel, kernel.inner.at(-1)?.extent ?? 1);
  return Math.ceil(pointsOf(kernel.inner) / team / written);
}

/** Iterations of loops that an invocation makes at most when one workgroup has a kernel to itself. */
export function iterationsOf(kernel: Kernel, share: number): number {
  const points = Math.ceil(pointsOf(axesOf(kernel)) / share);
  if (kernel.kind === "map") return Math.ceil(points / WORKGROUP_SIZE);
  const sum = kernel.kind === "matmul" ? matmulAsReduce(kernel) : kernel;
  // The team depends on how many points there are; either way the work is shared.
  const inner = pointsOf(sum.inner);
  const rounds = Math.ceil(points / WORKGROUP_SIZE);
  const alone = rounds * (inner + 1);
  const team = teamSize(sum, WORKGROUP_SIZE);
  const together = Math.ceil(points * team / WORKGROUP_SIZE) * (Math.ceil(inner / team) + 10);
  return Math.max(alone / Math.max(1, team / 4), together);
}

/** A member of a team who adds up more than this does so in blocks, lest rounding add up too. */
const LONG_SUM = 64;

/** Invocations that a reduction by itself tries to occupy. */
const REDUCE_LANES = 8192;

/** Writes a reduction. */
export function printReduce(kernel: ReduceKernel, context: PrintContext): void {
  const team = teamSize(kernel, context.groups === 1 ? WORKGROUP_SIZE : REDUCE_LANES);
  if (team === 1) printAlone(kernel, context);
  else printTeam(kernel, context, team);
}

function printAlone(kernel: ReduceKernel, context: PrintContext): void {
  const { names, source } = context;
  const used = usedAxes(kernel);
  const points = pointsOf(kernel.axes);
  const lanes = context.groups * WORKGROUP_SIZE;
  // Several results at once share what they read, and do not wait for each other.
  const blocks = kernel.operation === "sum" && points > lanes && pointsOf(kernel.inner) >= 8
    ? [4, 2].find((count) => points % (lanes * count) === 0) ?? 1
    : 1;
  forEachPoint(context, points / blocks, (point) => {
    const results = Array.from({ length: blocks }, (_, block) => {
      const axes = new Map<Axis, string>();
      let own = point;
      if (block > 0) {
        own = names.unique("point");
        source.line(`let ${own} = ${point} + ${block * points / blocks};`);
      }
      unflatten(context, kernel.axes, own, used, axes);
      return { axes, fold: declareFold(kernel, context) };
    });
    const isReal = kernel.operation === "sum" && kernel.value.dtype === "f32";
    const cut = isReal ? blocksOf(kernel) : undefined;
    const totals = cut ? results.map(() => names.unique("total")) : [];
    for (const total of totals) source.line(`var ${total} = 0.0;`);
    const loop = (rest: readonly Axis[]): void => {
      if (rest.length === 0) {
        for (const { axes, fold } of results) accumulate(kernel, context, [axes], fold);
        return;
      }
      const [axis, ...others] = rest;
      if (axis.extent === 1) return loop(others);
      const name = names.unique(axis.name);
      const last = others.every(({ extent }) => extent === 1);
      const unrolled = last ? unrolling(kernel, axis.extent) : 1;
      const step = unrolled === 1 ? `${name}++` : `${name} += ${unrolled}`;
      const between = (from: string | number, to: string | number): void =>
        source.block(`for (var ${name} = ${from}; ${name} < ${to}; ${step})`, () => {
          if (unrolled === 1) {
            for (const { axes } of results) axes.set(axis, name);
            return loop(others);
          }
          for (const { axes, fold } of results) {
            accumulate(kernel, context, copies(axes, axis, name, 1, unrolled), fold);
          }
        });
      if (axis !== cut?.axis) return between(0, axis.extent);
      const block = names.unique("block");
      const { size } = cut;
      const head = `for (var ${block} = 0; ${block} < ${axis.extent}; ${block} += ${size})`;
      source.block(head, () => {
        const end = `${block} + ${size}`;
        between(block, axis.extent % size === 0 ? end : `min(${end}, ${axis.extent})`);
        results.forEach(({ fold: { value } }, i) => {
          source.line(`${totals[i]} += ${value};`);
          source.line(`${value} = 0.0;`);
        });
      });
    };
    loop(kernel.inner);
    totals.forEach((total, i) => source.line(`${results[i].fold.value} = ${total};`));
    for (const { axes, fold } of results) {
      writeStores(context, writerFor(context, axes, [fold.result]), kernel.stores);
    }
  });
}

function printTeam(kernel: ReduceKernel, context: PrintContext, team: number): void {
  const { source, names, groups } = context;
  const points = pointsOf(kernel.axes);
  const inner = pointsOf(kernel.inner);
  const used = usedAxes(kernel);
  const slots = WORKGROUP_SIZE / team;
  const member = names.unique("member");
  source.line(`let ${member} = local % ${team};`);
  const base = names.unique("base");
  const first = groups === 1 ? "" : `group * ${slots} + `;
  const rounds = Math.ceil(points / (slots * groups));
  const body = (): void => {
    const point = names.unique("point");
    // Everybody goes through the barriers; who has no point of its own folds one that exists.
    const full = points % (slots * groups) === 0;
    const own = rounds === 1 ? first : `${base} + `;
    const number = `${own}local / ${team}`;
    source.line(`let ${point} = ${full ? number : `min(${number}, ${points - 1})`};`);
    const axes = new Map<Axis, string>();
    unflatten(context, kernel.axes, point, used, axes);
    const fold = declareFold(kernel, context);
    const step = names.unique(kernel.inner.length === 1 ? kernel.inner[0].name : "step");
    const long = kernel.inner.filter(({ extent }) => extent > 1);
    const unrolled = unrollingOf(kernel, team);
    const stride = team * unrolled;
    const loop = (from: string, to: string | number): void => {
      const head = `for (var ${step} = ${from}; ${step} < ${to}; ${step} += ${stride})`;
      source.block(head, () => {
        if (unrolled > 1) {
          return accumulate(kernel, context, copies(axes, long[0], step, team, unrolled), fold);
        }
        const inside = new Map(axes);
        unflatten(context, kernel.inner, step, used, inside);
        accumulate(kernel, context, [inside], fold);
      });
    };
    const additions = Math.ceil(inner / stride);
    const isLong = kernel.operation === "sum" && fold.dtype === "f32" && additions > LONG_SUM;
    if (isLong) sumInBlocks(context, fold, member, inner, stride, loop);
    else loop(member, inner);
    combine(context, fold, member, team);
    const guard = full ? `${member} == 0` : `${member} == 0 && ${number} < ${points}`;
    source.block(`if (${guard})`, () => {
      writeStores(context, writerFor(context, axes, [fold.result]), kernel.stores);
    });
  };
  if (rounds === 1) body();
  else {
    const bound = rounds * slots * groups;
    const start = groups === 1 ? "0" : `group * ${slots}`;
    const head = `for (var ${base} = ${start}; ${base} < ${bound}; ${base} += ${slots * groups})`;
    source.block(head, body);
  }
}

/** The axis whose steps a long sum is cut into blocks of, and how many steps each has. */
function blocksOf(
  { inner, operation }: ReduceKernel,
): { readonly axis: Axis; readonly size: number } | undefined {
  const long = inner.filter(({ extent }) => extent > 1);
  const written = long.length > 0 && operation === "sum" && long[long.length - 1].extent % 4 === 0
    ? 4
    : 1;
  const additions = pointsOf(inner) / written;
  if (additions <= LONG_SUM) return undefined;
  const root = Math.sqrt(additions);
  let inside = 1 / written;
  for (const axis of long.toReversed()) {
    if (inside * axis.extent > root) {
      return { axis, size: written * Math.max(1, Math.ceil(root / inside / written)) };
    }
    inside *= axis.extent;
  }
  return undefined;
}

/** Sums blocks and adds them up, about as many as there are steps in each. */
function sumInBlocks(
  { source, names }: PrintContext,
  { value }: Fold,
  first: string,
  end: number,
  stride: number,
  loop: (from: string, to: string) => void,
): void {
  const size = stride * Math.ceil(Math.sqrt(end / stride));
  const total = names.unique("total");
  const block = names.unique("block");
  source.line(`var ${total} = 0.0;`);
  source.block(`for (var ${block} = ${first}; ${block} < ${end}; ${block} += ${size})`, () => {
    loop(block, `min(${block} + ${size}, ${end})`);
    source.line(`${total} += ${value};`);
    source.line(`${value} = 0.0;`);
  });
  source.line(`${value} = ${total};`);
}

/** Steps of a sum that are written out one after the other: loops cost, and products can overlap. */
function unrolling({ operation }: ReduceKernel, steps: number): number {
  return operation === "sum" && steps % 4 === 0 ? 4 : 1;
}

/** The same where a team shares the steps. */
function unrollingOf(kernel: ReduceKernel, team: number): number {
  const steps = pointsOf(kernel.inner) / team;
  const long = kernel.inner.filter(({ extent }) => extent > 1);
  return long.length === 1 && Number.isInteger(steps) ? unrolling(kernel, steps) : 1;
}

/** Loop variables of the steps that are written out. */
function copies(
  axes: ReadonlyMap<Axis, string>,
  axis: Axis,
  name: string,
  stride: number,
  count: number,
): ReadonlyMap<Axis, string>[] {
  return Array.from(
    { length: count },
    (_, i) => new Map([...axes, [axis, i === 0 ? name : `(${name} + ${i * stride})`]]),
  );
}

function usedAxes(kernel: ReduceKernel): Set<Axis> {
  return axesOfAll([kernel.value, ...kernel.stores.flatMap(({ index, value }) => [index, value])]);
}

/** Names of the variables that hold a partial result. */
interface Fold {
  readonly operation: ReduceKernel["operation"];
  readonly dtype: "f32" | "i32" | "u32";
  /** The sum or the greatest so far. */
  readonly value: string;
  /** Where the greatest is, for `argmax`. */
  readonly place: string;
  /** The one that the stores read. */
  readonly result: string;
}

function declareFold(kernel: ReduceKernel, { source, names }: PrintContext): Fold {
  const { operation } = kernel;
  const dtype = kernel.value.dtype === "bool" ? "u32" : kernel.value.dtype;
  const min = dtype === "i32" ? -2147483648 : dtype === "u32" ? 0 : -Infinity;
  const value = names.unique(operation === "sum" ? "sum" : "greatest");
  source.line(`var ${value} = ${literal(dtype, operation === "sum" ? 0 : min)};`);
  if (operation !== "argmax") return { operation, dtype, value, place: "", result: value };
  const place = names.unique("place");
  source.line(`var ${place} = 2147483647;`);
  return { operation, dtype, value, place, result: place };
}

function accumulate(
  kernel: ReduceKernel,
  context: PrintContext,
  steps: readonly ReadonlyMap<Axis, string>[],
  { operation, value, place, dtype }: Fold,
): void {
  const texts = steps.map((axes) => {
    const writer = writerFor(context, axes);
    writer.announce([kernel.value]);
    const plain = kernel.operation === "sum"
      ? writer.term(kernel.value)
      : writer.text(kernel.value);
    return kernel.value.dtype === "bool" ? `${dtype}(${plain})` : plain;
  });
  const [text] = texts;
  const { source } = context;
  switch (operation) {
    case "sum":
      return source.line(`${value} += ${texts.join(" + ")};`);
    case "max":
      return source.line(`${value} = ${greaterOf(dtype, value, text)};`);
    case "argmax": {
      const candidate = context.names.unique("candidate");
      source.line(`let ${candidate} = ${text};`);
      const at = steps[0].get(kernel.inner[0]) ?? "0";
      const wins = comesFirst(dtype, [candidate, at], [value, place]);
      return source.block(`if (${wins} || ${place} == 2147483647)`, () => {
        source.line(`${value} = ${candidate};`);
        source.line(`${place} = ${at};`);
      });
    }
    default:
      return operation satisfies never;
  }
}

function greaterOf(dtype: Fold["dtype"], x: string, y: string): string {
  return dtype === "f32" ? `max_real(${x}, ${y})` : `max(${x}, ${y})`;
}

/** Whether a value at a place goes before another in an argmax. */
function comesFirst(
  dtype: Fold["dtype"],
  [x, at]: readonly [string, string],
  [y, place]: readonly [string, string],
): string {
  return dtype === "f32"
    ? `comes_first(${x}, ${at}, ${y}, ${place})`
    : `(${x} > ${y} || (${x} == ${y} && ${at} < ${place}))`;
}

/** Folds what the members of each team have; the first of each gets it all. */
function combine(context: PrintContext, fold: Fold, member: string, team: number): void {
  const { source, names, scratch } = context;
  const { operation, value, place, dtype } = fold;
  scratch.folds = operation === "argmax" ? 2 : scratch.folds || 1;
  const put = (): void => {
    const bits = dtype === "u32" ? value : `bitcast<u32>(${value})`;
    source.line(`${FOLDED}[local] = ${bits};`);
    if (operation === "argmax") source.line(`${FOLDED_PLACES}[local] = u32(${place});`);
  };
  const take = (distance: string): void => {
    const bits = `${FOLDED}[local + ${distance}]`;
    const other = dtype === "u32" ? bits : `bitcast<${dtype}>(${bits})`;
    if (operation === "sum") return source.line(`${value} += ${other};`);
    if (operation === "max") {
      return source.line(`${value} = ${greaterOf(dtype, value, other)};`);
    }
    const seen = names.unique("other");
    const where = names.unique("other_place");
    source.line(`let ${seen} = ${other};`);
    source.line(`let ${where} = i32(${FOLDED_PLACES}[local + ${distance}]);`);
    source.block(`if (${comesFirst(dtype, [seen, where], [value, place])})`, () => {
      source.line(`${value} = ${seen};`);
      source.line(`${place} = ${where};`);
    });
  };
  put();
  source.line("workgroupBarrier();");
  if (team <= 8) {
    const other = names.unique("other");
    source.block(`if (${member} == 0)`, () => {
      if (team === 2) take("1");
      else {source.block(`for (var ${other} = 1; ${other} < ${team}; ${other}++)`, () =>
          take(other));}
    });
    source.line("workgroupBarrier();");
    return;
  }
  const half = names.unique("half");
  source.block(`for (var ${half} = ${team / 2}; ${half} > 0; ${half} /= 2)`, () => {
    source.block(`if (${member} < ${half})`, () => {
      take(half);
      put();
    });
    source.line("workgroupBarrier();");
  });
}
