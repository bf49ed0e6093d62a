/**
 * The device of eager work: what was written outside of {@linkcode compile} and is too much for the
 * interpreter is compiled for the CPU.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import type { TypedArray } from "../ir/tensor_type.ts";
import { graphCost } from "../passes/cost.ts";

/** Operations that the interpreter takes about as long for as compiling takes. */
const LARGE_WORK = 2e7;

/**
 * Computes a graph on the CPU, if there is much to compute.
 *
 * @param graph The graph.
 * @param inputs Its arguments.
 * @returns Its results, or `undefined` where interpreting it is faster than compiling it.
 */
export function computeIfLarge(
  graph: Graph,
  inputs: readonly TypedArray[],
): Promise<TypedArray[]> | undefined {
  return graphCost(graph).operations > LARGE_WORK ? compute(graph, inputs) : undefined;
}

/**
 * Computes on the CPU without the fused operations that some machines lack, and on one thread, whose
 * helpers would take longer to start: the same bits on all.
 */
async function compute(graph: Graph, inputs: readonly TypedArray[]): Promise<TypedArray[]> {
  const { cpuBackend } = await import("../backends/cpu.ts");
  const backend = cpuBackend({ relaxed: false, threads: 1 });
  try {
    const program = await backend.compile(graph, { name: "deferred" });
    const buffers = inputs.map((data, i) => backend.upload(graph.inputs[i].type, data));
    const results = program.run(buffers).map((buffer) => backend.download(buffer));
    return (await Promise.all(results)).map((data) => data.slice());
  } finally {
    backend.dispose();
  }
}
