/**
 * Updates in place: an output takes over the memory of a donated input. Where every reading of the
 * input comes before the output is written, or at the same element in the same kernel, the output is
 * written straight there; otherwise it is copied there at the end.
 *
 * @module
 */
import { type Buffer, type Expression, visitExpression } from "../ir/expression.ts";
import { copyKernel, renameBuffers } from "./buffers.ts";
import { expressionsOf, type Kernel, kernelsOf, type LoopProgram, type Step } from "./program.ts";

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
  const steps = renameBuffers(program.steps, renamed);
  return { ...program, outputs, temporaries, steps: [...steps, ...copies] };
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
