/**
 * A program of a device, run on buffers without promises: what training loops call.
 *
 * @module
 */
import type { Backend, DeviceBuffer, Executable } from "../ir/backend.ts";
import { isWatched } from "../util/debug.ts";
import type { Graph } from "../ir/graph.ts";
import { formatType, sameType, type TensorType } from "../ir/tensor_type.ts";

/** What {@linkcode Program.compile} needs beside the graph. */
export interface ProgramSettings {
  /** What it is called in reports. */
  readonly name: string;
  /** Buffers of the leading inputs, which stay the same; `own` ones are freed with the program. */
  readonly captures?: readonly { readonly buffer: DeviceBuffer; readonly own: boolean }[];
  /** Positions, after the captures, of inputs that are used up. */
  readonly donated?: ReadonlySet<number>;
}

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
    let executable = await backend.compile(graph, { name: settings.name, donated: pairs });
    if (isWatched()) {
      const milliseconds = performance.now() - started;
      const { watched } = await import("../backends/extras.ts");
      executable = watched(executable, { backend, graph, name: settings.name, milliseconds });
    }
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
    const outputs = this.executable.run(all);
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
