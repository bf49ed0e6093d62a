/**
 * Weights out of a safetensors file, whoever wrote it: Unroll, or PyTorch with names of its own.
 *
 * @module
 */
import { rebuildTree, tensor, treeEntries } from "@unroll/core";
import type { SafetensorsContents, StoredTensor } from "@unroll/core/runs";
import { fromPyTorch } from "./pytorch.ts";
import { IGNORED, isTransposed, pytorchName } from "./pytorch_names.ts";

/** The format, in a file's metadata, of parameters alone under their names here. */
export const WEIGHTS_FORMAT: string = "unroll-weights";

/**
 * Loads parameters from what a safetensors file holds: a checkpoint of Unroll, parameters that it
 * exported, or weights under PyTorch's names.
 *
 * The module that PyTorch's names begin with may have any name (`rnn.weight_ih_l0`,
 * `model.lstm.weight_ih_l0`, `weight_ih_l0`). An `Embedding` or `Linear` of another name than
 * `embedding`, `output` or `layers.0` is known by its shape; of several alike, such as `0` and `2` of a
 * `Sequential`, the lower number is the lower layer. Recurrent weights that the model lacks are
 * ignored where they are zero, which makes no difference.
 *
 * @param form Parameters of the model that they are for, such as those it starts with; their values
 * are not looked at.
 * @param contents What `decodeSafetensors` gives.
 * @returns Parameters of the same form.
 * @throws {TypeError} If a name is missing or left over, or an array has another shape or dtype; the
 * sentence names all of them.
 *
 * @example A linear layer that PyTorch knows as `fc`
 * ```ts
 * import { randomKey } from "@unroll/core";
 * import { decodeSafetensors, encodeSafetensors } from "@unroll/core/runs";
 * import { loadWeights, mlp, toPyTorch } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const model = mlp({ layers: [] }).create({
 *   inputs: { kind: "vector", size: 2 },
 *   outputs: { kind: "vector", size: 1, at: "last" },
 *   length: 1,
 *   loss: { kind: "squared-error", reduction: "sum" },
 *   weighted: false,
 *   stateful: false,
 * });
 * const file = encodeSafetensors(
 *   new Map([
 *     ["fc.weight", { dtype: "F32", shape: [1, 2], data: Float32Array.of(3, 4) }],
 *     ["fc.bias", { dtype: "F32", shape: [1], data: Float32Array.of(5) }],
 *   ]),
 * );
 * const parameters = loadWeights(model.parameters(randomKey(0)), decodeSafetensors(file));
 * deepStrictEqual((await toPyTorch(parameters)).get("output.bias")?.data, Float32Array.of(5));
 * ```
 */
export function loadWeights<Parameters>(
  form: Parameters,
  { tensors, metadata }: SafetensorsContents,
): Parameters {
  const own = metadata.format?.startsWith("unroll-");
  return own ? loadOwn(form, tensors, metadata.format) : loadPyTorch(form, tensors);
}

type Tensors = ReadonlyMap<string, StoredTensor>;

/** What the model has under one name. */
interface Wanted {
  readonly path: string;
  readonly shape: readonly number[];
}

function loadOwn<Parameters>(
  form: Parameters,
  tensors: Tensors,
  format: string | undefined,
): Parameters {
  // A checkpoint has the optimizer's state too, which starts anew.
  const prefix = format === WEIGHTS_FORMAT ? "" : "parameters.";
  const found = new Map(
    [...tensors].filter(([name]) => name.startsWith(prefix))
      .map(([name, stored]) => [name.slice(prefix.length), stored]),
  );
  const entries = treeEntries(form);
  checkFit(new Map(entries.map(([path, { shape }]) => [path, { path, shape }])), found);
  return rebuildTree(
    form,
    entries.map(([path, { shape }]) =>
      tensor((found.get(path) as StoredTensor).data as Float32Array, { shape })
    ),
  );
}

function loadPyTorch<Parameters>(form: Parameters, tensors: Tensors): Parameters {
  const recurrent = recurrentModule(tensors);
  const wanted = new Map(
    treeEntries(form).map(([path, leaf]) => [
      pytorchName(path, { recurrent }),
      { path, shape: isTransposed(path, leaf) ? leaf.shape.toReversed() : leaf.shape },
    ]),
  );
  const found = renameModules(
    wanted,
    new Map(
      [...tensors].map(([name, stored]) => [name, inSingles(stored)] as const).filter((
        [name, stored],
      ) => wanted.has(name) || !IGNORED.test(name) && !(LAYER.test(name) && isZero(stored))),
    ),
  );
  checkFit(wanted, found);
  return fromPyTorch(form, found, { recurrent });
}

/** A weight of a layer of `nn.RNN`, `nn.GRU` or `nn.LSTM`. */
const LAYER = /(^|\.)(weight|bias)_(ih|hh)_l\d+$/;

