/**
 * From the steps of a program to dispatches. Steps that do not depend on each other share a dispatch,
 * each with workgroups of its own; steps that do may share one too, if they are small enough for one
 * workgroup or can be cut into rows that never meet (see `rows.ts`). A loop over time becomes one
 * dispatch that way, or else a few dispatches an iteration.
 *
 * @module
 */
import { accessesOf, pointsOf } from "../../loops/accesses.ts";
import { conflicts, type Footprint, footprintOf } from "../../loops/footprints.ts";
import {
  addIndex,
  type Axis,
  axisExpression,
  type Buffer,
  type Expression,
  rewriteExpression,
  scaleIndex,
} from "../../ir/expression.ts";
import {
  axesOf,
  type Kernel,
  kernelsOf,
  mapKernel,
  type ReduceKernel,
  type Step,
  type TimeLoop,
} from "../../loops/program.ts";
import { countBindings } from "../../loops/buffers.ts";
import { codeSize, loopCost } from "../../loops/cost.ts";
import { findRows } from "../../loops/rows.ts";
import { WORKGROUP_SIZE } from "./context.ts";
import type { RowTile } from "./group.ts";
import { chooseTiling, fitTiling, type Tiling, tilingSizes } from "./matmul.ts";
import {
  iterationsOf,
  matmulAsReduce,
  MAX_GROUPS,
  reduceGroups,
  spreadIterations,
} from "./reduce.ts";

/** One kernel spread over many workgroups. */
export interface KernelPart {
  /** Discriminant. */
  readonly kind: "kernel";
  /** What runs. */
  readonly kernel: Kernel;
  /** How a matrix product is cut. */
  readonly tiling?: Tiling;
  /** Workgroups that it takes. */
  readonly workgroups: number;
}

/** Steps that depend on each other, every workgroup going through all of them. */
export interface GroupPart {
  /** Discriminant. */
  readonly kind: "group";
  /** What runs, in order. */
  readonly steps: readonly Step[];
  /** Rows a workgroup takes; without, one workgroup takes everything. */
  readonly tile?: RowTile;
  /** Workgroups that it takes. */
  readonly workgroups: number;
}

/** Work of some workgroups of a dispatch. */
export type Part = KernelPart | GroupPart;

/** One dispatch: parts that do not depend on each other. */
export interface Dispatch {
  /** Discriminant. */
  readonly kind: "dispatch";
  /** What runs. */
  readonly parts: readonly Part[];
}

/** A loop over time whose iterations are dispatches of their own. */
export interface SteppedLoop {
  /** Discriminant. */
  readonly kind: "loop";
  /** The loop variable. */
  readonly time: Axis;
  /** What an iteration does. */
  readonly items: readonly ScheduleItem[];
}

/** What a program does on the device, in order. */
export type ScheduleItem = Dispatch | SteppedLoop;

/** What the device allows, and what it is good at. */
export interface ScheduleOptions {
  /** Storage buffers that a shader may bind. */
  readonly maxBindings: number;
  /** Whether a buffer is bound by itself (an argument or a result); others share arenas. */
  readonly isExternal: (buffer: Buffer) => boolean;
  /** Picks the tiling of a matrix product. */
  readonly tilingOf?: (kernel: Kernel & { readonly kind: "matmul" }) => Tiling;
  /** Bytes of workgroup memory. */
  readonly maxComputeWorkgroupStorageSize?: number;
  /** Scalar operations that a workgroup may do one after the other where many could share them. */
  readonly smallWork?: number;
  /** Multiplications from which a product is cut into tiles. */
  readonly tiledProduct?: number;
  /** Iterations of loops that an invocation may make: some software adapters stop without a word. */
  readonly maxIterations?: number;
  /** Scalar operations of one iteration that a workgroup may do in a loop over time. */
  readonly stepWork?: number;
}

const SMALL_WORK = 2 ** 18;
const STEP_WORK = 2 ** 22;
const LARGE_PRODUCT = 2 ** 24;
/**
 * Operations written in a shader at most, some 32 kB of text: the compilers of some drivers take seconds
 * for that, and more than twice as long for twice as much.
 */
