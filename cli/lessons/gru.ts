/**
 * The GRU that lesson 6 of fast.ai's first course writes twice: with weights of their own for each gate and for inputs
 * and states, and with all of a gate in one matrix over the state and the input side by side.
 *
 * @module
 */

import {
  concatenate,
  crossEntropy,
  mapTree,
  oneHot,
  randomKey,
  reshape,
  sigmoid,
  slice,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "@unroll/core";
import type { TaskSpec } from "@unroll/core/plugin";
import { gru, type RecurrentParameters } from "@unroll/models";
import { RECIPES } from "../recipes/mod.ts";
import { type Lesson, type LessonOptions, type LessonPart, type LessonRow, say } from "./lesson.ts";

/** What is read and what comes next. */
const TEXT = " this is ";
const HIDDEN = 16;
const RATE = 0.01;
const STEPS = 5;

/** The lesson on the GRU. */
export const GRU: Lesson = {
  summary: "The GRU with separate and with combined weights: the same numbers",
  takes: ["seed"],
  give,
};

async function* give({ seed = 0 }: LessonOptions): AsyncGenerator<LessonPart> {
  yield say(
    'fast.ai, lesson 6, "Theano GRU": first with separate weights, then with combined ones, of which ' +
      "the notebook says that they are identical (there both stop with a TypeError). Here both, and " +
      `the model gru, start with the same weights, ${HIDDEN} units, and read ${
        JSON.stringify(TEXT.slice(0, -1))
      }. Then ${STEPS} steps of SGD at ${RATE}, each with gradients of its own weights:`,
  );
  const { model, separate, combined } = formsOf(seed);
  let apart = separate;
  let together = combined;
  const rows: LessonRow[] = [];
  for (let step = 0; step <= STEPS; step++) {
    const [lossApart, slopesApart] = valueAndGrad(separateLoss)(apart);
    const [lossTogether, slopesTogether] = valueAndGrad(combinedLoss)(together);
    const losses = [await lossApart.item(), await lossTogether.item()];
    if (step === 0) rows.push(row("loss of gru, and combined", await model.item(), losses[1]));
    rows.push(row(`loss, ${step === 1 ? "1 step" : `${step} steps`}`, losses[0], losses[1]));
    apart = descend(apart, slopesApart);
    together = descend(together, slopesTogether);
  }
  yield { kind: "rows", head: ["separate", "combined"], rows };
  yield say(
    "\nThe loss is the sum over 8 characters. A matrix product with [h, x] is one with h and one with " +
      "x, added; in numbers of 32 bits the order of a sum may show in the last digit.\n\n" +
      "Next: deno task recipe lesson6-gru-sgd --corpus FILE",
  );
}

function descend<T>(weights: T, slopes: T): T {
  return mapTree((weight, slope) => weight.sub(slope.mul(RATE)), weights, slopes);
}

function row(what: string, theirs: number, ours: number): LessonRow {
  const same = Math.abs(theirs - ours) <= TOLERANCE * Math.abs(theirs);
  return { what, theirs: theirs.toFixed(5), ours: ours.toFixed(5), same };
}

/** Sums of at most 25 products in f32, through 8 steps, of which each halves what it is handed at least. */
const TOLERANCE = 1e-6;

/** Weights of a gate: from the input, from the state, biases. */
interface Gate {
  readonly x: Tensor;
  readonly h: Tensor;
  readonly b: Tensor;
}

/** Weights of a gate over the state and the input side by side. */
interface CombinedGate {
  readonly w: Tensor;
  readonly b: Tensor;
}

/** Reset, update and candidate, and the output layer. */
interface Weights<G> {
  readonly gates: readonly G[];
  readonly w: Tensor;
  readonly b: Tensor;
}

const CHARACTERS = [...new Set(TEXT)].sort();
const SYMBOLS = [...TEXT].map((letter) => CHARACTERS.indexOf(letter));
const LENGTH = SYMBOLS.length - 1;

/**
 * Makes the weights of a model `gru`, in the notebook's two forms.
 *
 * @param seed Seed of the weights.
 * @returns The loss of the model, and the weights.
 */
function formsOf(seed: number): {
  readonly model: Tensor;
  readonly separate: Weights<Gate>;
  readonly combined: Weights<CombinedGate>;
} {
  const spec: TaskSpec = {
    inputs: { kind: "symbol", vocabulary: CHARACTERS.length },
    outputs: { kind: "class", classes: CHARACTERS.length, at: "every" },
    length: LENGTH,
    loss: { kind: "cross-entropy", reduction: "sum" },
    weighted: false,
    stateful: false,
  };
  const instance = gru({ ...RECIPES["lesson6-gru-sgd"].modelOptions, hidden: HIDDEN }).create(spec);
  const parameters = instance.parameters(randomKey(seed));
  const inputs = tensor(SYMBOLS.slice(0, -1).map((symbol) => [symbol]), { dtype: "i32" });
  const { outputs } = instance.apply(parameters, inputs, {
    length: LENGTH,
    batch: 1,
    state: instance.initialState(parameters, 1),
    training: false,
    key: randomKey(0),
  });
  const { layers, output } = parameters as unknown as RecurrentParameters;
  const [{ weight_ih, weight_hh, bias_ih }] = layers;
  // Column blocks of a matrix, one for each of reset, update and candidate.
  const blocks = (matrix: Tensor) => matrix.split(3, matrix.rank - 1);
  const [x, h, b] = [weight_ih, weight_hh, bias_ih].map((matrix) => blocks(matrix as Tensor));
  const rest = { w: output.weight, b: output.bias as Tensor };
  return {
    model: lossOf([reshape(outputs, [LENGTH, -1])]),
    separate: { ...rest, gates: x.map((x, i) => ({ x, h: h[i], b: b[i] })) },
    combined: { ...rest, gates: h.map((h, i) => ({ w: concatenate([h, x[i]]), b: b[i] })) },
  };
}

/** Sum of the cross entropies of what comes next. */
function lossOf(logits: readonly Tensor[]): Tensor {
  return crossEntropy(concatenate(logits), tensor(SYMBOLS.slice(1), { dtype: "i32" })).sum();
}

function separateLoss({ gates: [reset, update, candidate], w, b }: Weights<Gate>): Tensor {
  const gate = ({ x, h, b }: Gate, state: Tensor, input: Tensor) =>
    sigmoid(input.matmul(x).add(b).add(state.matmul(h)));
  return run(w, b, (h, x) => {
    const u = gate(update, h, x);
    const fresh = gate(candidate, h.mul(gate(reset, h, x)), x);
    return u.mul(h).add(u.neg().add(1).mul(fresh));
  });
}

function combinedLoss({ gates: [reset, update, candidate], w, b }: Weights<CombinedGate>): Tensor {
  const gate = ({ w, b }: CombinedGate, both: Tensor) => sigmoid(both.matmul(w).add(b));
  return run(w, b, (h, x) => {
    const both = concatenate([h, x], 1);
    const u = gate(update, both);
    const fresh = gate(candidate, concatenate([h.mul(gate(reset, both)), x], 1));
    return u.mul(h).add(u.neg().add(1).mul(fresh));
  });
}

/** Reads the text, and sums the losses. */
function run(w: Tensor, b: Tensor, step: (h: Tensor, x: Tensor) => Tensor): Tensor {
  const inputs = oneHot(tensor(SYMBOLS.slice(0, -1), { dtype: "i32" }), CHARACTERS.length);
  let h = zeros([1, HIDDEN]);
  const logits = SYMBOLS.slice(1).map((_, t) => {
    h = step(h, slice(inputs, 0, t, t + 1));
    return h.matmul(w).add(b);
  });
  return lossOf(logits);
}
