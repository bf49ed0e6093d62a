/**
 * Fits kernels to the number of buffers that a device lets one of them bind. Arguments and results of a
 * program are bound each by itself; temporaries of one type share memory, and one binding. So a buffer
 * that is one too many moves to a temporary: it is copied there before all else, or back after all else.
 *
 * @module
 */
import {
  axisExpression,
  type Buffer,
  type Expression,
  index,
  load,
  rewriteExpression,
} from "../ir/expression.ts";
import { accessesOf } from "./accesses.ts";
import { type Kernel, kernelsOf, type LoopProgram, mapKernel, type Step } from "./program.ts";

/**
 * Counts what must be bound to touch some buffers.
 *
 * @param buffers The buffers.
 * @param isExternal Whether a buffer is an argument or a result.
 * @returns One for each of these, and one for each type of the others.
 */
export function countBindings(
  buffers: Iterable<Buffer>,
  isExternal: (buffer: Buffer) => boolean,
): number {
  const bound = new Set<Buffer | string>();
  for (const buffer of buffers) bound.add(isExternal(buffer) ? buffer : memoryOf(buffer));
  return bound.size;
}

/** Names the memory of a temporary. */
function memoryOf({ dtype }: Buffer): string {
  return dtype === "bool" ? "u32" : dtype;
}

/** Returns whether no kernel of a program binds more than so many buffers. */
export function fitsBindings(program: LoopProgram, maxBindings: number): boolean {
  const external = externalsOf(program);
  return kernelsOf(program.steps).every((kernel) =>
    countBindings(buffersOf(kernel), (buffer) => external.has(buffer)) <= maxBindings
  );
}

/**
 * Moves arguments and results to temporaries, the smallest first, until each kernel binds few enough buffers.
 *
 * @param program The program.
 * @param maxBindings How many a kernel may bind; 4 are enough for any.
 * @returns The program, which does the same.
 */
export function fitBindings(program: LoopProgram, maxBindings: number): LoopProgram {
  const external = externalsOf(program);
  const moved = new Map<Buffer, Buffer>();
  for (const kernel of kernelsOf(program.steps)) {
    const touched = buffersOf(kernel);
    const isExternal = (buffer: Buffer) => external.has(buffer) && !moved.has(buffer);
    while (countBindings(touched, isExternal) > maxBindings) {
      const shared = new Set([...touched].filter((one) => !isExternal(one)).map(memoryOf));
      // What joins a binding that is there anyway saves its own.
      const cost = (buffer: Buffer) =>
        shared.has(memoryOf(buffer)) ? buffer.size : buffer.size + Number.MAX_SAFE_INTEGER / 2;
      const candidates = [...touched].filter(isExternal);
      if (candidates.length === 0) break;
      const buffer = candidates.reduce((a, b) => cost(b) < cost(a) ? b : a);
      moved.set(buffer, { ...buffer, name: `${buffer.name}_copy` });
    }
  }
  if (moved.size === 0) return program;
  const inputs = program.inputs.filter((buffer) => moved.has(buffer));
  const outputs = new Set(program.outputs.filter((buffer) => moved.has(buffer)));
  return {
    ...program,
    temporaries: [...program.temporaries, ...moved.values()],
    steps: [
      ...inputs.map((buffer) => copyKernel(buffer, moved.get(buffer) as Buffer)),
      ...renameBuffers(program.steps, moved),
      ...[...outputs].map((buffer) => copyKernel(moved.get(buffer) as Buffer, buffer)),
    ],
  };
}

/**
 * Replaces buffers wherever steps read or write them.
 *
 * @param steps The steps.
 * @param renamed What takes the place of each buffer.
 */
export function renameBuffers(
  steps: readonly Step[],
  renamed: ReadonlyMap<Buffer, Buffer>,
): readonly Step[] {
  if (renamed.size === 0) return steps;
  const known = new Map<Expression, Expression>();
  const rename = (expression: Expression): Expression =>
    rewriteExpression(expression, (part) => {
      if (part.kind !== "load") return undefined;
      const buffer = renamed.get(part.buffer);
      return buffer ? load(buffer, rename(part.index)) : undefined;
    }, known);
  const map = (steps: readonly Step[]): Step[] =>
    steps.map((step) =>
      step.kind === "loop"
        ? { ...step, steps: map(step.steps) }
        : mapKernel(step, rename, (buffer) => renamed.get(buffer) ?? buffer)
    );
  return map(steps);
}

/** Makes a kernel that copies a buffer to another. */
export function copyKernel(from: Buffer, to: Buffer): Kernel {
  const axis = { name: "i", extent: from.size };
  const at = from.size === 1 ? index(0) : axisExpression(axis);
  return {
    kind: "map",
    name: "copy",
    axes: from.size === 1 ? [] : [axis],
    stores: [{ buffer: to, index: at, value: load(from, at), mode: "set" }],
  };
}

function externalsOf({ inputs, outputs }: LoopProgram): ReadonlySet<Buffer> {
  return new Set([...inputs, ...outputs]);
}

function buffersOf(kernel: Kernel): ReadonlySet<Buffer> {
  return new Set(accessesOf(kernel).map(({ buffer }) => buffer));
}
