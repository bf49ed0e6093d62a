/**
 * Updates in place: an output takes over the memory of a donated input. Where every reading of the
 * input comes before the output is written, or at the same element in the same kernel, the output is
 * written straight there; otherwise it is copied there at the end.
 *
 * @module
 */
import { accessesOf } from "./accesses.ts";
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
  const uses = usesOf(program.steps);
  for (const [o, i] of donated) {
    const [output, input] = [program.outputs[o], program.inputs[i]];
    outputs[o] = input;
    if (program.outputs.indexOf(output) !== o) continue;
    if (canOverwrite(program.steps, uses, output, input)) renamed.set(output, input);
    else {
      temporaries.push(output);
      copies.push(copyKernel(output, input));
    }
  }
  const steps = renameBuffers(program.steps, renamed);
  return { ...program, outputs, temporaries, steps: [...steps, ...copies] };
}

/** The steps that touch a buffer, by their numbers. */
interface Uses {
  /** The first that stores to it, or −1. */
  firstStore: number;
  readonly loads: Set<number>;
}

/** Finds which steps touch each buffer, so that they are not searched for each of them. */
function usesOf(steps: readonly Step[]): Map<Buffer, Uses> {
  const uses = new Map<Buffer, Uses>();
  steps.forEach((step, i) => {
    for (const { buffer, write } of kernelsOf([step]).flatMap(accessesOf)) {
      const own = uses.get(buffer) ?? { firstStore: -1, loads: new Set() };
      uses.set(buffer, own);
      if (!write) own.loads.add(i);
      else if (own.firstStore < 0) own.firstStore = i;
    }
  });
  return uses;
}

/** Returns whether `output` may be written straight into `input`. */
function canOverwrite(
  steps: readonly Step[],
  uses: ReadonlyMap<Buffer, Uses>,
  output: Buffer,
  input: Buffer,
): boolean {
  const first = uses.get(output)?.firstStore ?? -1;
  if (first < 0) return false;
  const writer = steps[first];
  const loads = uses.get(input)?.loads ?? new Set();
  // Inside a loop the next iteration may still read what this one overwrites.
  if (writer.kind === "loop" && loads.has(first)) return false;
  if (Math.max(-1, ...loads) > first) return false;
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
