/**
 * A graph on a device, once.
 *
 * @module
 */
import type { Backend, CompileOptions } from "../ir/backend.ts";
import type { DenseArray } from "../ir/primitive.ts";
import type { Graph } from "../ir/graph.ts";
import { typedArray } from "../ir/tensor_type.ts";

/**
 * Runs a graph on a device, and leaves nothing there.
 *
 * @param backend The device.
 * @param graph The graph.
 * @param inputs Its arguments.
 * @param options What may be overwritten.
 * @returns The elements of each result.
 */
export async function runGraph(
  backend: Backend,
  graph: Graph,
  inputs: readonly DenseArray[],
  options: CompileOptions = {},
): Promise<ArrayLike<number>[]> {
  using executable = await backend.compile(graph, options);
  const buffers = inputs.map(({ type, data }) =>
    backend.upload(type, typedArray(type.dtype, data))
  );
  const outputs = executable.run(buffers);
  // Side by side: Deno looks every ten milliseconds whether a buffer can be read.
  const results = await Promise.all(
    outputs.map(async (output) => (await backend.download(output)).slice()),
  );
  for (const buffer of new Set([...buffers, ...outputs])) buffer.dispose();
  return results;
}
