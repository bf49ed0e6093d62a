/**
 * Fits kernels to the number of buffers that a device lets one of them bind. Arguments and results of a
 * program are bound each by itself; temporaries of one type share memory, and one binding. So a buffer
 * that is one too many moves to a temporary: it is copied there before all else, or back after all else.
 *
 * @module
 */
import type { Buffer } from "../ir/expression.ts";
import { accessesOf } from "./accesses.ts";
import { copyKernel, countBindings, memoryOf, renameBuffers } from "./buffers.ts";
import { type Kernel, kernelsOf, type LoopProgram } from "./program.ts";

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

function externalsOf({ inputs, outputs }: LoopProgram): ReadonlySet<Buffer> {
  return new Set([...inputs, ...outputs]);
}

function buffersOf(kernel: Kernel): ReadonlySet<Buffer> {
  return new Set(accessesOf(kernel).map(({ buffer }) => buffer));
}