const MAX_CODE = 1024;
/** Operations that a graph is lowered to in one kernel. */
export const MAX_KERNEL_CODE = 256;
/** Products smaller than this are summed without tiles. */
const TILED_PRODUCT = 2 ** 17;
/** Terms of a sum from which rows share what it reads. */
const SHARED_SUM = 64;
/** Workgroups that a cut into rows aims at; more rows than that share one. */
const ROW_GROUPS = 1024;

/** Something being scheduled: steps that will be one part, or a stepped loop. */
interface Node {
  steps: Step[];
  kind: "kernel" | "group" | "stepped";
  tile: RowTile | undefined;
  footprint: Footprint;
  level: number;
}

/** Schedules steps. */
export function schedule(steps: readonly Step[], options: ScheduleOptions): ScheduleItem[] {
  let nodes: Node[] = [];
  steps.forEach((step) => {
    if (step.kind === "loop" && step.time.extent === 0) return;
    if (step.kind !== "loop" && pointsOf(axesOf(step)) === 0) return;
    const node = nodeOf(step, options);
    const before = nodes.filter((other) => conflicts(other.footprint, node.footprint).length > 0);
    const level = Math.max(-1, ...before.map((other) => other.level));
    const latest = before.filter((other) => other.level === level);
    const joined = latest.length > 0 ? join(latest, node, options) : undefined;
    if (joined) nodes = [...nodes.filter((other) => !latest.includes(other)), joined];
    else {
      node.level = level + 1;
      nodes.push(node);
    }
  });
  const items: ScheduleItem[] = [];
  const last = Math.max(-1, ...nodes.map((node) => node.level));
  for (let level = 0; level <= last; level++) {
    const here = nodes.filter((node) => node.level === level);
    for (const { steps } of here.filter(({ kind }) => kind === "stepped")) {
      const loop = steps[0] as TimeLoop;
      items.push({ kind: "loop", time: loop.time, items: schedule(loop.steps, options) });
    }
    items.push(...pack(here.filter(({ kind }) => kind !== "stepped"), options));
  }
  return items;
}

/** A step by itself. */
function nodeOf(step: Step, options: ScheduleOptions): Node {
  const footprint = footprintOf([step]);
  const base = { steps: [step], footprint, level: 0 };
  if (step.kind !== "loop") return { ...base, kind: "kernel", tile: undefined };
  const { stepWork = STEP_WORK } = options;
  const fits = bindingsOf([footprint], options) <= options.maxBindings &&
    codeSize([step]) <= MAX_CODE;
  const iteration = loopCost([step]) / step.time.extent;
  const rows = findRows([step]);
  if (rows && fits && iteration / rows.extent <= stepWork) {
    const tile = tileOf(rows, iteration);
    const pieces = inPieces(step, rows.extent / tile.size, options);
    if (pieces) return { ...base, steps: [pieces], kind: "stepped", tile: undefined };
    return { ...base, steps: [...rows.steps], kind: "group", tile };
  }
  if (fits && iteration <= stepWork / 4) {
    const pieces = inPieces(step, 1, options);
    if (pieces) return { ...base, steps: [pieces], kind: "stepped", tile: undefined };
    return { ...base, kind: "group", tile: undefined };
  }
  return { ...base, kind: "stepped", tile: undefined };
}

/** Iterations of loops that an invocation makes if a workgroup runs a share of some steps. */
function iterationsIn(steps: readonly Step[], share: number): number {
  return steps.reduce((sum, step) => {
    if (step.kind !== "loop") return sum + iterationsOf(step, share);
    return sum + step.time.extent * (1 + iterationsIn(step.steps, share));
  }, 0);
}

/**
 * A loop too long for one dispatch as a loop over pieces that are short enough; `undefined` if it is
 * short enough, itself if there are no such pieces.
 */
function inPieces(
  loop: TimeLoop,
  share: number,
  { maxIterations = Infinity }: ScheduleOptions,
): TimeLoop | undefined {
  const { time } = loop;
  const body = 1 + iterationsIn(loop.steps, share);
  if (time.extent * body <= maxIterations) return undefined;
  let length = 1;
  for (let n = 2; n * body <= maxIterations; n++) if (time.extent % n === 0) length = n;
  if (length === 1) return loop;
  const piece: Axis = { name: "piece", extent: time.extent / length };
  const step: Axis = { name: time.name, extent: length };
  const whole = addIndex(scaleIndex(axisExpression(piece), length), axisExpression(step));
  const known = new Map<Expression, Expression>();
  const rewrite = (expression: Expression) =>
    rewriteExpression(
      expression,
      (part) => part.kind === "axis" && part.axis === time ? whole : undefined,
      known,
    );
  const map = (steps: readonly Step[]): Step[] =>
    steps.map((inner) =>
      inner.kind === "loop" ? { ...inner, steps: map(inner.steps) } : mapKernel(inner, rewrite)
    );
  const inner: TimeLoop = { ...loop, time: step, steps: map(loop.steps) };
  return { ...loop, time: piece, steps: [inner] };
}

