/**
 * A program of a device, run on buffers without promises: what training loops call.
 *
 * @module
 */
import type { Backend, DeviceBuffer, Executable } from "../ir/backend.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { debugLevel, debugLine, dumpText } from "../util/debug.ts";
import { readVariable } from "../util/environment.ts";
import { formatGraph, type Graph } from "../ir/graph.ts";
import { dense } from "../ir/dense.ts";
import { formatType, sameType, type TensorType, type TypedArray } from "../ir/tensor_type.ts";

/** What {@linkcode Program.compile} needs beside the graph. */
export interface ProgramSettings {
  /** What it is called in reports. */
  readonly name: string;
  /** Buffers of the leading inputs, which stay the same; `own` ones are freed with the program. */
  readonly captures?: readonly { readonly buffer: DeviceBuffer; readonly own: boolean }[];
  /** Positions, after the captures, of inputs that are used up. */
  readonly donated?: ReadonlySet<number>;
}

let programs = 0;

/** A compiled graph, bound to the tensors it captured. */
export class Program {
  /** The device. */
  readonly backend: Backend;
  /** What it computes. */
  readonly graph: Graph;
  /** What runs it; its inputs are the captures, then those of {@linkcode Program.run}. */
  readonly executable: Executable;
  /** Types of the inputs of {@linkcode Program.run}. */
  readonly inputs: readonly TensorType[];
  /** Types of the outputs. */
  readonly outputs: readonly TensorType[];
  /** Positions of the inputs that a run uses up. */
  readonly donated: ReadonlySet<number>;
  readonly #name: string;
  readonly #captures: NonNullable<ProgramSettings["captures"]>;
  readonly #all: DeviceBuffer[];
  /** Buffers of the last run, which were all different: a training loop gives the same ones again. */
  #different: readonly DeviceBuffer[] = [];
  /** Donated inputs whose memory no output takes over, freed after each run. */
  readonly #freed: readonly number[];
  readonly #run: (inputs: readonly DeviceBuffer[]) => DeviceBuffer[];

  private constructor(
    backend: Backend,
    graph: Graph,
    executable: Executable,
    settings: ProgramSettings,
    freed: readonly number[],
  ) {
    const captures = settings.captures ?? [];
    this.backend = backend;
    this.graph = graph;
    this.executable = executable;
    this.inputs = graph.inputs.slice(captures.length).map(({ type }) => type);
    this.outputs = graph.outputs.map(({ type }) => type);
    this.donated = settings.donated ?? new Set();
    this.#name = settings.name;
    this.#captures = captures;
    this.#all = captures.map(({ buffer }) => buffer);
    this.#freed = freed;
    let run = (inputs: readonly DeviceBuffer[]) => executable.run(inputs);
    if (debugLevel() >= 2) run = this.#timed(run);
    if (readVariable("UNROLL_VALIDATE") && backend.name !== "reference") run = this.#validated(run);
    this.#run = run;
  }

  /** Compiles a graph for a device. */
  static async compile(
    backend: Backend,
    graph: Graph,
    settings: ProgramSettings,
  ): Promise<Program> {
    const started = performance.now();
    const offset = settings.captures?.length ?? 0;
    const { pairs, freed } = pairDonated(graph, offset, settings.donated ?? new Set());
    const executable = await backend.compile(graph, { name: settings.name, donated: pairs });
    const level = debugLevel();
    if (level >= 1) {
      const { length } = executable.kernels;
      debugLine(
        `compiled ${settings.name} for ${backend.name} in ${
          (performance.now() - started).toFixed(1)
        } ms: ${graph.equations.length} equations, ${length} ${
          length === 1 ? "kernel" : "kernels"
        }`,
      );
    }
    if (level >= 3) debugLine(formatGraph(graph));
    programs++;
    dumpText(`${String(programs).padStart(3, "0")}_${settings.name}.graph.txt`, formatGraph(graph));
    return new Program(backend, graph, executable, settings, freed);
  }

