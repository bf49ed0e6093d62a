/**
 * The reference backend: interprets graphs in double precision. Slow, and right by construction; the
 * oracle that the others are tested against. State stays in double precision from run to run.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import { dense } from "../ir/dense.ts";
import type { DenseArray } from "../ir/primitive.ts";
import {
  formatType,
  sizeOf,
  type TensorType,
  type TypedArray,
  typedArray,
} from "../ir/tensor_type.ts";
import type { Backend, DeviceBuffer, Executable } from "../ir/backend.ts";
import { evaluateGraph } from "../ir/evaluate.ts";

class ReferenceBuffer implements DeviceBuffer {
  array: DenseArray | undefined;

  constructor(array: DenseArray) {
    this.array = array;
    this.type = array.type;
  }

  readonly type: TensorType;

  dispose(): void {
    this.array = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function numbersOf(type: TensorType, data: TypedArray): DenseArray {
  const size = sizeOf(type.shape);
  if (data.length === size) return dense(type, data);
  throw new RangeError(
    `Cannot write ${formatType(type)}: ${size} elements are needed, found ${data.length}`,
  );
}

function contents(buffer: DeviceBuffer): DenseArray {
  if (!(buffer instanceof ReferenceBuffer) || !buffer.array) {
    throw new TypeError(
      `Cannot read a buffer of ${
        formatType(buffer.type)
      }: it was disposed of or is another device's`,
    );
  }
  return buffer.array;
}

/**
 * Opens the reference interpreter.
 *
 * @returns A backend that evaluates graphs as they are written, in double precision.
 *
 * @example Usage
 * ```ts
 * import { compile, type Tensor } from "@unroll/core";
 * import { referenceBackend } from "@unroll/core/backends";
 * import { strictEqual } from "node:assert/strict";
 *
 * using backend = referenceBackend();
 * using half = compile((x: Tensor) => x.div(2), { backend });
 * using y = await half(3);
 * strictEqual(await y.item(), 1.5);
 * ```
 */
export function referenceBackend(): Backend {
  return {
    name: "reference",
    description: "interpreter in double precision",
    threads: 1,
    upload: (type, data) => new ReferenceBuffer(numbersOf(type, data)),
    write(buffer, data) {
      contents(buffer);
      (buffer as ReferenceBuffer).array = numbersOf(buffer.type, data);
    },
    download: (buffer): Promise<TypedArray> => {
      const { type, data } = contents(buffer);
      return Promise.resolve(typedArray(type.dtype, data));
    },
    compile: (graph, options) => Promise.resolve(interpreted(graph, options?.donated ?? [])),
    dispose() {},
    [Symbol.dispose]() {},
  };
}

function interpreted(
  graph: Graph,
  donated: readonly (readonly [output: number, input: number])[],
): Executable {
  return {
    run(inputs) {
      const results = evaluateGraph(graph, inputs.map(contents));
      for (const [, input] of donated) inputs[input].dispose();
      return results.map((array) => new ReferenceBuffer(array));
    },
    kernels: [],
    dispose() {},
    [Symbol.dispose]() {},
  };
}
