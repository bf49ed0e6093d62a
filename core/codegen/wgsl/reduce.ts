/**
 * Printing reductions. A point of the result is folded by one invocation or by a team of them, whose
 * partial results meet in workgroup memory. Small matrix products inside loops are printed this way
 * too: they are sums over products.
 *
 * @module
 */
import { pointsOf } from "../../loops/accesses.ts";
import {
  affineIndex,
  applyExpression,
  type Axis,
  dependsOn,
  type Expression,
  visitExpression,
} from "../../ir/expression.ts";
import { operationsIn } from "../../loops/operations_in.ts";
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
import { accumulate, combine, declareFold, type Fold } from "./folds.ts";

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
  const lanes = context.groups * WORKGROUP_SIZE;
  const row = sharingAxis(kernel);
  const rows = row && pointsOf(kernel.axes) / row.extent >= lanes ? row : undefined;
  const across = kernel.axes.filter((axis) => axis !== rows);
  const points = pointsOf(across);
  // Several results at once share what they read, and do not wait for each other.
  const blocks = kernel.operation === "sum" && points > lanes && pointsOf(kernel.inner) >= 8
    ? [4, 2].find((count) =>
      count * (rows?.extent ?? 1) <= MAX_TOGETHER && points % (lanes * count) === 0
    ) ?? 1
    : 1;
  forEachPoint(context, points / blocks, (point) => {
    const results = Array.from({ length: blocks }, (_, block) => {
      const axes = new Map<Axis, string>();
      let own = point;
      if (block > 0) {
        own = names.unique("point");
        source.line(`let ${own} = ${point} + ${block * points / blocks};`);
      }
      unflatten(context, across, own, used, axes);
      return inRows(axes, rows).map((axes) => ({ axes, fold: declareFold(kernel, context) }));
    }).flat();
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

/** Sums that an invocation adds up at a time, at most. */
const MAX_TOGETHER = 8;

/**
 * An axis of few steps along which a sum reads something again and again, such as weights: sums of all its
 * steps at a time read that once.
 */
function sharingAxis(kernel: ReduceKernel): Axis | undefined {
  if (kernel.operation !== "sum" || operationsIn([kernel.value]) > LONG_TERM) return undefined;
  if (pointsOf(kernel.inner) < 8) return undefined;
  const loads: Expression[] = [];
  visitExpression(kernel.value, (part) => {
    if (part.kind === "load") loads.push(part);
  });
  return kernel.axes.find((axis) =>
    (axis.extent === 2 || axis.extent === 4) && loads.some((part) => !dependsOn(part, [axis])) &&
    loads.some((part) => dependsOn(part, [axis]))
  );
}

/** Loop variables at each step of an axis. */
function inRows(axes: ReadonlyMap<Axis, string>, rows: Axis | undefined): Map<Axis, string>[] {
  if (!rows) return [new Map(axes)];
  return Array.from({ length: rows.extent }, (_, i) => new Map([...axes, [rows, `${i}`]]));
}

function printTeam(kernel: ReduceKernel, context: PrintContext, team: number): void {
  const { source, names, groups } = context;
  const row = sharingAxis(kernel);
  const fits = row &&
    pointsOf(kernel.axes) / row.extent * team >= WORKGROUP_SIZE * groups;
  const rows = fits ? row : undefined;
  const columns = kernel.axes.filter((axis) => axis !== rows);
  const points = pointsOf(columns);
  const inner = pointsOf(kernel.inner);
  const used = usedAxes(kernel);
  const slots = WORKGROUP_SIZE / team;
  const member = names.unique("member");
  source.line(`let ${member} = local % ${team};`);
  const base = names.unique("base");
  const first = groups === 1 ? "" : `group * ${slots} + `;
  const each = rows?.extent ?? 1;
  const together = pointsTogether(kernel, context, Math.ceil(points / (slots * groups)), each);
  const across = slots * together;
  const rounds = Math.ceil(points / (across * groups));
  // Everybody goes through the barriers; who has no point of its own folds one that exists.
  const full = points % (across * groups) === 0;
  const own = rounds === 1 ? first : `${base} + `;
  const numbers = Array.from(
    { length: together },
    (_, i) => `${own}local / ${team}${i === 0 ? "" : ` + ${i * slots}`}`,
  );
  const body = (): void => {
    const results = numbers.flatMap((number) => {
      const point = names.unique("point");
      source.line(`let ${point} = ${full ? number : `min(${number}, ${points - 1})`};`);
      const axes = new Map<Axis, string>();
      unflatten(context, columns, point, used, axes);
      return inRows(axes, rows).map((axes) => ({
        axes,
        number,
        fold: declareFold(kernel, context),
      }));
    });
    const folds = results.map(({ fold }) => fold);
    const step = names.unique(kernel.inner.length === 1 ? kernel.inner[0].name : "step");
    const long = kernel.inner.filter(({ extent }) => extent > 1);
    const unrolled = unrollingOf(kernel, team);
    const stride = team * unrolled;
    const loop = (from: string, to: string | number): void => {
      const head = `for (var ${step} = ${from}; ${step} < ${to}; ${step} += ${stride})`;
      source.block(head, () => {
        const inside = new Map<Axis, string>();
        if (unrolled === 1) unflatten(context, kernel.inner, step, used, inside);
        for (const { axes, fold } of results) {
          const steps = unrolled > 1
            ? copies(axes, long[0], step, team, unrolled)
            : [new Map([...axes, ...inside])];
          accumulate(kernel, context, steps, fold);
        }
      });
    };
    const additions = Math.ceil(inner / stride);
    const isLong = kernel.operation === "sum" && folds[0].dtype === "f32" && additions > LONG_SUM;
    if (isLong) sumInBlocks(context, folds, member, inner, stride, loop);
    else loop(member, inner);
    for (let i = 0; i < folds.length; i += context.scratch.maxTogether) {
      combine(context, folds.slice(i, i + context.scratch.maxTogether), member, team);
    }
    results.forEach(({ axes, number, fold }) => {
      const guard = full ? `${member} == 0` : `${member} == 0 && ${number} < ${points}`;
      source.block(`if (${guard})`, () => {
        writeStores(context, writerFor(context, axes, [fold.result]), kernel.stores);
      });
    });
  };
  if (rounds === 1) body();
  else {
    const bound = rounds * across * groups;
    const start = groups === 1 ? "0" : `group * ${across}`;
    const head = `for (var ${base} = ${start}; ${base} < ${bound}; ${base} += ${across * groups})`;
    source.block(head, body);
  }
}

/** Operations of a term from which a team folds one point at a time, lest the code be long. */
const LONG_TERM = 16;

/**
 * How many points a team folds at a time, where it has several: they share what they read, do not wait
 * for each other, and meet at the same barriers. `each` is how many rows share what a point reads.
 */
function pointsTogether(
  kernel: ReduceKernel,
  { scratch }: PrintContext,
  rounds: number,
  each: number,
): number {
  if (kernel.operation === "argmax" || operationsIn([kernel.value]) > LONG_TERM) return 1;
  // Points that do not exist are folded too.
  const fits = (count: number) => Math.ceil(rounds / count) * count <= 1.25 * rounds;
  const most = each === 1 ? scratch.maxTogether : MAX_TOGETHER / each;
  return [4, 2].find((count) => count <= most && fits(count)) ?? 1;
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
  folds: readonly Fold[],
  first: string,
  end: number,
  stride: number,
  loop: (from: string, to: string) => void,
): void {
  const size = stride * Math.ceil(Math.sqrt(end / stride));
  const totals = folds.map(() => names.unique("total"));
  const block = names.unique("block");
  for (const total of totals) source.line(`var ${total} = 0.0;`);
  source.block(`for (var ${block} = ${first}; ${block} < ${end}; ${block} += ${size})`, () => {
    loop(block, `min(${block} + ${size}, ${end})`);
    folds.forEach(({ value }, i) => {
      source.line(`${totals[i]} += ${value};`);
      source.line(`${value} = 0.0;`);
    });
  });
  folds.forEach(({ value }, i) => source.line(`${value} = ${totals[i]};`));
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