  /**
   * Runs the program.
   *
   * @param inputs One buffer for each of {@linkcode Program.inputs}; donated ones are used up.
   * @returns One buffer an output, owned by the caller.
   * @throws {TypeError} If there are more or fewer, or a donated one is given twice.
   */
  run(inputs: readonly DeviceBuffer[]): DeviceBuffer[] {
    if (inputs.length !== this.inputs.length) {
      throw new TypeError(
        `Cannot run ${this.#name}: ${this.inputs.length} inputs are needed, found ${inputs.length}`,
      );
    }
    let all = inputs;
    if (this.#captures.length > 0) {
      // One list for all runs: a training loop calls this very often.
      const offset = this.#captures.length;
      for (let i = 0; i < inputs.length; i++) this.#all[offset + i] = inputs[i];
      all = this.#all;
    }
    if (this.donated.size > 0) this.#checkDonated(inputs, all);
    const outputs = this.#run(all);
    for (const i of this.#freed) inputs[i].dispose();
    return outputs;
  }

  /** Throws where a buffer that is used up is given a second time: it would be read after its end. */
  #checkDonated(inputs: readonly DeviceBuffer[], all: readonly DeviceBuffer[]): void {
    const known = this.#different;
    let i = 0;
    while (i < known.length && known[i] === all[i]) i++;
    if (i === all.length) return;
    if (new Set(all).size === all.length) {
      this.#different = [...all];
      return;
    }
    for (const i of this.donated) {
      const at = all.length - inputs.length + i;
      if (all.indexOf(all[at]) === at && all.lastIndexOf(all[at]) === at) continue;
      throw new TypeError(
        `Cannot run ${this.#name}: one ${formatType(inputs[i].type)} is given as input ${i} and ` +
          `once more, and what is donated must be given once`,
      );
    }
  }

  /** Frees the program. */
  dispose(): void {
    this.executable.dispose();
    for (const { buffer, own } of this.#captures) if (own) buffer.dispose();
  }

  /** Frees the program at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #timed(run: (inputs: readonly DeviceBuffer[]) => DeviceBuffer[]): typeof run {
    return (inputs) => {
      const started = performance.now();
      const outputs = run(inputs);
      debugLine(`ran ${this.#name} in ${(performance.now() - started).toFixed(3)} ms`);
      return outputs;
    };
  }

  /** Runs it on the interpreter as well; what differs ends the process with a sentence. */
  #validated(run: (inputs: readonly DeviceBuffer[]) => DeviceBuffer[]): typeof run {
    return (inputs) => {
      // Reading begins before the run, which may use the memory up.
      const before = inputs.map((buffer) => this.backend.download(buffer));
      const outputs = run(inputs);
      const after = outputs.map((buffer) => this.backend.download(buffer));
      void this.#compare(before, after);
      return outputs;
    };
  }

  async #compare(
    before: readonly Promise<TypedArray>[],
    after: readonly Promise<TypedArray>[],
  ): Promise<void> {
    const [inputs, outputs] = await Promise.all([Promise.all(before), Promise.all(after)]);
    const wanted = evaluateGraph(
      this.graph,
      inputs.map((data, i) => dense(this.graph.inputs[i].type, data)),
    );
    outputs.forEach((found, i) => {
      const worst = worstDifference(found, wanted[i].data);
      if (worst === undefined) return;
      throw new RangeError(
        `Program ${this.#name} is wrong on ${this.backend.name}: element ${worst.index} of output ${i} ` +
          `${formatType(wanted[i].type)} must be ${worst.wanted}, found ${worst.found}`,
      );
    });
  }
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

/**
 * Which output takes over the memory of which donated input: in order, the first of the same type.
 * A state that goes in and comes out again, before other outputs, so keeps its places.
 */
function pairDonated(
  graph: Graph,
  offset: number,
  donated: ReadonlySet<number>,
): { readonly pairs: [output: number, input: number][]; readonly freed: number[] } {
  const taken = new Set<number>();
  const pairs: [number, number][] = [];
  const freed: number[] = [];
  for (const position of [...donated].sort((a, b) => a - b)) {
    const { type } = graph.inputs[offset + position];
    const output = graph.outputs.findIndex((value, i) =>
      !taken.has(i) && sameType(value.type, type)
    );
    if (output < 0) freed.push(position);
    else {
      taken.add(output);
      pairs.push([output, offset + position]);
    }
  }
  return { pairs, freed };
}
