/**
 * The derivatives that lesson 6 of fast.ai's first course works out by hand, found by `grad`.
 *
 * @module
 */

import {
  grad,
  oneHot,
  randomKey,
  randomUniform,
  relu,
  softmax,
  stopGradient,
  type Tensor,
  tensor,
} from "@unroll/core";
import {
  type Lesson,
  type LessonPart,
  type LessonRow,
  NOTEBOOK,
  numbersRow,
  say,
  textRow,
} from "./lesson.ts";

/** What the notebook tries its functions on. */
const PREDICTED: readonly number[] = [0.2, 0.7, 0.1];
const ACTUAL: readonly number[] = [0, 1, 0];

/** What the notebook printed. */
const PRINTED = {
  relu: [3, 0],
  reluSlope: [1, 0],
  entropy: [0.35667494393873245],
  entropySlope: [0, -1.4286, 0],
  softmax: [0.2814, 0.464, 0.2546],
  jacobian: [
    [0.2022, -0.1306, -0.0717],
    [-0.1306, 0.2487, -0.1181],
    [-0.0717, -0.1181, 0.1898],
  ],
  allclose: "True",
} as const;

/** Symbols of the lesson, and the number of its text's first character, P. */
const SYMBOLS = 86;
const FIRST = 40;

/** The lesson on derivatives. */
export const DERIVATIVES: Lesson = {
  summary: "The derivatives that the notebook works out by hand, found by grad",
  takes: ["seed"],
  give,
};

async function* give({ seed = 0 }: { readonly seed?: number }): AsyncGenerator<LessonPart> {
  yield say(
    'fast.ai, lesson 6, "Pure python RNN": for each function the notebook writes another one, its ' +
      "derivative, and tries it against Theano. Here only the functions are written, and grad finds " +
      "their derivatives.",
  );
  const predicted = tensor(PREDICTED);
  const jacobian = await Promise.all(
    PREDICTED.map((_, i) => slope((x) => softmax(x).mul(unit(i, PREDICTED.length)), PREDICTED)),
  );
  yield {
    kind: "rows",
    head: NOTEBOOK,
    rows: [
      numbersRow("relu(3, -3)", PRINTED.relu, await relu(tensor([3, -3])).data(), 0),
      numbersRow("  its derivative", PRINTED.reluSlope, await slope(relu, [3, -3]), 0),
      // As many places as numbers of 32 bits have.
      numbersRow("x_entropy", PRINTED.entropy, await entropy(predicted).data(), 6),
      numbersRow("  its derivative", PRINTED.entropySlope, await slope(entropy, PREDICTED), 4),
      numbersRow("softmax", PRINTED.softmax, await softmax(predicted).data(), 4),
      ...PRINTED.jacobian.map((row, i) =>
        numbersRow(["  its Jacobian", "", ""][i], row, jacobian[i], 4)
      ),
      textRow("allclose(J · dL, p − y)", PRINTED.allclose, await closeTo(seed)),
    ],
  };
  yield say(
    "The last row is why networks end in softmax and cross entropy: the derivative of both together, " +
      `of ${SYMBOLS} numbers here, is what was predicted less what was right.\n\n` +
      "Two more have their derivative in the notebook, but print nothing:",
  );
  yield { kind: "rows", head: ["by its formula", "by grad"], rows: await unprinted() };
  yield say("\nNext: deno task lesson scan");
}

/** What the notebook defines and does not try. */
async function unprinted(): Promise<LessonRow[]> {
  const at = [-3, -0.5, 0, 1, 4];
  const [a, b] = [[4, -1, 0.5], [1, 5, -2]];
  const sigmoid = at.map((x) => 1 / (1 + Math.exp(-x)));
  const slopes = await slope((x) => x.sigmoid(), at);
  return [
    numbersRow("sigmoid: σ (1 − σ)", sigmoid.map((y) => y * (1 - y)), slopes, 4),
    numbersRow(
      "dist: 2 (a − b)",
      a.map((x, i) => 2 * (x - b[i])),
      await slope((x) => x.sub(tensor(b)).square(), a),
      4,
    ),
  ];
}

function entropy(predicted: Tensor): Tensor {
  return predicted.log().mul(tensor(ACTUAL)).sum().neg();
}

/** A vector with a single 1. */
function unit(place: number, size: number): Tensor {
  return oneHot(tensor(place, { dtype: "i32" }), size);
}

/** Derivative of an elementwise function, or of the sum of one's results. */
async function slope(f: (x: Tensor) => Tensor, at: readonly number[]): Promise<number[]> {
  return [...await grad((x: Tensor) => f(x).sum())(tensor(at)).data()];
}

/**
 * Chains the derivatives of softmax and cross entropy, and tells whether that is p − y: to within
 * 1e-8 + 1e-5 · |p − y|, as NumPy's `allclose` has it.
 */
async function closeTo(seed: number): Promise<"True" | "False"> {
  const x = randomUniform(randomKey(seed), [SYMBOLS]);
  const y = unit(FIRST, SYMBOLS);
  const p = softmax(x);
  // −y / p, by which the Jacobian, which is symmetric, is multiplied.
  const outer = grad((p: Tensor) => p.log().mul(y).sum().neg())(p);
  const chained = await grad((x: Tensor) => softmax(x).mul(stopGradient(outer)).sum())(x).data();
  const wanted = await p.sub(y).data();
  const close = chained.every((d, i) =>
    Math.abs(d - wanted[i]) <= 1e-8 + 1e-5 * Math.abs(wanted[i])
  );
  return close ? "True" : "False";
}
