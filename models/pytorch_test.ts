import { assertEquals, assertThrows } from "@std/assert";
import { grad, randomKey, type Tensor, tensor, type Tree } from "@unroll/core";
import type { ModelPlugin } from "@unroll/core/plugin";
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from "@unroll/core/runs";
import goldens from "./goldens/recurrent.json" with { type: "json" };
import { fromPyTorch, MODELS, rnn, toPyTorch } from "./mod.ts";
import { assertClose, classSpec } from "./helpers_test.ts";

const [VOCABULARY, EMBEDDING, HIDDEN, CLASSES, TIME, BATCH] = [5, 3, 4, 3, 6, 2];

/** What PyTorch made of one model. */
interface Golden {
  readonly kind: string;
  readonly layers: number;
  readonly bias: boolean;
  readonly activation: string;
  readonly outputs: readonly number[];
  readonly h: readonly number[];
  readonly c: readonly number[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

const GOLDENS = goldens.cases as unknown as readonly Golden[];

/** As in the script that made the goldens. */
function wave(of: (x: number) => number, shape: readonly number[], start: number, scale: number) {
  const size = shape.reduce((product, n) => product * n, 1);
  const data = Float32Array.from({ length: size }, (_, i) => of(i * 0.7 + start) * scale);
  return { shape, data };
}

function waveTensor(shape: readonly number[], start: number, scale: number, of = Math.sin): Tensor {
  return tensor(wave(of, shape, start, scale).data, { shape });
}

for (const golden of GOLDENS) {
  const { kind, layers, bias, activation } = golden;
  const title = `${layers} layer${layers > 1 ? "s" : ""} ${bias ? "with" : "without"} biases`;
  Deno.test(`${kind} ${activation}, ${title}: as PyTorch`, async () => {
    const plugin = MODELS[kind] as ModelPlugin<Record<string, unknown>>;
    const model = plugin({
      hidden: HIDDEN,
      layers,
      embedding: EMBEDDING,
      bias: bias ? "both" : "none",
      activation,
    }).create(classSpec({ kind: "symbol", vocabulary: VOCABULARY }, CLASSES));
    // Names and shapes are PyTorch's own.
    const stored = new Map(
      Object.entries(golden.shapes).map(([name, shape], i): [string, StoredTensor] => [
        name,
        { dtype: "F32", ...wave(Math.cos, shape, i + 1, 0.5) },
      ]),
    );
    const { tensors } = decodeSafetensors(encodeSafetensors(stored));
    const parameters = fromPyTorch(model.parameters(randomKey(0)), tensors);
    const symbols = Array.from({ length: TIME * BATCH }, (_, i) => i * 7 % VOCABULARY);
    const part = (start: number, layer: number) =>
      waveTensor([layers, BATCH, HIDDEN], start, 0.8).slice(0, layer, layer + 1)
        .reshape([BATCH, HIDDEN]);
    const state = Array.from({ length: layers }, (_, layer) => ({
      h: part(0.2, layer),
      ...(kind === "lstm" ? { c: part(0.9, layer) } : {}),
    }));
    const run = (parameters: Tree) =>
      model.apply(parameters, tensor(symbols, { dtype: "i32", shape: [TIME, BATCH] }), {
        length: TIME,
        batch: BATCH,
        state: state as Tree,
        training: true,
        key: randomKey(0),
      });
    const result = run(parameters);
    assertClose(await result.outputs.data(), golden.outputs);
    for (const [layer, end] of (result.state as unknown as Record<string, Tensor>[]).entries()) {
      const places = [layer * BATCH * HIDDEN, (layer + 1) * BATCH * HIDDEN] as const;
      assertClose(await end.h.data(), golden.h.slice(...places));
      if (kind === "lstm") assertClose(await end.c.data(), golden.c.slice(...places));
    }
    const weights = waveTensor([TIME, BATCH, CLASSES], 0.3, 1, Math.cos);
    const gradients = await toPyTorch(
      grad((parameters: Tree) => run(parameters).outputs.mul(weights).sum())(parameters),
    );
    assertEquals([...gradients.keys()].sort(), Object.keys(golden.gradients).sort());
    for (const [name, { shape, data }] of gradients) {
      assertEquals(shape, golden.shapes[name]);
      assertClose(data as Float32Array, golden.gradients[name]);
    }
    // What was loaded is saved as it was.
    assertEquals(await toPyTorch(parameters), new Map([...tensors].sort()));
  });
}

Deno.test("fromPyTorch() says what does not fit", () => {
  const model = rnn({ hidden: 2 }).create(classSpec({ kind: "vector", size: 3 }, 2));
  const form = model.parameters(randomKey(0));
  const array = (...shape: number[]): StoredTensor => ({
    dtype: "F32",
    shape,
    data: new Float32Array(shape.reduce((product, n) => product * n, 1)),
  });
  const tensors: Readonly<Record<string, StoredTensor>> = {
    bias_ih_l0: array(2),
    weight_hh_l0: array(2, 2),
    weight_ih_l0: array(2, 3),
    "output.bias": array(2),
    "output.weight": array(2, 2),
    "input_norm.num_batches_tracked": array(1),
  };
  const load = (change: Readonly<Record<string, StoredTensor | undefined>>) => {
    const entries = Object.entries({ ...tensors, ...change })
      .filter((entry): entry is [string, StoredTensor] => entry[1] !== undefined);
    return fromPyTorch(form, new Map(entries), { recurrent: "" });
  };
  load({});
  assertThrows(
    () => load({ weight_ih_l0: undefined }),
    TypeError,
    'Cannot load from PyTorch: "weight_ih_l0" of F32[2,3] is needed, found none',
  );
  assertThrows(
    () => load({ weight_ih_l0: array(3, 2) }),
    TypeError,
    'Cannot load "weight_ih_l0" from PyTorch: F32[2,3] is needed, found F32[3,2]',
  );
  assertThrows(
    () => load({ bias_hh_l0: array(2) }),
    TypeError,
    'Cannot load "bias_hh_l0" from PyTorch: the model has bias_ih_l0, weight_hh_l0, weight_ih_l0',
  );
});
