import { assertEquals, assertThrows } from "@std/assert";
import { randomKey, treeEntries } from "@unroll/core";
import type { Model } from "@unroll/core/plugin";
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from "@unroll/core/runs";
import { gru, loadWeights, lstm, mlp, rnn, toPyTorch } from "./mod.ts";
import { classSpec } from "./helpers_test.ts";

const VECTORS = { kind: "vector", size: 3 } as const;
const SYMBOLS = { kind: "symbol", vocabulary: 5 } as const;

function parametersOf(model: Model, inputs: typeof VECTORS | typeof SYMBOLS, seed: number) {
  return model.create(classSpec(inputs, 2)).parameters(randomKey(seed));
}

async function numbersOf(parameters: unknown): Promise<Record<string, number[]>> {
  const entries = treeEntries(parameters).map(async ([name, leaf]) =>
    [name, Array.from(await leaf.data())] as const
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** What a file with these arrays holds. */
function file(tensors: ReadonlyMap<string, StoredTensor>, metadata?: Record<string, string>) {
  return decodeSafetensors(encodeSafetensors(tensors, metadata));
}

/** A file with weights of a model under other names. */
async function renamed(parameters: unknown, rename: (name: string) => string) {
  const tensors = await toPyTorch(parameters);
  return file(new Map([...tensors].map(([name, stored]) => [rename(name), stored])));
}

const array = (...shape: number[]): StoredTensor => ({
  dtype: "F32",
  shape,
  data: new Float32Array(shape.reduce((product, n) => product * n, 1)).fill(1),
});

Deno.test("loadWeights() knows the modules of PyTorch by their shapes, whatever their names", async () => {
  const model = lstm({ hidden: 4, layers: 2, embedding: 3, bias: "both" });
  const trained = parametersOf(model, SYMBOLS, 1);
  const form = parametersOf(model, SYMBOLS, 0);
  const names = (recurrent: string, embedding: string, output: string) => (name: string) =>
    name.replace(/^rnn\./, recurrent).replace("embedding", embedding).replace("output", output);
  for (
    const rename of [
      names("rnn.", "embedding", "output"),
      names("", "embedding", "output"),
      names("model.lstm.", "model.encoder", "model.decoder"),
      names("lstm.", "emb", "fc"),
    ]
  ) {
    const loaded = loadWeights(form, await renamed(trained, rename));
    assertEquals(await numbersOf(loaded), await numbersOf(trained));
  }
});

Deno.test("loadWeights() takes layers of one shape in the order of their numbers", async () => {
  const model = mlp({ layers: Array(6).fill(3), context: 1 });
  const trained = parametersOf(model, VECTORS, 1);
  // As in a `Sequential` of linear layers and activations: 10 comes after 8.
  const rename = (name: string) =>
    name.replace(/^layers\.(\d)/, (_, n) => `net.${2 * Number(n)}`).replace("output", "net.12");
  const loaded = loadWeights(parametersOf(model, VECTORS, 0), await renamed(trained, rename));
  assertEquals(await numbersOf(loaded), await numbersOf(trained));
});

Deno.test("loadWeights() ignores weights that are zero where the model has none", async () => {
  const model = gru({ hidden: 2 });
  const trained = parametersOf(model, VECTORS, 1);
  const tensors = await toPyTorch(trained);
  const zero = { ...array(6), data: new Float32Array(6) } as StoredTensor;
  const contents = file(new Map([...tensors, ["rnn.bias_hh_l0", zero]]));
  const form = parametersOf(model, VECTORS, 0);
  assertEquals(await numbersOf(loadWeights(form, contents)), await numbersOf(trained));
  assertThrows(
    () => loadWeights(form, file(new Map([...tensors, ["rnn.bias_hh_l0", array(6)]]))),
    TypeError,
    'Cannot load these weights into the model: left over "rnn.bias_hh_l0" F32[6]; ' +
      'a model with the option bias "both" has bias_hh',
  );
});

Deno.test("loadWeights() names all that does not fit in one sentence", async () => {
  const form = parametersOf(rnn({ hidden: 2 }), VECTORS, 0);
  const tensors = await toPyTorch(form);
  tensors.delete("output.bias");
  const contents = file(new Map([...tensors, ["rnn.weight_hh_l0", array(3, 3)], ["x", array(1)]]));
  assertThrows(
    () => loadWeights(form, contents),
    TypeError,
    'Cannot load these weights into the model: missing "output.bias" F32[2]; ' +
      'left over "x" F32[1]; "rnn.weight_hh_l0" F32[2,2] is needed, found F32[3,3]',
  );
});

Deno.test("loadWeights() does not guess between two modules of one shape", async () => {
  const form = parametersOf(mlp({ layers: [2, 2], context: 1 }), VECTORS, 0);
  const names: Record<string, string> = { "layers.1": "left", output: "right" };
  const contents = await renamed(form, (name) => {
    const [module, leaf] = [name.slice(0, name.lastIndexOf(".")), name.split(".").at(-1)];
    return `${names[module] ?? module}.${leaf}`;
  });
  assertThrows(() => loadWeights(form, contents), TypeError, 'left over "left.bias" F32[2]');
});

Deno.test("loadWeights() takes 16-bit floats of PyTorch", async () => {
  const model = mlp({ layers: [], context: 1, bias: false });
  const form = parametersOf(model, VECTORS, 0);
  const values = [1, -2, 0.5, -0.25, 3, 0];
  const half = new Uint16Array(Float16Array.from(values).buffer);
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  const upper = Uint16Array.from(bits, (single) => single >>> 16);
  for (const [dtype, data] of [["F16", half], ["BF16", upper]] as const) {
    const loaded = loadWeights(
      form,
      file(new Map([["fc.weight", { dtype, shape: [2, 3], data }]])),
    );
    // Transposed: [in, out] here.
    assertEquals(await numbersOf(loaded), { "output.weight": [1, -0.25, -2, 3, 0.5, 0] });
  }
});
