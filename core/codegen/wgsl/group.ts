/**
 * Printing steps that depend on each other into one dispatch: each workgroup takes a tile of rows (or
 * all there is) through every step, waiting for its own invocations at barriers, loops over time
 * included. What only these steps use, and fits, lives in workgroup memory.
 *
 * @module
 */
import { accessesOf } from "../../loops/accesses.ts";
import { conflicts, type Footprint, footprintOf } from "../../loops/footprints.ts";
import {
  addIndex,
  type Axis,
  axisExpression,
  type Buffer,
  dependsOn,
  type Expression,
  index,
  load,
  rewriteExpression,
  scaleIndex,
} from "../../ir/expression.ts";
import type { Kernel, Step, Store, TimeLoop } from "../../loops/program.ts";
import { kernelsOf } from "../../loops/program.ts";
import { type Rows, splitTerms } from "../../loops/rows.ts";
import { forEachPoint, type PrintContext } from "./context.ts";
import { printMap } from "./map.ts";
import { matmulAsReduce, printReduce } from "./reduce.ts";

/** Rows that one workgroup takes. */
export interface RowTile {
  /** The cut. */
  readonly rows: Rows;
  /** Rows a workgroup takes; it divides their number. */
  readonly size: number;
}

/** Buffers moved to workgroup memory: what each is there. */
export type LocalBuffers = ReadonlyMap<Buffer, Buffer>;

/** What a group keeps in workgroup memory. */
export interface GroupLocals {
  /** Temporaries that never leave it. */
  readonly buffers: LocalBuffers;
  /** Copies of what a loop over time reads whole at every step, such as its weights. */
  readonly copies: ReadonlyMap<TimeLoop, LocalBuffers>;
}

/** Element count of a buffer if only a tile of its rows is kept. */
function tileFootprint(buffer: Buffer, tile: RowTile | undefined): number {
  if (!tile) return buffer.size;
  return Math.ceil(buffer.size / tile.rows.extent) * tile.size;
}

/** Writes the steps of a group. */
export function printGroup(
  steps: readonly Step[],
  tile: RowTile | undefined,
  { buffers, copies }: GroupLocals,
  context: PrintContext,
): void {
  const { source, names } = context;
  let firstRow = "";
  if (tile) {
    firstRow = names.unique("first_row");
    source.line(`let ${firstRow} = group * ${tile.size};`);
  }
  printSteps(steps, { ...context, groups: 1 }, {
    tile,
    locals: buffers,
    copies,
    firstRow,
    tileAxes: new Map(),
  });
}

interface GroupContext {
  readonly tile: RowTile | undefined;
  readonly locals: LocalBuffers;
  readonly copies: GroupLocals["copies"];
  readonly firstRow: string;
  /** Axis that counts rows inside the tile, for each axis that counts all. */
  readonly tileAxes: Map<Axis, Axis>;
}

function printSteps(steps: readonly Step[], context: PrintContext, group: GroupContext): void {
  const { source, names } = context;
  // Steps since the last barrier.
  let open: Footprint[] = [];
  for (const step of steps) {
    const own = footprintOf([step]);
    const shared = open.flatMap((earlier) => conflicts(earlier, own));
    if (shared.length > 0) {
      printBarrier(shared, context, group);
      open = [];
    }
    open.push(own);
    if (step.kind === "loop") {
      const time = names.unique(step.time.name);
      const inside = { ...context, axes: new Map([...context.axes, [step.time, time]]) };
      const head = `for (var ${time} = 0; ${time} < ${step.time.extent}; ${time}++)`;
      source.line(`// ${step.name}`);
      const copies = group.copies.get(step);
      if (copies) printCopies(copies, context);
      const within = copies ? { ...group, locals: new Map([...group.locals, ...copies]) } : group;
      source.block(head, () => {
        printSteps(step.steps, inside, within);
        // The next iteration reads what this one wrote.
        printBarrier([...own.writes.keys()], context, group);
      });
      // It ended with a barrier.
      open = [];
    } else {
      source.line(`// ${step.name}`);
      source.block("", () => printKernel(step, context, group));
    }
  }
}

/** Fills workgroup memory with what a loop reads at every step. */
function printCopies(copies: LocalBuffers, context: PrintContext): void {
  for (const [from, to] of copies) {
    context.source.line(`// ${from.name}, kept close for the loop`);
    forEachPoint(context, from.size, (point) => {
      const { element } = context.bindings;
      context.source.line(`${element(to, point)} = ${element(from, point)};`);
    });
  }
  context.source.line("workgroupBarrier();");
}

/** Waits for the workgroup's invocations and for what they wrote. */
function printBarrier(
  buffers: readonly Buffer[],
  { source }: PrintContext,
  { locals }: GroupContext,
): void {
  // A storage barrier also waits; the other one makes workgroup memory visible.
  if (buffers.some((buffer) => !locals.has(buffer))) source.line("storageBarrier();");
  source.line("workgroupBarrier();");
}

function printKernel(kernel: Kernel, context: PrintContext, group: GroupContext): void {
  const own = localKernel(kernel, group);
  const axes = new Map(context.axes);
  const row = group.tile?.rows.axes.get(kernel);
  if (row) {
    const inTile = group.tileAxes.get(row);
    if (inTile) axes.set(row, group.firstRow);
  }
  const inside = { ...context, axes };
  if (own.kind === "map") printMap(own, inside);
  else printReduce(own.kind === "matmul" ? matmulAsReduce(own) : own, inside);
}

