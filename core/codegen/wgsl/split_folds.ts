/**
 * Splits folds of very many terms: parts are folded into memory, and then folded again. So sums keep their
 * digits, many workgroups share the work, and no loop is longer than adapters bear that end long ones.
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
  type Expression,
  flattenIndex,
  index,
  load,
  rewriteExpression,
  scaleIndex,
} from "../../ir/expression.ts";
import { pointsOf } from "../../loops/accesses.ts";
import {
  axesOf,
  type Kernel,
  type LoopProgram,
  mapKernel,
  type MatmulKernel,
  type ReduceKernel,
  type Step,
} from "../../loops/program.ts";
import { substituteAxis } from "../../loops/substitute_axis.ts";
import { additionsOf } from "./reduce.ts";

/** Terms of a part, and of a product that is left whole. */
const PART_TERMS = 4096;
/** Additions of an invocation from which a fold is split. */
const MAX_ADDITIONS = 1024;

/**
 * Splits the folds and products of a program that are too long for one kernel.
 *
 * @param program The program.
 * @returns The program, which does the same.
 */
export function splitFolds(program: LoopProgram): LoopProgram {
  const temporaries: Buffer[] = [];
  const split = (steps: readonly Step[]): Step[] =>
    steps.flatMap((step): Step[] => {
      if (step.kind === "loop") return [{ ...step, steps: split(step.steps) }];
      const parts = splitKernel(step, (dtype, size) => {
        const buffer: Buffer = { name: `parts${temporaries.length}`, dtype, size };
        temporaries.push(buffer);
        return buffer;
      });
      // What folds the parts may be too long again.
      return parts ? split(parts) : [step];
    });
  const steps = split(program.steps);
  if (temporaries.length === 0) return program;
  return { ...program, steps, temporaries: [...program.temporaries, ...temporaries] };
}

type NewBuffer = (dtype: Buffer["dtype"], size: number) => Buffer;

function splitKernel(kernel: Kernel, newBuffer: NewBuffer): Kernel[] | undefined {
  if (pointsOf(axesOf(kernel)) === 0) return undefined;
  if (kernel.kind === "matmul") {
    return kernel.inner.extent > PART_TERMS ? splitProduct(kernel, newBuffer) : undefined;
  }
  if (kernel.kind !== "reduce" || additionsOf(kernel) <= MAX_ADDITIONS) return undefined;
  return splitReduction(kernel, newBuffer);
}

/** Cuts the longest folded axis. */
function splitReduction(kernel: ReduceKernel, newBuffer: NewBuffer): Kernel[] {
  const { axes, inner, operation, value, stores } = kernel;
  const long = inner.reduce((a, b) => b.extent > a.extent ? b : a);
  const others = pointsOf(inner) / long.extent;
  const length = Math.min(
    Math.ceil(long.extent / 2),
    Math.max(1, Math.floor(PART_TERMS / others)),
  );
  const part: Axis = { name: "part", extent: Math.ceil(long.extent / length) };
  const within: Axis = { name: long.name, extent: length };
  const at = addIndex(scaleIndex(axisExpression(part), length), axisExpression(within));
  const isEven = part.extent * length === long.extent;
  // The last part may be shorter: what it lacks is the last term again, which does not count.
  const last = index(long.extent - 1);
  const place = isEven ? at : applyExpression("min", "i32", [at, last]);
  const terms = substitute(value, long, place);
  const term = isEven ? terms : applyExpression("select", value.dtype, [
    applyExpression("le", "bool", [at, last]),
    terms,
    constantExpression(value.dtype, operation === "sum" ? 0 : leastOf(value.dtype)),
  ]);
  const dtype = operation === "argmax" ? "i32" : value.dtype === "bool" ? "u32" : value.dtype;
  const extents = [...axes, part].map(({ extent }) => extent);
  const slot = flattenIndex([...axes, part].map(axisExpression), extents);
  const parts = newBuffer(dtype, extents.reduce((product, extent) => product * extent, 1));
  const found = accumulator(dtype, 0);
  const result = operation === "argmax"
    ? addIndex(scaleIndex(axisExpression(part), length), found)
    : found;
  const first: ReduceKernel = {
    ...kernel,
    axes: [...axes, part],
    inner: inner.map((axis) => axis === long ? within : axis),
    value: term,
    stores: [{ buffer: parts, index: slot, value: result, mode: "set" }],
  };
  const partial = load(parts, slot);
  if (operation !== "argmax") {
    return [first, { ...kernel, inner: [part], value: partial, stores }];
  }
  // The part that has the greatest, and where that is.
  const winner = load(parts, flattenIndex([...axes.map(axisExpression), found], extents));
  const { stores: own } = mapKernel(
    { kind: "map", name: kernel.name, axes, stores },
    (expression) =>
      rewriteExpression(expression, (part) => part.kind === "accumulator" ? winner : undefined),
  );
  return [first, {
    ...kernel,
    inner: [part],
    value: substitute(value, long, partial),
    stores: own,
  }];
}

