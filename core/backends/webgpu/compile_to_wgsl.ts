/**
 * From a graph to shaders without a device, for people who look inside the compiler.
 *
 * @module
 */
import type { Graph } from "../../ir/graph.ts";
import { MAX_KERNEL_CODE, stepsOf } from "../../codegen/wgsl/schedule.ts";
import { splitFolds } from "../../codegen/wgsl/split_folds.ts";
import { type Buffer, index } from "../../ir/expression.ts";
import { fitBindings } from "../../loops/fit_bindings.ts";
import { footprintOf } from "../../loops/footprints.ts";
import { lowerForWebgpu } from "../../loops/lower_for_webgpu.ts";
import { kernelsOf, type Step } from "../../loops/program.ts";
import { substituteAxis } from "../../loops/substitute_axis.ts";
import { planProgram } from "./executable.ts";

/** What {@linkcode compileToWgsl} needs beside the graph; the limits are by the names of WebGPU. */
export interface WgslOptions {
  /** For outputs, the input whose memory they take over, by position. */
  readonly donated?: readonly (readonly [output: number, input: number])[];
  /** Storage buffers that a shader may bind; 8 if left out, which every device grants. */
  readonly maxStorageBuffersPerShaderStage?: number;
  /** Bytes of workgroup memory; 16 KiB if left out, which every device grants. */
  readonly maxComputeWorkgroupStorageSize?: number;
  /** Bytes that a binding may span; 128 MiB if left out, which every device grants. */
  readonly maxStorageBufferBindingSize?: number;
  /** Invocations of a subgroup at least; 1 if left out, as not every device has such. */
  readonly subgroupSize?: number;
}

/** A graph as shaders. */
export interface WgslProgram {
  /** Kernels that the shaders are made of. */
  readonly kernels: number;
  /** Dispatches of a run. */
  readonly dispatches: number;
  /** The shaders. */
  readonly shaders: readonly {
    /** WGSL. */
    readonly code: string;
    /** Storage buffers that it binds. */
    readonly bindings: number;
    /** Workgroups of a dispatch. */
    readonly workgroups: number;
    /** Dispatches of a run. */
    readonly runs: number;
    /** Bytes of storage buffers that a dispatch touches, each once. */
    readonly touchedBytes: number;
    /** The same of one step of each of its parts, and of one iteration of a loop over time. */
    readonly workingBytes: number;
  }[];
  /** Bytes that a run needs beside inputs and outputs. */
  readonly arenaBytes: number;
}

/**
 * Compiles a graph to WGSL, as the WebGPU device does before it measures anything, without opening one.
 *
 * @param graph The graph, optimized.
 * @param options What may be overwritten, and what a device grants.
 * @returns Shaders, and what a run of them is.
 *
 * @example An elementwise function is one dispatch
 * ```ts
 * import { tanh } from "@unroll/core";
 * import { compileToWgsl, optimize, trace } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * const { graph } = trace([{ dtype: "f32", shape: [8] }], (x) => [tanh(x.add(1))]);
 * const { dispatches, shaders } = compileToWgsl(optimize(graph));
 * strictEqual(dispatches, 1);
 * strictEqual(shaders[0].bindings, 2);
 * ```
 */
export function compileToWgsl(graph: Graph, options: WgslOptions = {}): WgslProgram {
  const { donated = [], ...limits } = options;
  const maxBindings = limits.maxStorageBuffersPerShaderStage ?? 8;
  const lowered = lowerForWebgpu(graph, {
    maxOperations: MAX_KERNEL_CODE,
    donated,
    maxBindings,
  });
  const program = fitBindings(splitFolds(lowered), maxBindings);
  const { shaders, dispatches, local, runs, arenas } = planProgram(program, {
    ...{ maxStorageBuffersPerShaderStage: 8, maxComputeWorkgroupStorageSize: 16384 },
    ...{ maxStorageBufferBindingSize: 2 ** 27 },
    ...limits,
  });
  return {
    kernels: kernelsOf(program.steps).length,
    dispatches: runs.length,
    shaders: shaders.map(({ code, bindings }, i) => ({
      code,
      bindings: bindings.length,
      workgroups: dispatches[i].parts.reduce((sum, part) => sum + part.workgroups, 0),
      runs: runs.filter(({ shader }) => shader === i).length,
      touchedBytes: bytesOf(dispatches[i].parts.flatMap(stepsOf), local),
      workingBytes: dispatches[i].parts.reduce(
        (sum, part) => sum + Math.max(...stepsOf(part).map((step) => workingBytes(step, local))),
        0,
      ),
    })),
    arenaBytes: arenas.reduce((sum, { size }) => sum + 4 * size, 0),
  };
}

/** Bytes of buffers that some steps read or write, but for those in workgroup memory. */
function bytesOf(steps: readonly Step[], local: ReadonlySet<Buffer>): number {
  const { reads, writes } = footprintOf(steps);
  return [...new Set([...reads.keys(), ...writes.keys()])].reduce((sum, buffer) => {
    if (local.has(buffer)) return sum;
    const sizes = [reads, writes].map((touched) => {
      const range = touched.get(buffer);
      return range ? 4 * (range.max - range.min + 1) : 0;
    });
    return sum + Math.max(...sizes);
  }, 0);
}

/** Bytes of buffers that a step reads or writes, or an iteration of it. */
function workingBytes(step: Step, local: ReadonlySet<Buffer>): number {
  if (step.kind !== "loop") return bytesOf([step], local);
  const first = kernelsOf([step]).map((kernel) => substituteAxis(kernel, step.time, index(0)));
  return bytesOf(first, local);
}
