import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { grad, mapTree, randomKey, sum, type Tree } from "@unroll/core";
import type { Model } from "@unroll/core/plugin";
import { assertClose, classSpec, numbers, someInputs } from "./helpers_test.ts";
import { exportPyTorch, gru, lstm, type RecurrentParameters, rnn } from "./mod.ts";
import { exportOnnx } from "./onnx/mod.ts";

const SPEC = classSpec({ kind: "symbol", vocabulary: 5 }, 4);

/** Runs six steps of three sequences. */
function run(model: Model, { training = false, seed = 0, given }: {
  readonly training?: boolean;
  readonly seed?: number;
  readonly given?: Tree;
} = {}) {
  const instance = model.create(SPEC);
  // Large weights, so that states do not all round to 0.
  const parameters = given ?? mapTree((leaf) => leaf.mul(6), instance.parameters(randomKey(3)));
  const result = instance.apply(parameters, someInputs(SPEC, 6, 3), {
    length: 6,
    batch: 3,
    state: instance.initialState(parameters, 3),
    training,
    key: randomKey(seed),
  });
  return { parameters, ...result };
}

for (const make of [rnn, gru, lstm]) {
  const name = make().plugin.name;

  Deno.test(`${name}: snap rounds all states to whole numbers, and the output reads these`, async () => {
    const { state, hidden, outputs, parameters } = run(make({ hidden: 7, snap: true, std: 3 }));
    for (const values of Object.values(await numbers(state as Tree))) {
      assert(values.every(Number.isInteger), values.join());
    }
    const h = [...await hidden!.data()];
    assert(h.every(Number.isInteger));
    assert(new Set(h).size > 1, "all states are alike");
    const { output } = parameters as unknown as RecurrentParameters;
    const read = hidden!.matmul(output.weight).add(output.bias!);
    assertClose(await outputs.data(), await read.data());
  });

  Deno.test(`${name}: the gradient goes through what is rounded`, async () => {
    const model = make({ hidden: 7, snap: true });
    const { parameters } = run(model);
    const loss = (given: Tree) => sum(run(model, { given }).outputs.square());
    const found = await numbers(grad(loss)(parameters) as Tree);
    const recurrent = found["layers.0.weight_hh"];
    assert(recurrent.some((value) => value !== 0), Object.keys(found).join());
  });

  Deno.test(`${name}: stateNoise differs by key in training, and is not there otherwise`, async () => {
    const [plain, noisy] = [make({ hidden: 7 }), make({ hidden: 7, stateNoise: 0.2 })];
    const outputs = async (model: Model, training: boolean, seed: number) =>
      await run(model, { training, seed }).outputs.data();
    assertEquals(await outputs(noisy, false, 1), await outputs(plain, false, 2));
    assertEquals(await outputs(noisy, true, 1), await outputs(noisy, true, 1));
    assertNotEquals(await outputs(noisy, true, 1), await outputs(noisy, true, 2));
  });

  Deno.test(`${name}: what does not round states is not exported to`, async () => {
    const model = make({ snap: true, bias: "both" });
    const parameters = model.create(SPEC).parameters(randomKey(0));
    await assertRejects(() => exportOnnx(model, parameters, SPEC), TypeError, "round");
    await assertRejects(() => exportPyTorch(model, parameters, SPEC), TypeError, "round");
  });
}
