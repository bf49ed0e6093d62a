/**
 * What the printers of kernels share: who runs a kernel, where its loop variables come from, and how
 * its stores are written.
 *
 * @module
 */
import { pointsOf } from "../../loops/accesses.ts";
import { axesIn, type Axis, type Expression } from "../../ir/expression.ts";
import type { Store } from "../../loops/program.ts";
import { type Bindings, ExpressionWriter, storedText } from "./expressions.ts";
import type { Names, SourceWriter } from "./source.ts";

/** Invocations in a workgroup. */
export const WORKGROUP_SIZE = 256;

/** Workgroup memory that the parts of a shader take turns to use, in elements. */
export interface Scratch {
  /** Four real numbers an element: tiles of matrices. */
  tiles: number;
  /** What invocations fold over each other: nothing, values, or values and their places. */
  folds: 0 | 1 | 2;
  /** Values of an invocation that are folded at a time. */
  together: number;
  /** For how many there is room. */
  readonly maxTogether: number;
}

/** What a kernel's printer is given. */
export interface PrintContext {
  /** Where the code goes. */
  readonly source: SourceWriter;
  /** Gives out names. */
  readonly names: Names;
  /** Finds buffers. */
  readonly bindings: Bindings;
  /** Text of the loop variables around the kernel: time, and the row of a cut. */
  readonly axes: ReadonlyMap<Axis, string>;
  /**
   * Workgroups that share the kernel. With one, a workgroup has it for itself and `local` counts
   * its invocations; with more, `group` counts workgroups too.
   */
  readonly groups: number;
  /** Notes what is needed of workgroup memory. */
  readonly scratch: Scratch;
  /** Neighbouring invocations that can tell each other values, at least, a power of two; 1 if none can. */
  readonly subgroup: number;
}

/** Makes an expression writer inside a block of a kernel. */
export function writerFor(
  context: PrintContext,
  axes: ReadonlyMap<Axis, string>,
  accumulators: readonly string[] = [],
): ExpressionWriter {
  const all = new Map([...context.axes, ...axes]);
  return new ExpressionWriter(context.source, context.names, all, context.bindings, accumulators);
}

/** Axes that occur in expressions. */
export function axesOfAll(expressions: readonly Expression[]): Set<Axis> {
  return new Set(expressions.flatMap((expression) => [...axesIn(expression)]));
}

/**
 * Takes a flat number apart into loop variables, the last axis running fastest.
 *
 * @param context Where the code goes.
 * @param axes The axes, outermost first.
 * @param flat Text of the number.
 * @param used Axes that anybody reads; others get no variable.
 * @param known Gains the text of each axis.
 */
export function unflatten(
  { source, names }: PrintContext,
  axes: readonly Axis[],
  flat: string,
  used: ReadonlySet<Axis>,
  known: Map<Axis, string>,
): void {
  const real = axes.filter(({ extent }) => extent > 1);
  real.forEach((axis, i) => {
    if (!used.has(axis)) return;
    const below = pointsOf(real.slice(i + 1));
    let text = below === 1 ? flat : `${flat} / ${below}`;
    if (i > 0) text = below === 1 ? `${text} % ${axis.extent}` : `(${text}) % ${axis.extent}`;
    if (text === flat) {
      known.set(axis, flat);
      return;
    }
    const name = names.unique(axis.name);
    source.line(`let ${name} = ${text};`);
    known.set(axis, name);
  });
}

/** Writes a loop over points that the invocations of the workgroups share. */
export function forEachPoint(
  context: PrintContext,
  points: number,
  body: (point: string) => void,
): void {
  const { source, names, groups } = context;
  const lanes = groups * WORKGROUP_SIZE;
  const first = groups === 1 ? "local" : `group * ${WORKGROUP_SIZE} + local`;
  if (points === 0) return;
  const point = names.unique("point");
  if (points > lanes) {
    const head = `for (var ${point} = ${first}; ${point} < ${points}; ${point} += ${lanes})`;
    source.block(head, () => body(point));
  } else {
    source.line(`let ${point} = ${first};`);
    if (points === lanes) body(point);
    else source.block(`if (${point} < ${points})`, () => body(point));
  }
}

/** Writes a kernel's stores: every value is computed before any is stored. */
export function writeStores(
  context: PrintContext,
  writer: ExpressionWriter,
  stores: readonly Store[],
): void {
  for (const { mode, buffer } of stores) {
    if (mode !== "set") {
      throw new TypeError(
        `Cannot print WGSL that adds to ${buffer.name}: lower scatters as reductions for WebGPU`,
      );
    }
  }
  writer.announce(stores.flatMap(({ index, value }) => [index, value]));
  const texts = stores.map(({ buffer, index, value }) => {
    const text = storedText(buffer.dtype, writer.bind(value));
    return `${context.bindings.element(buffer, writer.text(index))} = ${text};`;
  });
  for (const text of texts) context.source.line(text);
}
