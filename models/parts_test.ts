import { assertAlmostEquals, assertEquals } from "@std/assert";
import { randomKey, tensor } from "@unroll/core";
import { gru, lstm, type RecurrentParameters, rnn } from "./mod.ts";
import { assertClose, classSpec } from "./helpers_test.ts";

const SYMBOLS = [0, 4, 3, 1, 2, 2, 0];
const HIDDEN = 3;
const SPEC = classSpec({ kind: "symbol", vocabulary: 5 }, 4);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Runs a model with and without a look inside; the sides of each step, in doubles. */
async function look(model: ReturnType<typeof gru>) {
  const instance = model.create(SPEC);
  const parameters = instance.parameters(randomKey(5));
  const run = (capture?: boolean) =>
    instance.apply(parameters, tensor(SYMBOLS.map((s) => [s]), { dtype: "i32" }), {
      length: SYMBOLS.length,
      batch: 1,
      state: instance.initialState(parameters, 1),
      training: false,
      key: randomKey(0),
      ...(capture === undefined ? {} : { capture }),
    });
  const { outputs, hidden, parts = {} } = run(true);
  // Rounded otherwise where the programs are cut otherwise.
  assertClose(await run().outputs.data(), await outputs.data());
  assertEquals(run().parts, undefined);
  const { layers: [layer] } = parameters as unknown as RecurrentParameters;
  const { weight_ih, weight_hh, bias_ih } = layer;
  const [ih, hh, bias] = await Promise.all(
    [weight_ih, weight_hh, bias_ih].map(async (w) => (await w?.data()) as Float32Array),
  );
  const columns = bias.length;
  const values: Record<string, Float32Array> = { hidden: await hidden?.data() as Float32Array };
  for (const [name, part] of Object.entries(parts)) {
    assertEquals(part.shape, [SYMBOLS.length, 1, HIDDEN]);
    values[name] = await part.data() as Float32Array;
  }
  const at = (name: string, t: number, unit: number) => t < 0 ? 0 : values[name][t * HIDDEN + unit];
  /** The input side and the state's side of a block of a step. */
  const sides = (block: number, t: number, unit: number) => {
    const column = block * HIDDEN + unit;
    let state = 0;
    for (let j = 0; j < HIDDEN; j++) state += at("hidden", t - 1, j) * hh[j * columns + column];
    return [ih[SYMBOLS[t] * columns + column] + bias[column], state];
  };
  return { names: Object.keys(parts), at, sides };
}

/** Calls a function for all steps and units. */
function everywhere(act: (t: number, unit: number) => void): void {
  for (let t = 0; t < SYMBOLS.length; t++) for (let unit = 0; unit < HIDDEN; unit++) act(t, unit);
}

for (const recompute of [0, 2]) {
  Deno.test(`gru: the gates that it shows make its state, recompute ${recompute}`, async () => {
    const { names, at, sides } = await look(gru({ hidden: HIDDEN, recompute }));
    assertEquals(names.toSorted(), ["reset", "update"]);
    everywhere((t, unit) => {
      const [r, z, n] = [0, 1, 2].map((block) => sides(block, t, unit));
      const [reset, update] = [at("reset", t, unit), at("update", t, unit)];
      assertAlmostEquals(reset, sigmoid(r[0] + r[1]), 1e-6);
      assertAlmostEquals(update, sigmoid(z[0] + z[1]), 1e-6);
      const candidate = Math.tanh(n[0] + reset * n[1]);
      const next = update * at("hidden", t - 1, unit) + (1 - update) * candidate;
      assertAlmostEquals(at("hidden", t, unit), next, 1e-6);
    });
  });

  Deno.test(`lstm: the gates and the cell that it shows make its state, recompute ${recompute}`, async () => {
    const { names, at, sides } = await look(lstm({ hidden: HIDDEN, recompute }));
    assertEquals(names.toSorted(), ["cell", "forget", "input", "output"]);
    everywhere((t, unit) => {
      const [i, f, g, o] = [0, 1, 2, 3].map((block) => {
        const [x, h] = sides(block, t, unit);
        return x + h;
      });
      assertAlmostEquals(at("input", t, unit), sigmoid(i), 1e-6);
      assertAlmostEquals(at("forget", t, unit), sigmoid(f), 1e-6);
      assertAlmostEquals(at("output", t, unit), sigmoid(o), 1e-6);
      const cell = sigmoid(f) * at("cell", t - 1, unit) + sigmoid(i) * Math.tanh(g);
      assertAlmostEquals(at("cell", t, unit), cell, 1e-6);
      assertAlmostEquals(at("hidden", t, unit), sigmoid(o) * Math.tanh(cell), 1e-6);
    });
  });
}

Deno.test("gru: gates are shown with the reset before the product too, and an rnn has none", async () => {
  const both = await look(gru({ hidden: HIDDEN, reset: "before" }));
  assertEquals(both.names.toSorted(), ["reset", "update"]);
  assertEquals((await look(rnn({ hidden: HIDDEN }) as ReturnType<typeof gru>)).names, []);
});