/** A kernel on one tile of rows, with what lives in workgroup memory read and written there. */
function localKernel(kernel: Kernel, group: GroupContext): Kernel {
  const { tile, locals, tileAxes } = group;
  const row = tile?.rows.axes.get(kernel);
  let inTile: Axis | undefined;
  if (row && tile) {
    inTile = tileAxes.get(row) ?? { name: row.name, extent: tile.size };
    tileAxes.set(row, inTile);
  }
  const touches = accessesOf(kernel).some(({ buffer }) => locals.has(buffer));
  if (!inTile && !touches) return kernel;
  const known = new Map<Expression, Expression>();
  // The row is the first of the tile (the axis itself, bound to that) plus the row in the tile.
  const replaceRow = (part: Expression): Expression | undefined =>
    part.kind === "axis" && part.axis === row && inTile
      ? addIndex(part, axisExpression(inTile))
      : part.kind === "load" && locals.has(part.buffer)
      ? load(locals.get(part.buffer) as Buffer, rewrite(local(part.buffer, part.index)))
      : undefined;
  const rewrite = (expression: Expression) => rewriteExpression(expression, replaceRow, known);
  /** Where an element lies in workgroup memory; still in terms of all rows' axis. */
  const local = (buffer: Buffer, at: Expression): Expression => {
    const stride = row && tile?.rows.strides.get(buffer);
    if (!stride || !inTile || !tile) return at;
    const { constant, terms } = splitTerms(at);
    const period = stride * tile.rows.extent;
    const outer = (n: number) => n / tile.rows.extent * tile.size;
    const inner = ((constant % period) + period) % period;
    let result = index(inner + outer(constant - inner));
    for (const { base, factor } of terms) {
      const own = base.kind === "axis" && base.axis === row
        ? scaleIndex(axisExpression(inTile), factor)
        : scaleIndex(base, factor % period === 0 ? outer(factor) : factor);
      result = addIndex(result, own);
    }
    return result;
  };
  const stores = kernel.stores.map((store): Store => {
    const buffer = locals.get(store.buffer);
    return {
      ...store,
      buffer: buffer ?? store.buffer,
      index: rewrite(buffer ? local(store.buffer, store.index) : store.index),
      value: rewrite(store.value),
    };
  });
  const swap = (axes: readonly Axis[]) =>
    axes.map((axis) => axis === row && inTile ? inTile : axis);
  switch (kernel.kind) {
    case "map":
      return { ...kernel, axes: swap(kernel.axes), stores };
    case "reduce":
      return { ...kernel, axes: swap(kernel.axes), value: rewrite(kernel.value), stores };
    case "matmul": {
      const [x, y] = [kernel.x, kernel.y].map(rewrite) as [typeof kernel.x, typeof kernel.y];
      const [ownRow, column] = swap([kernel.row, kernel.column]);
      return { ...kernel, batch: swap(kernel.batch), row: ownRow, column, x, y, stores };
    }
    default:
      return kernel satisfies never;
  }
}

/** Buffers that may live in workgroup memory, those that gain most first, as far as they fit. */
export function chooseLocals(
  steps: readonly Step[],
  tile: RowTile | undefined,
  isPrivate: (buffer: Buffer) => boolean,
  elements: number,
): GroupLocals {
  const traffic = new Map<Buffer, number>();
  for (const kernel of kernelsOf(steps)) {
    for (const { buffer } of accessesOf(kernel)) {
      traffic.set(buffer, (traffic.get(buffer) ?? 0) + 1);
    }
  }
  const locals = new Map<Buffer, Buffer>();
  let left = elements;
  const candidates = [...traffic.keys()].filter(isPrivate).map((buffer) => ({
    buffer,
    size: tileFootprint(buffer, tile),
  }));
  candidates.sort((a, b) => a.size - b.size);
  for (const { buffer, size } of candidates) {
    if (size > left) break;
    // Only what is cut into rows can be kept by tiles.
    if (tile && !tile.rows.strides.has(buffer)) continue;
    left -= size;
    locals.set(buffer, { name: buffer.name, dtype: buffer.dtype, size });
  }
  return { buffers: locals, copies: chooseCopies(steps, tile, locals, left) };
}

/** Picks what loops read whole at every step and do not write, smallest first, as far as it fits. */
function chooseCopies(
  steps: readonly Step[],
  tile: RowTile | undefined,
  locals: LocalBuffers,
  elements: number,
): Map<TimeLoop, LocalBuffers> {
  const copies = new Map<TimeLoop, LocalBuffers>();
  let left = elements;
  for (const loop of steps) {
    if (loop.kind !== "loop" || loop.time.extent < 2) continue;
    const refused = new Set<Buffer>();
    const found = new Set<Buffer>();
    for (const kernel of kernelsOf([loop])) {
      for (const { buffer, index, write } of accessesOf(kernel)) {
        found.add(buffer);
        if (write || locals.has(buffer) || tile?.rows.strides.has(buffer)) refused.add(buffer);
        if (dependsOn(index, [loop.time])) refused.add(buffer);
      }
    }
    const own = new Map<Buffer, Buffer>();
    const candidates = [...found].filter((buffer) => !refused.has(buffer));
    for (const buffer of candidates.sort((a, b) => a.size - b.size)) {
      if (buffer.size > left) break;
      left -= buffer.size;
      own.set(buffer, { name: `${buffer.name}_near`, dtype: buffer.dtype, size: buffer.size });
    }
    if (own.size > 0) copies.set(loop, own);
  }
  return copies;
}
