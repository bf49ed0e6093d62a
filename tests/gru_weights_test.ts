/**
 * Lesson 6 of fast.ai's first course writes a GRU twice: with weights of their own for each gate and for
 * inputs and states, and with all of them in one matrix over the state and the input side by side. Both,
 * and the model `gru`, give the same numbers.
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { concatenate, randomKey, sigmoid, slice, type Tensor, tensor, zeros } from "@unroll/core";
import { gru, type RecurrentParameters } from "@unroll/models";
import { RECIPES } from "@unroll/cli/recipes";

const HIDDEN = 6;
const SYMBOLS = 5;
const TEXT = [3, 1, 4, 1, 0, 2, 2, 4];

/** Column blocks of a matrix, one for each of reset, update and candidate. */
const blocks = (matrix: Tensor) => matrix.split(3, matrix.rank - 1);

Deno.test("lesson6-gru-sgd: separate weights, combined weights and the model give the same numbers", async () => {
  const model = gru({ ...RECIPES["lesson6-gru-sgd"].modelOptions, hidden: HIDDEN }).create({
    inputs: { kind: "symbol", vocabulary: SYMBOLS },
    outputs: { kind: "class", classes: SYMBOLS, at: "every" },
    length: TEXT.length,
    loss: { kind: "cross-entropy", reduction: "sum" },
    weighted: false,
    stateful: false,
  });
  const parameters = model.parameters(randomKey(7));
  const { hidden } = model.apply(
    parameters,
    tensor(TEXT.map((symbol) => [symbol]), { dtype: "i32" }),
    {
      length: TEXT.length,
      batch: 1,
      state: model.initialState(parameters, 1),
      training: false,
      key: randomKey(0),
    },
  );
  const found = [...await (hidden as Tensor).data()];
  assertEquals(found.length, TEXT.length * HIDDEN);

  const { weight_ih, weight_hh, bias_ih } =
    (parameters as unknown as RecurrentParameters).layers[0];
  const w_x = blocks(weight_ih as Tensor);
  const w_h = blocks(weight_hh);
  const b = blocks(bias_ih as Tensor);
  const together = w_h.map((own, i) => concatenate([own, w_x[i]]));

  const gate = (x: Tensor, h: Tensor, i: number) =>
    sigmoid(x.matmul(w_x[i]).add(b[i]).add(h.matmul(w_h[i])));
  const combinedGate = (both: Tensor, i: number) => sigmoid(both.matmul(together[i]).add(b[i]));
  let separate = zeros([1, HIDDEN]);
  let combined = zeros([1, HIDDEN]);
  for (const [t, symbol] of TEXT.entries()) {
    const x = tensor([Array.from({ length: SYMBOLS }, (_, i) => Number(i === symbol))]);
    separate = step(
      separate,
      (h) => gate(x, h, 0),
      (h) => gate(x, h, 1),
      (h) => gate(x, h, 2),
    );
    const join = (h: Tensor) => concatenate([h, x], 1);
    combined = step(
      combined,
      (h) => combinedGate(join(h), 0),
      (h) => combinedGate(join(h), 1),
      (h) => combinedGate(join(h), 2),
    );
    const wanted = found.slice(t * HIDDEN, (t + 1) * HIDDEN);
    for (const own of [separate, combined]) {
      const data = [...await slice(own, 0, 0, 1).data()];
      // Sums of at most 11 products of numbers of about 1, in f32.
      data.forEach((h, i) => assertAlmostEquals(h, wanted[i], 1e-6));
    }
  }
});

type Gate = (h: Tensor) => Tensor;

/** `h = u · h + (1 − u) · h̃`, where h̃ is made of the state that was reset before the product. */
function step(h: Tensor, reset: Gate, update: Gate, candidate: Gate): Tensor {
  const u = update(h);
  return u.mul(h).add(u.neg().add(1).mul(candidate(h.mul(reset(h)))));
}