/** Cuts rows into tiles: few enough for a dispatch, and wide enough to keep a workgroup busy. */
function tileOf(rows: RowTile["rows"], work: number): RowTile {
  // Sums over weights that are the same for all rows read them once for some of these.
  const areColumns = [...rows.strides].some(([{ size }, stride]) =>
    stride === 1 && size > rows.extent
  );
  const shares = !areColumns &&
    [...rows.axes.keys()].some((kernel) =>
      kernel.kind === "matmul" && kernel.inner.extent >= SHARED_SUM &&
      pointsOf(axesOf(kernel)) / rows.extent >= WORKGROUP_SIZE
    );
  let size = 1;
  for (let candidate = 1; candidate <= rows.extent; candidate++) {
    if (rows.extent % candidate !== 0) continue;
    const groups = rows.extent / candidate;
    const idle = work / rows.extent * candidate < WORKGROUP_SIZE * 2;
    const wider = idle || (shares && candidate === 2);
    if (candidate === 1 || groups >= ROW_GROUPS || (wider && groups >= 16)) size = candidate;
    if (groups < 16) break;
  }
  return { rows, size };
}

/** Lets a step join those it depends on most closely, in one part; `undefined` if it had better not. */
function join(latest: readonly Node[], node: Node, options: ScheduleOptions): Node | undefined {
  if (node.kind === "stepped" || latest.some(({ kind }) => kind === "stepped")) return undefined;
  const parts = [...latest, node];
  const footprints = parts.map(({ footprint }) => footprint);
  if (bindingsOf(footprints, options) > options.maxBindings) return undefined;
  if (parts.reduce((sum, part) => sum + codeSize(part.steps), 0) > MAX_CODE) return undefined;
  const { smallWork = SMALL_WORK, maxIterations = Infinity } = options;
  // Large products have tiles of their own, which use memory much better.
  if (parts.some((part) => part.steps.some(isLargeProduct))) return undefined;
  const { level } = latest[0];
  const steps = parts.flatMap((part) => part.steps);
  const footprint = footprintOf(steps);
  const base = { steps, footprint, level, kind: "group" } as const;
  // One workgroup for everything: loops have been judged, the rest must be small.
  const single = parts.every(({ kind, tile }) => kind === "kernel" || !tile) &&
    workOutsideLoops(steps) <= smallWork;
  if (single) {
    return iterationsIn(steps, 1) <= maxIterations ? { ...base, tile: undefined } : undefined;
  }
  const rows = findRows(steps);
  if (!rows) return undefined;
  const tile = tileOf(rows, workOutsideLoops(steps) + loopIteration(steps));
  const groups = rows.extent / tile.size;
  if (workOutsideLoops(steps) / groups > smallWork) return undefined;
  if (iterationsIn(steps, groups) > maxIterations) return undefined;
  return { ...base, steps: [...rows.steps], tile };
}

function isLargeProduct(step: Step): boolean {
  return step.kind === "matmul" && loopCost([step]) > LARGE_PRODUCT;
}

function workOutsideLoops(steps: readonly Step[]): number {
  return loopCost(steps.filter(({ kind }) => kind !== "loop"));
}

function loopIteration(steps: readonly Step[]): number {
  return steps.reduce(
    (sum, step) => sum + (step.kind === "loop" ? loopCost([step]) / step.time.extent : 0),
    0,
  );
}

/** How many storage buffers a shader binds for some steps: arguments, and an arena for each type. */
function bindingsOf(footprints: readonly Footprint[], { isExternal }: ScheduleOptions): number {
  const buffers = footprints.flatMap(({ reads, writes }) => [...reads.keys(), ...writes.keys()]);
  return countBindings(buffers, isExternal);
}