/** Cuts the summed axis into parts of one length, and a rest. */
function splitProduct(kernel: MatmulKernel, newBuffer: NewBuffer): Kernel[] {
  const { batch, row, column, inner, stores } = kernel;
  const count = Math.ceil(inner.extent / PART_TERMS);
  // Lengths of a multiple of 64 fill the strips of tiles; the rest is a product of its own.
  const length = Math.floor(inner.extent / count / 64) * 64;
  const rest = inner.extent - count * length;
  const part: Axis = { name: "part", extent: count };
  const within: Axis = { name: inner.name, extent: length };
  const outer = [...batch, part, row, column];
  const extents = outer.map(({ extent }) => extent);
  const slot = flattenIndex(outer.map(axisExpression), extents);
  const parts = newBuffer("f32", extents.reduce((product, extent) => product * extent, 1));
  const sum = accumulator("f32", 0);
  const cut = (from: Expression, axis: Axis) => (operand: MatmulKernel["x"]) =>
    substitute(operand, inner, addIndex(from, axisExpression(axis))) as MatmulKernel["x"];
  const inPart = cut(scaleIndex(axisExpression(part), length), within);
  const first: MatmulKernel = {
    ...kernel,
    batch: [...batch, part],
    inner: within,
    x: inPart(kernel.x),
    y: inPart(kernel.y),
    stores: [{ buffer: parts, index: slot, value: sum, mode: "set" }],
  };
  const axes = [...batch, row, column];
  const fold: ReduceKernel = {
    kind: "reduce",
    name: kernel.name,
    axes,
    inner: [part],
    operation: "sum",
    value: load(parts, slot),
    stores,
  };
  if (rest === 0) return [first, fold];
  const sizes = axes.map(({ extent }) => extent);
  const here = flattenIndex(axes.map(axisExpression), sizes);
  const sums = newBuffer("f32", sizes.reduce((product, extent) => product * extent, 1));
  const both = applyExpression("add", "f32", [sum, load(sums, here)]);
  const left: Axis = { name: inner.name, extent: rest };
  const inRest = cut(index(count * length), left);
  const { stores: own } = mapKernel(
    { kind: "map", name: kernel.name, axes, stores },
    (expression) =>
      rewriteExpression(expression, (part) => part.kind === "accumulator" ? both : undefined),
  );
  return [
    first,
    { ...fold, stores: [{ buffer: sums, index: here, value: sum, mode: "set" }] },
    { ...kernel, inner: left, x: inRest(kernel.x), y: inRest(kernel.y), stores: own },
  ];
}

/** Replaces an axis; the indices of loads stay flat. */
function substitute(expression: Expression, axis: Axis, place: Expression): Expression {
  const inIndex = (value: Expression): Expression => {
    const stores = [{ buffer: NOWHERE, index: index(0), value, mode: "set" }] as const;
    return substituteAxis({ kind: "map", name: "", axes: [], stores }, axis, place).stores[0].value;
  };
  return rewriteExpression(expression, (part) => {
    if (part.kind === "load") return load(part.buffer, inIndex(part.index));
    return part.kind === "axis" && part.axis === axis ? place : undefined;
  });
}

const NOWHERE: Buffer = { name: "", dtype: "f32", size: 0 };

/** What every number of a type is at least. */
function leastOf(dtype: Buffer["dtype"]): number {
  return dtype === "f32" ? -Infinity : dtype === "i32" ? -2147483648 : 0;
}
