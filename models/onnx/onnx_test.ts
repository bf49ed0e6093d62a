/** ONNX files say the same as the models that they are of, in ONNX Runtime. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { randomKey, stack, type Tensor, type Tree } from "@unroll/core";
import type { InputSpec, Model, OutputPlace, TaskSpec } from "@unroll/core/plugin";
import { MODELS } from "../mod.ts";
import { ACTIVATION_NAMES } from "../activations.ts";
import { classSpec, nonzeroParameters, someInputs } from "../helpers_test.ts";
import { type OnnxArray, type OnnxRequest, runOnnx } from "./run_onnx_test.ts";
import { exportOnnx } from "./mod.ts";

const isAvailable = await runOnnx([]) !== undefined;

const [TIME, BATCH] = [5, 3];
const SYMBOLS: InputSpec = { kind: "symbol", vocabulary: 6 };
const VECTORS: InputSpec = { kind: "vector", size: 2 };
const NOTHING: InputSpec = { kind: "none" };

const specOf = (inputs: InputSpec, at: OutputPlace = "every") => classSpec(inputs, 4, { at });

/** What a file is given; `time` and `batch` stand for inputs that there are none of. */
async function givenOf(inputs: Tensor | undefined): Promise<Record<string, OnnxArray>> {
  if (inputs === undefined) return { time: ints(TIME), batch: ints(BATCH) };
  return { inputs: await arrayOf(inputs) };
}

function ints(...data: number[]): OnnxArray {
  return { type: "int64", shape: [data.length], data };
}

async function arrayOf(x: Tensor): Promise<OnnxArray> {
  const type = x.type.dtype === "i32" ? "int64" : "float32";
  return { type, shape: x.shape, data: [...await x.data()] };
}

/** A request to run a model's file, and what it should say. */
async function requestOf(
  model: Model,
  spec: TaskSpec,
): Promise<{ readonly request: OnnxRequest; readonly wanted: OnnxArray }> {
  const parameters = nonzeroParameters(model, spec);
  const instance = model.create(spec);
  const inputs = someInputs(spec, TIME, BATCH);
  const { outputs } = instance.apply(parameters, inputs, {
    length: TIME,
    batch: BATCH,
    state: instance.initialState(parameters, BATCH),
    training: false,
    key: randomKey(0),
  });
  const bytes = await exportOnnx(model, parameters, spec);
  return {
    request: { model: bytes.toBase64(), inputs: await givenOf(inputs) },
    wanted: await arrayOf(outputs),
  };
}

/** The runtime's tanh and sigmoid are right to some 1e-7; errors grow a little over steps. */
const TOLERANCE = 1e-5;

function checkSame(found: OnnxArray, wanted: OnnxArray, title: string): void {
  assertEquals(found.shape, wanted.shape, title);
  const worst = Math.max(...wanted.data.map((x, i) => Math.abs(x - found.data[i])));
  assert(worst <= TOLERANCE, `${title}: off by ${worst}`);
}

const CASES: Record<string, (readonly [object, TaskSpec])[]> = {};
for (const name of ["rnn", "gru", "lstm"]) {
  const own = name === "gru" ? [{ reset: "after" }, { reset: "before" }] : [{}];
  CASES[name] = own.flatMap((own) => [
    ...["input", "both", "none"].flatMap((bias) =>
      ([[SYMBOLS, {}], [SYMBOLS, { embedding: 3 }], [VECTORS, {}], [NOTHING, {}]] as const).flatMap(
        ([inputs, more]) =>
          (["every", "last"] as const).map((at) =>
            [{ hidden: 3, bias, ...more, ...own }, specOf(inputs, at)] as const
          ),
      )
    ),
    [{ hidden: 3, layers: 3, bias: "both", ...own }, specOf(VECTORS)],
    [{ hidden: 3, layers: 2, initialState: "learned", ...own }, specOf(SYMBOLS)],
    [{ hidden: 3, inputNorm: "layer", ...own }, specOf(VECTORS)],
    [{ hidden: 3, inputNorm: "batch", embedding: 4, ...own }, specOf(SYMBOLS)],
    [{ hidden: 3, recompute: 2, dropout: 0.5, outputDropout: 0.5, ...own }, specOf(VECTORS)],
    ...ACTIVATION_NAMES.filter((name) => name !== "silu" && name !== "gelu")
      .map((activation) => [{ hidden: 3, activation, ...own }, specOf(VECTORS)] as const),
    ...(name === "rnn" ? [] : [
      ...["tanh", "linear", "leaky-relu", "elu"].map((activation) =>
        [
          { hidden: 3, gateActivation: "hard-sigmoid", activation, ...own },
          specOf(VECTORS),
        ] as const
      ),
    ]),
  ]);
}
CASES.mlp = [
  ...[[SYMBOLS, {}], [SYMBOLS, { embedding: 3 }], [VECTORS, {}]].flatMap(([inputs, more]) =>
    (["every", "last"] as const).flatMap((at) =>
      [1, 3].map((context) =>
        [{ layers: [4, 3], context, ...more }, specOf(inputs as InputSpec, at)] as const
      )
    )
  ),
  [{ layers: [], bias: false, context: 2 }, specOf(VECTORS)],
  [{ layers: [3], bias: false }, { ...specOf(SYMBOLS, "last"), length: TIME }],
  ...ACTIVATION_NAMES.map((activation) =>
    [{ layers: [4, 3], context: 1, activation }, specOf(VECTORS)] as const
  ),
];