/** Packs independent nodes into as few dispatches as the bindings allow. */
function pack(nodes: readonly Node[], options: ScheduleOptions): Dispatch[] {
  const bins: Node[][] = [];
  const ordered = [...nodes].sort((a, b) => loopCost(b.steps) - loopCost(a.steps));
  for (const node of ordered) {
    const own = bindingsOf([node.footprint], options);
    if (own > options.maxBindings) {
      throw new RangeError(
        `Cannot run ${kernelsOf(node.steps).map(({ name }) => name).join(", ")} on this device: ` +
          `${own} storage buffers are needed and ${options.maxBindings} allowed`,
      );
    }
    const bin = bins.find((others) => {
      const all = [...others, node];
      return bindingsOf(all.map(({ footprint }) => footprint), options) <= options.maxBindings &&
        codeSize(all.flatMap(({ steps }) => steps)) <= MAX_CODE;
    });
    if (bin) bin.push(node);
    else bins.push([node]);
  }
  return bins.map((bin) => ({
    kind: "dispatch",
    parts: bin.map((node) => partOf(node, options)),
  }));
}

function partOf({ kind, steps, tile }: Node, options: ScheduleOptions): Part {
  if (kind === "group") {
    const workgroups = tile ? tile.rows.extent / tile.size : 1;
    return { kind: "group", steps, tile, workgroups };
  }
  const kernel = steps[0] as Kernel;
  switch (kernel.kind) {
    case "map": {
      const workgroups = Math.ceil(pointsOf(kernel.axes) / WORKGROUP_SIZE);
      return { kind: "kernel", kernel, workgroups: Math.min(workgroups, MAX_GROUPS) };
    }
    case "reduce":
      return foldPart(kernel, options);
    case "matmul": {
      if (loopCost([kernel]) < (options.tiledProduct ?? TILED_PRODUCT)) {
        // Tiles would be mostly empty, or not worth their code.
        return foldPart(matmulAsReduce(kernel), options);
      }
      const { tilingOf = chooseTiling, maxComputeWorkgroupStorageSize = Infinity } = options;
      const tiling = fitTiling(kernel, tilingOf(kernel), maxComputeWorkgroupStorageSize);
      const { workgroups, depth } = tilingSizes(kernel, tiling);
      const strips = Math.ceil(kernel.inner.extent / depth);
      checkIterations(kernel, strips * (1 + tiling.depth), options);
      return { kind: "kernel", kernel, tiling, workgroups };
    }
    default:
      return kernel satisfies never;
  }
}

function foldPart(kernel: ReduceKernel, options: ScheduleOptions): KernelPart {
  checkIterations(kernel, spreadIterations(kernel), options);
  return { kind: "kernel", kernel, workgroups: Math.min(reduceGroups(kernel), MAX_GROUPS) };
}

/** A fold cannot be cut into dispatches as a loop over time can; a wrong result would be worse. */
function checkIterations(
  { name }: Kernel,
  iterations: number,
  { maxIterations = Infinity }: ScheduleOptions,
): void {
  if (iterations <= maxIterations) return;
  throw new RangeError(
    `Cannot run ${name} on this device: a loop of ${iterations} iterations is needed and ` +
      `${maxIterations} are allowed`,
  );
}

/** Steps of a part. */
export function stepsOf(part: Part): readonly Step[] {
  return part.kind === "kernel" ? [part.kernel] : part.steps;
}

/** Lists every buffer that a dispatch touches, and whether it writes it. */
export function buffersOf({ parts }: Dispatch): Map<Buffer, boolean> {
  const buffers = new Map<Buffer, boolean>();
  for (const kernel of kernelsOf(parts.flatMap(stepsOf))) {
    for (const { buffer, write } of accessesOf(kernel)) {
      buffers.set(buffer, write || (buffers.get(buffer) ?? false));
    }
  }
  return buffers;
}

/** Describes what a part does in one line, for reports: its kernels, and how a loop is run. */
export function describePart(part: Part): string {
  if (part.kind === "kernel") return part.kernel.name;
  const names = part.steps.map((step) =>
    step.kind === "loop" ? `${step.name} (${step.time.extent} steps inside)` : step.name
  );
  const rows = part.tile ? `, ${part.tile.size} of ${part.tile.rows.extent} rows a workgroup` : "";
  return names.length === 1 ? `${names[0]}${rows}` : `[${names.join("; ")}]${rows}`;
}