/** What the recurrent module is called; `rnn` where that cannot be told. */
function recurrentModule(tensors: Tensors): string | undefined {
  const modules = [...tensors.keys()].flatMap((name) =>
    /^(?:(.*)\.)?weight_hh_l0$/.exec(name)?.slice(1, 2) ?? []
  );
  return modules.length === 1 ? modules[0] ?? "" : undefined;
}

/** The same numbers as 32-bit floats, if they are 16-bit ones. */
function inSingles(stored: StoredTensor): StoredTensor {
  const { dtype, shape, data } = stored;
  switch (dtype) {
    case "F16":
      return {
        dtype: "F32",
        shape,
        data: Float32Array.from(data, halfToNumber),
      };
    case "BF16": {
      // The upper half of the bits.
      const bits = Uint32Array.from(data, (upper) => upper << 16);
      return { dtype: "F32", shape, data: new Float32Array(bits.buffer) };
    }
    default:
      return stored;
  }
}

/** Reads the bits of a 16-bit float; engines that many still use have no `Float16Array`. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  // Without an exponent, the numbers below 2^-14 lie evenly.
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

function isZero({ data }: StoredTensor): boolean {
  return (data as Float32Array).every((element) => element === 0);
}

/** Gives modules that the model does not know the names of those it lacks, where one shape fits. */
function renameModules(wanted: ReadonlyMap<string, Wanted>, found: Tensors): Tensors {
  const lacking = modulesOf([...wanted].filter(([name]) => !found.has(name)));
  const over = modulesOf([...found].filter(([name]) => !wanted.has(name)));
  const renamed = new Map<string, string>();
  for (const [signature, names] of lacking) {
    const others = over.get(signature) ?? [];
    // In the order of their numbers, if that is all they differ by.
    const alike = new Set(others.map((name) => name.replace(/\d+/g, "#"))).size === 1;
    if (others.length !== names.length || !alike) continue;
    const sorted = others.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
    names.forEach((name, i) => renamed.set(sorted[i], name));
  }
  return new Map([...found].map(([name, stored]) => {
    const [module, leaf] = splitName(name);
    const other = wanted.has(name) ? undefined : renamed.get(module);
    return [other === undefined ? name : `${other}.${leaf}`, stored];
  }));
}

/** Groups modules by the names and shapes of what they have. */
function modulesOf(
  entries: readonly (readonly [string, { readonly shape: readonly number[] }])[],
): Map<string, string[]> {
  const modules = new Map<string, string[]>();
  for (const [name, { shape }] of entries) {
    const [module, parameter] = splitName(name);
    modules.set(module, [...modules.get(module) ?? [], `${parameter}[${shape}]`]);
  }
  const groups = new Map<string, string[]>();
  for (const [module, parameters] of modules) {
    const signature = parameters.sort().join();
    groups.set(signature, [...groups.get(signature) ?? [], module]);
  }
  return groups;
}

/** `layers.0.weight` → `layers.0` and `weight`. */
function splitName(name: string): [string, string] {
  const at = name.lastIndexOf(".");
  return [name.slice(0, Math.max(at, 0)), name.slice(at + 1)];
}

/** Throws one sentence about all that does not fit. */
function checkFit(wanted: ReadonlyMap<string, Wanted>, found: Tensors): void {
  const typeOf = (shape: readonly number[], dtype = "F32") => `${dtype}[${shape.join(",")}]`;
  const parts = (list: readonly string[]) =>
    list.length <= MOST_NAMED
      ? list.join(", ")
      : `${list.slice(0, MOST_NAMED).join(", ")} and ${list.length - MOST_NAMED} more`;
  const missing = [...wanted].filter(([name]) => !found.has(name))
    .map(([name, { shape }]) => `"${name}" ${typeOf(shape)}`);
  const over = [...found].filter(([name]) => !wanted.has(name))
    .map(([name, { shape, dtype }]) => `"${name}" ${typeOf(shape, dtype)}`);
  const other = [...wanted].flatMap(([name, { shape }]) => {
    const stored = found.get(name);
    if (!stored || typeOf(stored.shape, stored.dtype) === typeOf(shape)) return [];
    return [
      `"${name}" ${typeOf(shape)} is needed, found ${typeOf(stored.shape, stored.dtype)}`,
    ];
  });
  // The commonest reason: PyTorch has two biases, a model here one unless told.
  const secondBias = [...found.keys()].some((name) => /bias_hh/.test(name) && !wanted.has(name)) &&
    [...wanted.values()].some(({ path }) => /bias_ih$/.test(path));
  const problems = [
    ...(missing.length > 0 ? [`missing ${parts(missing)}`] : []),
    ...(over.length > 0 ? [`left over ${parts(over)}`] : []),
    ...(other.length > 0 ? [parts(other)] : []),
    ...(secondBias ? ['a model with the option bias "both" has bias_hh'] : []),
  ];
  if (problems.length === 0) return;
  throw new TypeError(`Cannot load these weights into the model: ${problems.join("; ")}`);
}

/** How many names a sentence bears. */
const MOST_NAMED = 6;
