/**
 * Weights under PyTorch's names, shapes and gate order, to and from safetensors.
 *
 * PyTorch keeps matrices as [out, in] and multiplies by their transposes; here they are [in, out]. The
 * order of the gates is the same (GRU: r, z, n; LSTM: i, f, g, o), and so are the numbers that come
 * out, given `bias: "both"` (or `"none"`), gates of `sigmoid` and, for the GRU, `reset: "after"`.
 *
 * @module
 */
import { rebuildTree, type Tensor, tensor, treeEntries } from "@unroll/core";
import type { StoredTensor } from "@unroll/core/runs";
import { IGNORED, isTransposed, pytorchName, type PyTorchOptions } from "./pytorch_names.ts";

export type { PyTorchOptions } from "./pytorch_names.ts";

/**
 * Parameters under PyTorch's names: `layers.0.weight_ih` becomes `rnn.weight_ih_l0`, while
 * `embedding.weight`, `output.weight`, `output.bias` keep their names, as do the `layers` of a
 * multilayer perceptron (a `ModuleList`) and `input_norm`.
 *
 * @param parameters Parameters of a built-in model.
 * @param options Name of the recurrent module; `""` for the module alone.
 * @returns Name → array, for `encodeSafetensors`.
 *
 * @example Usage
 * ```ts
 * import { randomKey } from "@unroll/core";
 * import { encodeSafetensors } from "@unroll/core/runs";
 * import { lstm, toPyTorch } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const model = lstm({ hidden: 2, bias: "both" }).create({
 *   inputs: { kind: "vector", size: 3 },
 *   outputs: { kind: "vector", size: 1, at: "every" },
 *   length: 5,
 *   loss: { kind: "squared-error", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * });
 * const tensors = await toPyTorch(model.parameters(randomKey(0)), { recurrent: "lstm" });
 * deepStrictEqual(tensors.get("lstm.weight_ih_l0")?.shape, [8, 3]);
 * const bytes = encodeSafetensors(tensors); // torch: load_state_dict(load_file("model.safetensors"))
 * ```
 */
export async function toPyTorch(
  parameters: unknown,
  options: PyTorchOptions = {},
): Promise<Map<string, StoredTensor>> {
  const tensors = new Map<string, StoredTensor>();
  for (const [path, leaf] of treeEntries(parameters)) {
    const data = Float32Array.from(await leaf.data());
    tensors.set(
      pytorchName(path, options),
      isTransposed(path, leaf)
        ? {
          dtype: "F32",
          shape: [leaf.shape[1], leaf.shape[0]],
          data: transposed(data, leaf.shape[0], leaf.shape[1]),
        }
        : { dtype: "F32", shape: [...leaf.shape], data },
    );
  }
  return tensors;
}

/**
 * Parameters from arrays under PyTorch's names.
 *
 * @param form Parameters of the model that they are for, such as those it starts with; their values
 * are not looked at.
 * @param tensors Name → array, as `decodeSafetensors` gives them.
 * @param options Name of the recurrent module; `""` for the module alone.
 * @returns Parameters of the same form.
 * @throws {TypeError} If a name is missing or left over, or an array has another shape or dtype.
 *
 * @example Usage
 * ```ts
 * import { randomKey } from "@unroll/core";
 * import { fromPyTorch, rnn, toPyTorch } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const model = rnn().create({
 *   inputs: { kind: "symbol", vocabulary: 10 },
 *   outputs: { kind: "class", classes: 10, at: "every" },
 *   length: "variable",
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * });
 * const form = model.parameters(randomKey(0));
 * const trained = await toPyTorch(model.parameters(randomKey(1)));
 * deepStrictEqual(await toPyTorch(fromPyTorch(form, trained)), trained);
 * ```
 */
export function fromPyTorch<Parameters>(
  form: Parameters,
  tensors: ReadonlyMap<string, StoredTensor>,
  options: PyTorchOptions = {},
): Parameters {
  const known = new Set<string>();
  const leaves = treeEntries(form).map(([path, leaf]) => {
    const name = pytorchName(path, options);
    known.add(name);
    return loadTensor(name, tensors.get(name), leaf, isTransposed(path, leaf));
  });
  const over = [...tensors.keys()].find((name) => !known.has(name) && !IGNORED.test(name));
  if (over !== undefined) {
    throw new TypeError(
      `Cannot load "${over}" from PyTorch: the model has ${[...known].join(", ")}`,
    );
  }
  return rebuildTree(form, leaves);
}

function loadTensor(
  name: string,
  stored: StoredTensor | undefined,
  { shape }: Tensor,
  isTransposed: boolean,
): Tensor {
  const wanted = isTransposed ? [shape[1], shape[0]] : shape;
  if (!stored) {
    throw new TypeError(
      `Cannot load from PyTorch: "${name}" of F32[${wanted.join(",")}] is needed, found none`,
    );
  }
  if (stored.dtype !== "F32" || stored.shape.join() !== wanted.join()) {
    throw new TypeError(
      `Cannot load "${name}" from PyTorch: F32[${
        wanted.join(",")
      }] is needed, found ${stored.dtype}[${stored.shape.join(",")}]`,
    );
  }
  const data = isTransposed ? transposed(stored.data, wanted[0], wanted[1]) : stored.data.slice();
  return tensor(data, { shape });
}

/** The transpose of a matrix of `rows` by `columns`. */
function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  return data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
}
