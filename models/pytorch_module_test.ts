import { assert, assertEquals, assertRejects } from "@std/assert";
import { randomKey, type Tree } from "@unroll/core";
import type { InputSpec, OutputPlace, TaskSpec } from "@unroll/core/plugin";
import { decodeSafetensors, encodeSafetensors } from "@unroll/core/runs";
import { ACTIVATION_NAMES, exportPyTorch, loadWeights, MODELS } from "./mod.ts";
import { classSpec, nonzeroParameters, numbers, someInputs } from "./helpers_test.ts";

const [TIME, BATCH] = [5, 3];
const SYMBOLS: InputSpec = { kind: "symbol", vocabulary: 6 };
const VECTORS: InputSpec = { kind: "vector", size: 2 };
const NOTHING: InputSpec = { kind: "none" };

const spec = (inputs: InputSpec, at: OutputPlace = "every") => classSpec(inputs, 4, { at });

/** Models with options that PyTorch has layers for. */
const CASES: (readonly [string, object, TaskSpec])[] = [
  ...["rnn", "gru", "lstm"].flatMap((name) => [
    ...["input", "both", "none"].flatMap((bias) =>
      [SYMBOLS, VECTORS, NOTHING].map((inputs) =>
        [name, { hidden: 3, bias }, spec(inputs)] as const
      )
    ),
    [name, { hidden: 3, layers: 3, embedding: 2, dropout: 0.5 }, spec(SYMBOLS, "last")] as const,
    [
      name,
      { hidden: 3, layers: 2, initialState: "learned", outputDropout: 0.5 },
      spec(VECTORS),
    ] as const,
    [name, { hidden: 3, inputNorm: "layer" }, spec(VECTORS)] as const,
    [name, { hidden: 3, inputNorm: "batch", embedding: 4 }, spec(SYMBOLS)] as const,
  ]),
  ["rnn", { hidden: 3, activation: "relu", initialState: "learned" }, spec(NOTHING)],
  ...[SYMBOLS, VECTORS].map((inputs) =>
    ["mlp", { layers: [4, 4], context: TIME }, spec(inputs, "last")] as const
  ),
  ["mlp", { layers: [4], context: 3, embedding: 2, bias: false }, spec(SYMBOLS, "last")],
  ["mlp", { layers: [], context: 1 }, spec(VECTORS, "last")],
  ...ACTIVATION_NAMES.map((activation) =>
    ["mlp", { layers: [4, 3], context: 2, activation }, spec(VECTORS, "last")] as const
  ),
];

Deno.test("exportPyTorch() and back are the same bits, of all models and options", async () => {
  for (const [name, options, spec] of CASES) {
    const model = MODELS[name](options);
    const parameters = nonzeroParameters(model, spec);
    const { tensors } = await exportPyTorch(model, parameters, spec);
    const contents = decodeSafetensors(encodeSafetensors(tensors, { format: "pt" }));
    const form = model.create(spec).parameters(randomKey(3));
    const title = `${name} ${JSON.stringify(options)}`;
    const floats = async (tree: Tree) =>
      Object.entries(await numbers(tree)).map(([path, x]) => [path, Float32Array.from(x)]);
    assertEquals(
      await floats(loadWeights(form, contents)),
      await floats(parameters),
      title,
    );
  }
});

Deno.test("exportPyTorch() says in one sentence what PyTorch cannot", async () => {
  const refused = (name: string, options: object, reason: string) => {
    const model = MODELS[name](options);
    const vectors = spec(VECTORS);
    return assertRejects(
      () => exportPyTorch(model, nonzeroParameters(model, vectors), vectors),
      TypeError,
      `Cannot export ${name} to PyTorch: ${reason}`,
    );
  };
  await refused("rnn", { activation: "elu" }, "nn.RNN has activation tanh or relu, found elu");
  await refused("gru", { reset: "before" }, "nn.GRU has reset after, found before");
  await refused(
    "lstm",
    { gateActivation: "hard-sigmoid" },
    "nn.LSTM has gateActivation sigmoid, found hard-sigmoid",
  );
});

/** Loads each module as the command line says, and prints what it answers. */
const PROGRAM = `
import json, sys
import torch
from safetensors.torch import load_file
for case in json.load(sys.stdin):
    names = {}
    exec(case["python"], names)
    model = names["Model"]()
    model.load_state_dict(load_file(case["path"]))
    model.eval()
    with torch.no_grad():
        inputs = [torch.tensor(x) if isinstance(x, list) else x for x in case["inputs"]]
        outputs = model(*inputs)
    outputs = outputs[0] if isinstance(outputs, tuple) else outputs
    print(json.dumps(outputs.flatten().tolist()))
`;

/** The first interpreter that has PyTorch. */
async function findPython(): Promise<string | undefined> {
  for (const python of (Deno.env.get("UNROLL_PEERS_PYTHON") ?? "python3").split(",")) {
    try {
      const args = ["-c", "import torch, safetensors.torch"];
      if ((await new Deno.Command(python, { args, stderr: "null" }).output()).success) {
        return python;
      }
    } catch {
      // There is no such program.
    }
  }
}

const python = await findPython();

Deno.test({
  name: `exportPyTorch() says the same in PyTorch${
    python ? "" : " (left out: no python3 has torch and safetensors, see UNROLL_PEERS_PYTHON)"
  }`,
  ignore: python === undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const cases = await Promise.all(CASES.map(async ([name, options, spec], i) => {
        const model = MODELS[name](options);
        const instance = model.create(spec);
        const parameters = nonzeroParameters(model, spec);
        const exported = await exportPyTorch(model, parameters, spec);
        const path = `${folder}/${i}.safetensors`;
        await Deno.writeFile(path, encodeSafetensors(exported.tensors, { format: "pt" }));
        const inputs = someInputs(spec, TIME, BATCH);
        const { outputs } = instance.apply(parameters, inputs, {
          length: TIME,
          batch: BATCH,
          state: instance.initialState(parameters, BATCH),
          training: false,
          key: randomKey(0),
        });
        const nested = inputs && nest([...await inputs.data()], inputs.shape);
        // A multilayer perceptron there is given windows: the sequences' last inputs.
        const { context = 0 } = options as { readonly context?: number };
        const windows = (nested as number[][])?.[0].map((_, b) =>
          (nested as number[][]).slice(-context).map((step) => step[b])
        );
        const given = nested === undefined ? [TIME, BATCH] : [name === "mlp" ? windows : nested];
        return { python: exported.python, path, inputs: given, wanted: [...await outputs.data()] };
      }));
      const process = new Deno.Command(python as string, {
        args: ["-c", PROGRAM],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      await new Response(JSON.stringify(cases)).body?.pipeTo(process.stdin);
      const { stdout } = await process.output();
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      assertEquals(lines.length, cases.length);
      lines.forEach((line, i) => {
        const found: number[] = JSON.parse(line);
        const { wanted } = cases[i];
        assertEquals(found.length, wanted.length);
        const worst = Math.max(...wanted.map((x, j) => Math.abs(x - found[j])));
        // Some roundings of floats near 1, in some steps.
        assert(worst <= 2e-6, `${JSON.stringify(CASES[i])}: off by ${worst}`);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Numbers as lists of lists. */
function nest(data: readonly number[], [size, ...rest]: readonly number[]): unknown {
  if (rest.length === 0) return data;
  const each = data.length / size;
  return Array.from(
    { length: size },
    (_, i) => nest(data.slice(i * each, (i + 1) * each), rest),
  );
}
