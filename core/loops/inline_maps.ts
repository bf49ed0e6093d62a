/**
 * Computes cheap elementwise work where it is read, if each element is read once: rows of an embedding, say, that a loop
 * over time adds to its products, need not be written to memory before it.
 *
 * @module
 */
import { accessesOf, pointsOf, usersOf } from "./accesses.ts";
import {
  affineIndex,
  type Axis,
  dependsOn,
  type Expression,
  index,
  rewriteExpression,
  unflattenIndex,
  visitExpression,
} from "../ir/expression.ts";
import {
  axesOf,
  expressionsOf,
  type Kernel,
  kernelsOf,
  type LoopProgram,
  type MapKernel,
  mapKernel,
  type Step,
} from "./program.ts";
import { rowStride } from "./rows.ts";
import { substitution } from "./substitute_axis.ts";

/** Operations that take no longer than to write an element and to read it. */
const CHEAP = new Set(["add", "sub", "mul", "max", "min"]);
/** Loads that take no longer. */
const MAX_LOADS = 4;

/**
 * Inlines elementwise kernels.
 *
 * @param program The program.
 * @returns One that computes the same.
 */
export function inlineMaps(program: LoopProgram): LoopProgram {
  const temporaries = new Set(program.temporaries);
  const users = usersOf(kernelsOf(program.steps));
  const replaced = new Map<Kernel, Kernel>();
  const inSteps = (steps: readonly Step[]): Step[] => {
    const kept = steps.filter((step, i) => {
      if (step.kind !== "map" || replaced.has(step) || !isCheap(step)) return true;
      const [{ buffer }] = step.stores;
      const [writer, reader, ...more] = users.get(buffer) ?? [];
      if (!temporaries.has(buffer) || writer !== step || !reader || more.length > 0) return true;
      const j = steps.findIndex((other, j) => j > i && kernelsOf([other]).includes(reader));
      if (j < 0) return true;
      const read = new Set(
        accessesOf(step).filter(({ write }) => !write).map(({ buffer }) => buffer),
      );
      const between = kernelsOf(steps.slice(i + 1, j + 1));
      if (between.some(({ stores }) => stores.some((store) => read.has(store.buffer)))) return true;
      const inlined = inlineInto(replaced.get(reader) ?? reader, step, roundsOf(steps[j], reader));
      if (!inlined) return true;
      replaced.set(reader, inlined);
      temporaries.delete(buffer);
      return false;
    });
    return kept.map((step) =>
      step.kind === "loop" ? { ...step, steps: inSteps(step.steps) } : step
    );
  };
  const replace = (steps: readonly Step[]): Step[] =>
    steps.map((step) =>
      step.kind === "loop" ? { ...step, steps: replace(step.steps) } : replaced.get(step) ?? step
    );
  const steps = replace(inSteps(program.steps));
  return replaced.size === 0 ? program : { ...program, steps, temporaries: [...temporaries] };
}

/** Returns whether a kernel writes all elements of a buffer in their order, from few others next to each other. */
function isCheap({ axes, stores }: MapKernel): boolean {
  const [{ buffer, index: at, value, mode }] = stores;
  const last = axes.at(-1);
  if (stores.length > 1 || mode !== "set" || !last || pointsOf(axes) !== buffer.size) return false;
  if (!isInOrder(at, axes)) return false;
  let [isPlain, loads] = [true, 0];
  visitExpression(value, (part) => {
    // Indices that are the same along a vector are computed once for it.
    if (part.kind === "apply") {
      isPlain &&= CHEAP.has(part.operation) || (part.dtype === "i32" && !dependsOn(part, [last]));
    }
    if (part.kind !== "load") return;
    loads++;
    const stride = rowStride(part.index, last);
    // A vector of them is one load, or one element for all.
    isPlain &&= part.buffer !== buffer &&
      (stride === 1 ? part.dtype === "f32" : !dependsOn(part.index, [last]));
  });
  return isPlain && loads > 0 && loads <= MAX_LOADS;
}

/** Returns whether an index visits all elements from the first on, one after the other. */
function isInOrder(at: Expression, axes: readonly Axis[]): boolean {
  const { base, strides } = affineIndex(at, axes) ?? {};
  let stride = 1;
  const isRow = axes.toReversed().every((axis) => {
    const own = stride;
    stride *= axis.extent;
    return strides?.get(axis) === own;
  });
  return isRow && base === index(0);
}

/** Counts the rounds of loops around a kernel. */
function roundsOf(step: Step, kernel: Kernel): number {
  if (step.kind !== "loop") return 1;
  const inner = step.steps.find((own) => kernelsOf([own]).includes(kernel));
  return inner ? step.time.extent * roundsOf(inner, kernel) : 0;
}

/** Puts what a kernel computes in place of its result; `undefined` if that is read more than once, or in parts of a fold. */
function inlineInto(
  reader: Kernel,
  { axes, stores: [{ buffer, value }] }: MapKernel,
  rounds: number,
): Kernel | undefined {
  if (reader.stores.some((store) => store.buffer === buffer)) return undefined;
  const values = new Map<Expression, Expression>();
  const extents = axes.map(({ extent }) => extent);
  const find = (expressions: readonly Expression[]): Expression[] => {
    const found: Expression[] = [];
    const seen = new Set<Expression>();
    for (const expression of expressions) {
      visitExpression(expression, (part) => {
        if (part.kind === "load" && part.buffer === buffer) found.push(part);
      }, seen);
    }
    return found;
  };
  const all = find(expressionsOf(reader));
  if (all.length !== find(reader.stores.map(({ value }) => value)).length) return undefined;
  if (all.length * pointsOf(axesOf(reader)) * rounds > buffer.size) return undefined;
  for (const one of all) {
    if (one.kind !== "load") continue;
    const places = unflattenIndex(one.index, extents);
    if (places.some(divides)) return undefined;
    values.set(
      one,
      axes.reduce((result, axis, i) => substitution(axis, places[i])(result), value),
    );
  }
  const known = new Map<Expression, Expression>();
  return mapKernel(
    reader,
    (expression) => rewriteExpression(expression, (part) => values.get(part), known),
  );
}

function divides(index: Expression): boolean {
  let found = false;
  visitExpression(index, (part) => {
    found ||= part.kind === "apply" && (part.operation === "div" || part.operation === "rem");
  });
  return found;
}
