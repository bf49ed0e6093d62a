/**
 * From a graph to a WebAssembly module without a device, for people who look inside the compiler.
 *
 * @module
 */
import type { Axis } from "../../ir/expression.ts";
import type { Graph } from "../../ir/graph.ts";
import { innerAxesOf } from "../../loops/accesses.ts";
import { lowerForCpu } from "../../loops/lower_for_cpu.ts";
import { shardRows } from "../../loops/shard_rows.ts";
import { axesOf, separateKernels, type Step } from "../../loops/program.ts";
import { copyReversedOperands } from "./printer/copy_reversed_operands.ts";
import { ALL_PARTS } from "./printer/all_parts.ts";
import { printWasm } from "./printer/print_wasm.ts";

/** What {@linkcode compileToWasm} needs beside the graph. */
export interface WasmOptions {
  /** For outputs, the input whose memory they take over, by position. */
  readonly donated?: readonly (readonly [output: number, input: number])[];
  /** How many threads may share the work, on a shared memory; 1 if left out. */
  readonly threads?: number;
  /** Whether each kernel, in loops of its own, is a function of its own, to be timed. */
  readonly separate?: boolean;
}

/** A kernel of a module. */
export interface WasmKernel {
  /** Name in reports. */
  readonly name: string;
  /** What it does at each point: elementwise work, a reduction, or a sum of products. */
  readonly kind: "map" | "reduce" | "matmul";
  /** Extents of the loops over time around it, outermost first. */
  readonly loops: readonly number[];
  /** Extents of its parallel loops, outermost first. */
  readonly points: readonly number[];
  /** Extents of the loops that it folds at each point; none for elementwise work. */
  readonly terms: readonly number[];
}

/** A graph as a WebAssembly module. */
export interface WasmProgram {
  /**
   * The module. It imports `env.memory` and exports `run(table)`, and `kernel0(table, 0)` and so on if
   * its kernels are separate. The table lists the addresses of inputs, outputs and arena.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Pages of 64 KiB that the memory must have before the module is instantiated. */
  readonly pages: number;
  /** Bytes that a run needs beside inputs and outputs, aligned to 64. */
  readonly arenaBytes: number;
  /** Kernels, in order. */
  readonly kernels: readonly WasmKernel[];
}

/**
 * Compiles a graph to WebAssembly, as the CPU device does, without opening one.
 *
 * @param graph The graph, optimized.
 * @param options What may be overwritten, threads, whether kernels can be called one by one.
 * @returns The module, what it needs of its memory, and its kernels.
 *
 * @example Kernels of a product and a tanh
 * ```ts
 * import { matmul, tanh } from "@unroll/core";
 * import { compileToWasm, optimize, trace } from "@unroll/core/compiler";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const types = [{ dtype: "f32", shape: [2, 3] }, { dtype: "f32", shape: [3, 4] }] as const;
 * const { graph } = trace(types, (x, w) => [tanh(matmul(x, w))]);
 * const { kernels } = compileToWasm(optimize(graph));
 * deepStrictEqual(kernels.map(({ kind, points, terms }) => [kind, points, terms]), [
 *   ["matmul", [2, 4], [3]],
 * ]);
 * ```
 */
export function compileToWasm(graph: Graph, options: WasmOptions = {}): WasmProgram {
  const { donated, threads = 1, separate } = options;
  const program = copyReversedOperands(shardRows(lowerForCpu(graph, { donated }), { threads }));
  const { bytes, pages, arenaBytes } = printWasm(program, {
    threads: { count: threads },
    separate,
    parts: ALL_PARTS,
  });
  const kernels = separateKernels(program.steps).map((step) => describe(step, []));
  return { bytes, pages, arenaBytes, kernels };
}

function describe(step: Step, loops: readonly number[]): WasmKernel {
  if (step.kind === "loop") return describe(step.steps[0], [...loops, step.time.extent]);
  const extents = (axes: readonly Axis[]) => axes.map(({ extent }) => extent);
  const { name, kind } = step;
  return { name, kind, loops, points: extents(axesOf(step)), terms: extents(innerAxesOf(step)) };
}
