import { concatenate, maximum, minimum, randomKey, sigmoid, tanh, type Tensor } from "@unroll/core";
import { gru, type GruOptions, type RecurrentParameters } from "./mod.ts";
import { assertClose, classSpec, waves } from "./helpers_test.ts";

const SPEC = classSpec({ kind: "vector", size: 3 }, 2);

/** States of a GRU with asymmetric weights, and those weights. */
function run(options: Partial<GruOptions>): { readonly hidden: Tensor; readonly w: Tensor[] } {
  const model = gru({ hidden: 4, bias: "both", ...options }).create(SPEC);
  const w = [waves([3, 12], 1), waves([4, 12], 2), waves([12], 3), waves([12], 4)];
  const [weight_ih, weight_hh, bias_ih, bias_hh] = w;
  const { output } = model.parameters(randomKey(0)) as unknown as RecurrentParameters;
  const parameters = { layers: [{ weight_ih, weight_hh, bias_ih, bias_hh }], output };
  const { hidden } = model.apply(parameters as never, waves([3, 2, 3], 5), {
    length: 3,
    batch: 2,
    state: model.initialState(parameters as never, 2),
    training: true,
    key: randomKey(0),
  });
  return { hidden: hidden as Tensor, w };
}

/** The same by the formulas, with separate weights; and with combined ones, [h, x] · [Wh; Wx]. */
function expected(w: readonly Tensor[], options: GruOptions, combined: boolean): Tensor {
  const [wr, wz, wn] = w[0].split(3);
  const [ur, uz, un] = w[1].split(3);
  const [br, bz, bn] = w[2].split(3);
  const [cr, cz, cn] = w[3].split(3);
  const phi = options.activation === "sigmoid" ? sigmoid : tanh;
  const sigma = options.gateActivation === "hard-sigmoid"
    ? (x: Tensor) => minimum(maximum(x.mul(0.2).add(0.5), 0), 1)
    : sigmoid;
  const both = (h: Tensor, x: Tensor, wh: Tensor, wx: Tensor) =>
    combined
      ? concatenate([h, x], 1).matmul(concatenate([wh, wx]))
      : h.matmul(wh).add(x.matmul(wx));
  let h = waves([2, 4]).mul(0);
  const states: Tensor[] = [];
  for (let t = 0; t < 3; t++) {
    const x = waves([3, 2, 3], 5).slice(0, t, t + 1).reshape([2, 3]);
    const reset = sigma(both(h, x, ur, wr).add(br).add(cr));
    const update = sigma(both(h, x, uz, wz).add(bz).add(cz));
    const candidate = options.reset === "before"
      ? phi(both(h.mul(reset), x, un, wn).add(bn).add(cn))
      : phi(x.matmul(wn).add(bn).add(reset.mul(h.matmul(un).add(cn))));
    h = update.mul(h).add(update.mul(-1).add(1).mul(candidate));
    states.push(h);
  }
  return concatenate(states);
}

for (const reset of ["after", "before"] as const) {
  for (const activation of ["tanh", "sigmoid"] as const) {
    for (const combined of reset === "before" ? [false, true] : [false]) {
      const weights = combined ? "combined" : "separate";
      Deno.test(`gru() resets ${reset} the product, ${activation}, ${weights} weights`, async () => {
        const { hidden, w } = run({ reset, activation });
        const wanted = expected(w, { reset, activation } as GruOptions, combined);
        assertClose(await hidden.data(), await wanted.data());
      });
    }
  }
}

Deno.test("gru() takes the gates of Keras", async () => {
  for (const reset of ["after", "before"] as const) {
    const options = { reset, activation: "tanh", gateActivation: "hard-sigmoid" } as const;
    const { hidden, w } = run(options);
    assertClose(await hidden.data(), await expected(w, options as GruOptions, false).data());
  }
});
