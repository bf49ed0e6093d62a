/**
 * Peels the last iteration off a loop and drops work whose results only a next iteration would read. A
 * derivative through time ends with such: the product that gives the gradient of the initial state, which
 * nobody asked for.
 *
 * @module
 */
import { accessesOf, pointsOf } from "./accesses.ts";
import { type Axis, axisExpression, type Buffer, index } from "../ir/expression.ts";
import {
  axesOf,
  type Kernel,
  kernelsOf,
  type LoopProgram,
  type Step,
  type TimeLoop,
} from "./program.ts";
import { substituteAxis } from "./substitute_axis.ts";

/** Minimum number of terms of a product that repay code of its own for the last iteration. */
const MIN_TERMS = 100_000;
/** Maximum number of iterations: longer loops save too little. */
const MAX_ITERATIONS = 64;

/** Peels the last iteration off loops where that saves a large product. */
export function peelLastIteration(program: LoopProgram): LoopProgram {
  const temporary = new Set(program.temporaries);
  const reads = countReads(program.steps);
  const inSteps = (steps: readonly Step[], isRepeated: boolean): Step[] =>
    steps.flatMap((step, i): Step[] => {
      if (step.kind !== "loop") return [step];
      const inner = { ...step, steps: inSteps(step.steps, true) };
      const kernels = inner.steps.filter((own) => own.kind !== "loop");
      if (kernels.length < inner.steps.length) return [inner];
      // In a loop around it, what the last iteration leaves may be what the first one begins with.
      const written = isRepeated ? writtenBy(steps.slice(0, i)) : temporary;
      const mayDrop = (buffer: Buffer) => temporary.has(buffer) && written.has(buffer);
      return withoutLast(inner, kernels, unread(kernels, mayDrop, reads)) ?? [inner];
    });
  return { ...program, steps: inSteps(program.steps, false) };
}

function writtenBy(steps: readonly Step[]): Set<Buffer> {
  return new Set(kernelsOf(steps).flatMap(({ stores }) => stores.map(({ buffer }) => buffer)));
}

/** Counts the kernels that read each buffer. */
function countReads(steps: readonly Step[]): Map<Buffer, number> {
  const reads = new Map<Buffer, number>();
  for (const kernel of kernelsOf(steps)) {
    for (const buffer of readBy(kernel)) reads.set(buffer, (reads.get(buffer) ?? 0) + 1);
  }
  return reads;
}

function readBy(kernel: Kernel): Set<Buffer> {
  return new Set(accessesOf(kernel).filter(({ write }) => !write).map(({ buffer }) => buffer));
}

/** Finds the kernels of a loop whose results only a next iteration would read. */
function unread(
  kernels: readonly Kernel[],
  mayDrop: (buffer: Buffer) => boolean,
  reads: ReadonlyMap<Buffer, number>,
): Set<Kernel> {
  const inside = countReads(kernels);
  const readLater = new Set<Buffer>();
  const found = new Set<Kernel>();
  for (const kernel of kernels.toReversed()) {
    const isUnread = kernel.stores.every(({ buffer }) =>
      mayDrop(buffer) && !readLater.has(buffer) &&
      (inside.get(buffer) ?? 0) === (reads.get(buffer) ?? 0)
    );
    if (isUnread) found.add(kernel);
    else for (const buffer of readBy(kernel)) readLater.add(buffer);
  }
  return found;
}

function withoutLast(
  loop: TimeLoop,
  kernels: readonly Kernel[],
  dropped: ReadonlySet<Kernel>,
): Step[] | undefined {
  const { time } = loop;
  const saves = [...dropped].some((kernel) =>
    kernel.kind === "matmul" &&
    pointsOf(axesOf(kernel)) * kernel.inner.extent >= MIN_TERMS
  );
  if (!saves || time.extent < 2 || time.extent > MAX_ITERATIONS) return undefined;
  const shorter: Axis = { ...time, extent: time.extent - 1 };
  const place = axisExpression(shorter);
  const steps = kernels.map((kernel) => substituteAxis(kernel, time, place));
  const last = kernels.filter((kernel) => !dropped.has(kernel))
    .map((kernel) => substituteAxis(kernel, time, index(shorter.extent)));
  return [{ ...loop, time: shorter, steps }, ...last];
}