const unless = isAvailable ? "" : " (left out: npm:onnxruntime-web cannot be loaded)";

for (const [name, cases] of Object.entries(CASES)) {
  const label = /gru|lstm/.test(name) ? "[long] " : "";
  Deno.test({
    name: `${label}exportOnnx() of ${name} says the same in ONNX Runtime${unless}`,
    ignore: !isAvailable,
    async fn() {
      const all = await Promise.all(
        cases.map(([options, spec]) => requestOf(MODELS[name](options), spec)),
      );
      const found = await runOnnx(all.map(({ request }) => request));
      assertEquals(found?.length, cases.length);
      found?.forEach((answer, i) => {
        const title = `${name} ${JSON.stringify(cases[i])}`;
        assertEquals(Object.keys(answer), ["outputs"], title);
        checkSame(answer.outputs, all[i].wanted, title);
      });
    },
  });
}

Deno.test({
  name: `exportOnnx() with state goes on where a sequence ended${unless}`,
  ignore: !isAvailable,
  async fn() {
    const cases: (readonly [string, object, InputSpec, number])[] = [
      ["rnn", { hidden: 3, layers: 2 }, VECTORS, TIME],
      ["gru", { hidden: 3, layers: 2, bias: "both" }, SYMBOLS, TIME],
      ["lstm", { hidden: 3, layers: 2 }, NOTHING, TIME],
      ["mlp", { context: 4 }, SYMBOLS, TIME],
      ["mlp", { context: 4 }, VECTORS, 2],
    ];
    const prepared = await Promise.all(cases.map(async ([name, options, inputs, time]) => {
      const model = MODELS[name](options);
      const spec = specOf(inputs);
      const parameters = nonzeroParameters(model, spec);
      const instance = model.create(spec);
      const run = (state: Tree) =>
        instance.apply(parameters, someInputs(spec, time, BATCH), {
          length: time,
          batch: BATCH,
          state,
          training: false,
          key: randomKey(0),
        });
      // The names of states, and what goes in and comes out.
      const named = async (state: Tree, end: "0" | "n") => {
        if (name === "mlp") return { [`window_${end}`]: await arrayOf(state as Tensor) };
        const layers = state as unknown as readonly Record<string, Tensor>[];
        return Object.fromEntries(
          await Promise.all(
            Object.keys(layers[0]).map(async (part) =>
              [
                `${part}_${end}`,
                await arrayOf(stack(layers.map((layer) => layer[part]), 0)),
              ] as const
            ),
          ),
        );
      };
      const first = run(instance.initialState(parameters, BATCH));
      const second = run(first.state);
      const bytes = await exportOnnx(model, parameters, spec, { state: true });
      const given = await givenOf(someInputs(spec, time, BATCH));
      const request = {
        model: bytes.toBase64(),
        inputs: { ...given, ...await named(first.state, "0") },
      };
      const outputs = await arrayOf(second.outputs);
      return { name, request, wanted: { outputs, ...await named(second.state, "n") } };
    }));
    const answers = await runOnnx(prepared.map(({ request }) => request)) ?? [];
    assertEquals(answers.length, cases.length);
    prepared.forEach(({ name, wanted }, i) => {
      assertEquals(Object.keys(answers[i]).sort(), Object.keys(wanted).sort());
      for (const [part, array] of Object.entries(wanted)) {
        checkSame(answers[i][part], array, `${name} ${part}`);
      }
    });
  },
});

Deno.test("exportOnnx() says in one sentence what ONNX cannot", async () => {
  const refused = (model: Model, reason: string) => {
    const spec = specOf(VECTORS);
    return assertRejects(
      () => exportOnnx(model, nonzeroParameters(model, spec), spec),
      TypeError,
      reason,
    );
  };
  await refused(
    MODELS.rnn({ inputActivation: "relu" } as object),
    "Cannot export rnn as ONNX: its operator RNN has one activation, " +
      "and the option inputActivation asks for two",
  );
  await refused(
    MODELS.gru({ activation: "gelu" } as object),
    "Cannot export gru as ONNX: its recurrent operators know the activations tanh, relu, sigmoid, " +
      "hard-sigmoid, leaky-relu, elu, softplus, linear, found gelu",
  );
  const { plugin, ...other } = MODELS.rnn();
  await refused(
    { ...other, plugin: { ...plugin, name: "mine" } as never },
    "Cannot export mine as ONNX: the models that can be are mlp, rnn, gru, lstm",
  );
  for (const name of ["attention", "stack-rnn"]) {
    await refused(
      MODELS[name](),
      `Cannot export ${name} as ONNX: the models that can be are mlp, rnn, gru, lstm`,
    );
  }
});

Deno.test("exportOnnx() keeps a learned start beside the graph where the state goes in", async () => {
  const model = MODELS.rnn({ hidden: 2 } as object);
  const spec = specOf(NOTHING);
  const parameters = nonzeroParameters(model, spec);
  const [{ h }] = model.create(spec).initialState(parameters, 1) as never as { h: Tensor }[];
  const text = new TextDecoder().decode(await exportOnnx(model, parameters, spec, { state: true }));
  assert(text.includes(JSON.stringify([...Float32Array.from(await h.data())])));
});
