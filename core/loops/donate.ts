/**
 * Updates in place: an output takes over the memory of a donated input. Where every reading of the
 * input comes before the output is written, or at the same element in the same kernel, the output is
 * written straight there; otherwise it is copied there at the end.
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
  visitExpression,
} from "../ir/expression.ts";
import {
  expressionsOf,
  type Kernel,
  kernelsOf,
  type LoopProgram,
  mapKernel,
  type Step,
} from "./program.ts";

/** Makes outputs of a program take over the memory of inputs. */
export function donateBuffers(
  program: LoopProgram,
  donated: readonly (readonly [output: number, input: number])[],
): LoopProgram {
  if (donated.length === 0) return program;
  const outputs = [...program.outputs];
  const temporaries = [...program.temporaries];
  const renamed = new Map<Buffer, Buffer>();
  const copies: Kernel[] = [];
  for (const [o, i] of donated) {
    const [output, input] = [program.outputs[o], program.inputs[i]];
    outputs[o] = input;
    if (program.outputs.indexOf(output) !== o) continue;
    if (canOverwrite(program.steps, output, input)) renamed.set(output, input);
    else {
      temporaries.push(output);
      copies.push(copyKernel(output, input));
    }
  }
  const known = new Map<Expression, Expression>();
  const rename = (expression: Expression): Expression =>
    rewriteExpression(expression, (part) => {
      if (part.kind !== "load") return undefined;
      const buffer = renamed.get(part.buffer);
      return buffer ? load(buffer, rename(part.index)) : undefined;
    }, known);
  const steps = renamed.size === 0
    ? program.steps
    : mapSteps(program.steps, (kernel) =>
      mapKernel(kernel, rename, (buffer) => renamed.get(buffer) ?? buffer));
  return { ...program, outputs, temporaries, steps: [...steps, ...copies] };
}

function mapSteps(steps: readonly Step[], map: (kernel: Kernel) => Kernel): Step[] {
  return steps.map((step) =>
    step.kind === "loop" ? { ...step, steps: mapSteps(step.steps, map) } : map(step)
  );
}

/** Returns whether `output` may be written straight into `input`. */
function canOverwrite(steps: readonly Step[], output: Buffer, input: Buffer): boolean {
  const first = steps.findIndex((step) =>
    kernelsOf([step]).some((kernel) => storesTo(kernel, output))
  );
  if (first < 0) return false;
  const writer = steps[first];
  // Inside a loop the next iteration may still read what this one overwrites.
  if (writer.kind === "loop" && loadsFrom([writer], input)) return false;
  if (loadsFrom(steps.slice(first + 1), input)) return false;
  if (writer.kind === "loop") return true;
  const [store, ...more] = writer.stores.filter(({ buffer }) => buffer === output);
  if (more.length > 0) return false;
  if (writer.kind === "matmul" && (writer.x.buffer === input || writer.y.buffer === input)) {
    return false;
  }
  if (writer.kind === "reduce" && loadIndices([writer.value], input).length > 0) return false;
  const indices = loadIndices(expressionsOf(writer), input);
  return indices.every((at) => at === store.index);
}

function storesTo(kernel: Kernel, buffer: Buffer): boolean {
  return kernel.stores.some((store) => store.buffer === buffer);
}

function loadsFrom(steps: readonly Step[], buffer: Buffer): boolean {
  return kernelsOf(steps).some((kernel) => loadIndices(expressionsOf(kernel), buffer).length > 0);
}

function loadIndices(expressions: readonly Expression[], buffer: Buffer): Expression[] {
  const indices: Expression[] = [];
  const seen = new Set<Expression>();
  for (const expression of expressions) {
    visitExpression(expression, (part) => {
      if (part.kind === "load" && part.buffer === buffer) indices.push(part.index);
    }, seen);
  }
  return indices;
}

function copyKernel(from: Buffer, to: Buffer): Kernel {
  const axis = { name: "i", extent: from.size };
  const at = from.size === 1 ? index(0) : axisExpression(axis);
  return {
    kind: "map",
    name: "copy",
    axes: from.size === 1 ? [] : [axis],
    stores: [{ buffer: to, index: at, value: load(from, at), mode: "set" }],
  };
}
