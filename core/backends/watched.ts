/**
 * Programs that are watched, as the variables `DEBUG`, `UNROLL_DUMP` and `UNROLL_VALIDATE` ask for.
 *
 * @module
 */
import type { Backend, Executable } from "../ir/backend.ts";
import { dense } from "../ir/dense.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { formatGraph } from "../ir/format_graph.ts";
import type { Graph } from "../ir/graph.ts";
import { formatType, type TypedArray } from "../ir/tensor_type.ts";
import { debugLevel } from "../util/debug.ts";
import { debugLine, dumpText } from "../util/debug_output.ts";
import { readVariable } from "../util/environment.ts";

/** What is known of a program. */
export interface WatchedProgram {
  /** The device. */
  readonly backend: Backend;
  /** What it computes. */
  readonly graph: Graph;
  /** What it is called in reports. */
  readonly name: string;
  /** How long it took to compile. */
  readonly milliseconds: number;
}

let programs = 0;

/**
 * Tells of a program that was compiled.
 *
 * @param executable What runs it.
 * @param program What is known of it.
 * @returns What runs it, and tells of each run, or compares it with the interpreter.
 */
export function watched(executable: Executable, program: WatchedProgram): Executable {
  const { backend, graph, name, milliseconds } = program;
  const level = debugLevel();
  if (level >= 1) {
    const { length } = executable.kernels;
    debugLine(
      `compiled ${name} for ${backend.name} in ${
        milliseconds.toFixed(1)
      } ms: ${graph.equations.length} equations, ${length} ${length === 1 ? "kernel" : "kernels"}`,
    );
  }
  if (level >= 3) debugLine(formatGraph(graph));
  programs++;
  dumpText(`${String(programs).padStart(3, "0")}_${name}.graph.txt`, formatGraph(graph));
  let run: Executable["run"] = (inputs) => executable.run(inputs);
  if (level >= 2) run = timed(run, name);
  if (readVariable("UNROLL_VALIDATE") && backend.name !== "reference") {
    run = validated(run, program);
  }
  const dispose = () => executable.dispose();
  return { run, kernels: executable.kernels, dispose, [Symbol.dispose]: dispose };
}

function timed(run: Executable["run"], name: string): Executable["run"] {
  return (inputs) => {
    const started = performance.now();
    const outputs = run(inputs);
    debugLine(`ran ${name} in ${(performance.now() - started).toFixed(3)} ms`);
    return outputs;
  };
}

/** Runs it on the interpreter as well; what differs ends the process with a sentence. */
function validated(run: Executable["run"], program: WatchedProgram): Executable["run"] {
  const { backend } = program;
  return (inputs) => {
    // Reading begins before the run, which may use the memory up.
    const before = inputs.map((buffer) => backend.download(buffer));
    const outputs = run(inputs);
    const after = outputs.map((buffer) => backend.download(buffer));
    void compare(program, before, after);
    return outputs;
  };
}

async function compare(
  { backend, graph, name }: WatchedProgram,
  before: readonly Promise<TypedArray>[],
  after: readonly Promise<TypedArray>[],
): Promise<void> {
  const [inputs, outputs] = await Promise.all([Promise.all(before), Promise.all(after)]);
  const wanted = evaluateGraph(graph, inputs.map((data, i) => dense(graph.inputs[i].type, data)));
  outputs.forEach((found, i) => {
    const worst = worstDifference(found, wanted[i].data);
    if (worst === undefined) return;
    throw new RangeError(
      `Program ${name} is wrong on ${backend.name}: element ${worst.index} of output ${i} ` +
        `${formatType(wanted[i].type)} must be ${worst.wanted}, found ${worst.found}`,
    );
  });
}

/** Float32 rounding of some thousand operations in a row, relative to the greatest element. */
const VALIDATE_TOLERANCE = 4096 * 2 ** -23;

function worstDifference(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
): { readonly index: number; readonly found: number; readonly wanted: number } | undefined {
  let scale = 1;
  let worst = 0;
  let index = -1;
  for (let i = 0; i < wanted.length; i++) {
    if (Number.isFinite(wanted[i])) scale = Math.max(scale, Math.abs(wanted[i]));
    const same = Object.is(found[i], wanted[i]) || found[i] === wanted[i];
    const difference = same ? 0 : Math.abs(found[i] - wanted[i]);
    // Comparisons with NaN are false: it is worse than anything.
    if (!(difference <= worst)) {
      worst = difference;
      index = i;
    }
  }
  if (index < 0 || worst <= scale * VALIDATE_TOLERANCE) return undefined;
  return { index, found: found[index], wanted: wanted[index] };
}
