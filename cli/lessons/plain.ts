/**
 * The RNN that lesson 6 of fast.ai's first course writes in plain Python: one window at a time, no biases, SGD; and the
 * mistake in its derivative, as a switch.
 *
 * @module
 */

import {
  compile,
  crossEntropy,
  flattenTree,
  mapTree,
  mul,
  oneHot,
  pad,
  randomKey,
  randomNormal,
  relu,
  reshape,
  scan,
  slice,
  splitKey,
  sqrt,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "@unroll/core";
import { initialize } from "@unroll/models";
import { formatCount, quoted } from "../format.ts";
import { otherText, readText, textOf } from "./data.ts";
import {
  type Lesson,
  type LessonOptions,
  type LessonPart,
  NOTEBOOK,
  say,
  sayNext,
} from "./lesson.ts";

/** What the notebook printed, every 1,000 windows. */
const PRINTED: readonly (readonly [error: number, gradient: number])[] = [
  [35.8657, 2.68377],
  [35.6886, 2.13522],
  [35.6671, 2.22855],
  [35.6236, 2.20996],
  [35.5871, 1.96299],
  [35.5815, 1.98897],
  [35.5323, 1.75088],
  [35.5286, 1.93306],
  [35.5256, 1.85797],
  [35.493, 2.06328],
];

const LENGTH = 8;
const VOCABULARY = 86;
const HIDDEN = 256;
const RATE = 1e-5;
const LINES = PRINTED.length;

/** The lesson on the RNN in plain Python. */
export const PLAIN: Lesson = {
  summary: 'The RNN in plain Python: its ten lines "Error, Gradient", and its faulty derivative',
  takes: ["corpus", "faulty", "lr", "windows", "seed"],
  give,
};

async function* give(options: LessonOptions): AsyncGenerator<LessonPart> {
  const { faulty = false, lr = RATE, windows = 10_000, seed = 0 } = options;
  const corpus = textOf(options.corpus);
  const { characters, indices } = readText(corpus);
  // The first index is no character's.
  const symbols = characters.length + 1;
  if (symbols > VOCABULARY) {
    throw new RangeError(
      `Cannot use a vocabulary of ${VOCABULARY}: the text has ${symbols} symbols`,
    );
  }
  const count = Math.ceil((indices.length - 1 - LENGTH) / LENGTH);
  if (count < 1) {
    throw new RangeError(
      `Cannot train on ${corpus}: more than ${LENGTH} characters are needed, found ${indices.length}`,
    );
  }
  yield say(
    'fast.ai, lesson 6, "Pure python RNN": ' +
      `${HIDDEN} rectified units that start with the identity, no biases, one window of ${LENGTH} ` +
      `characters at a time, alpha ${lr.toExponential()}. Error is the sum over a window, on average since the line ` +
      "before; Gradient the norm of its derivative by what the first unit's activation is made of, in " +
      "the last window.\n\n" +
      (faulty
        ? "With the notebook's mistake: its derivative of the weights from state to state, " +
          "args[p-1][3].dot(d_pre_hidden), is one number for all of them."
        : "The notebook's derivative of the weights from state to state is one number for all of them, " +
          "where a matrix belongs: --faulty does as it does. Here it is the matrix.") +
      await otherText(corpus),
  );
  const every = Math.max(1, Math.floor(windows / LINES));
  using train = compile(
    (weights: Weights, x: Tensor, y: Tensor) => trainOnWindows(weights, x, y, { lr, faulty }),
    { name: "plain", donate: [0] },
  );
  let weights = weightsOf(seed);
  for (let line = 0; line < LINES; line++) {
    const first = line * every;
    const starts = Array.from({ length: every }, (_, i) => (first + i) % count * LENGTH);
    const at = (offset: number) =>
      tensor(
        starts.map((start) => [...indices.subarray(start + offset, start + offset + LENGTH)]),
        {
          dtype: "i32",
        },
      );
    const [next, error, gradient] = await train(weights, at(0), at(1));
    weights = next;
    const [theirs, norm] = PRINTED[line];
    yield {
      kind: "rows",
      ...(line === 0 ? { head: NOTEBOOK } : {}),
      rows: [{
        what: formatCount(first + every).padStart(6),
        theirs: lineOf(theirs, norm),
        ours: lineOf(await error.item(), await gradient.item()),
      }],
    };
  }
  for (const weight of flattenTree(weights)) weight.dispose();
  yield say(
    `\n${Math.log(VOCABULARY).toFixed(4)} · ${LENGTH} = ${
      (Math.log(VOCABULARY) * LENGTH).toFixed(4)
    } is the error of saying that all ${VOCABULARY} symbols of the network are equally likely.`,
  );
  yield sayNext(
    `lesson plain --corpus ${quoted(corpus)}${faulty ? "" : " --faulty"}`,
    `recipe lesson6-plain --corpus ${quoted(corpus)}`,
  );
}

function lineOf(error: number, gradient: number): string {
  return `Error:${error.toFixed(4)}; Gradient:${gradient.toFixed(5)}`;
}

/** Weights of the network. */
interface Weights {
  /** f32[vocabulary, hidden] */
  readonly w_x: Tensor;
  /** f32[hidden, hidden] */
  readonly w_h: Tensor;
  /** f32[hidden, vocabulary] */
  readonly w_y: Tensor;
}

/** The weights as the notebook starts them, the output's scaled like the input's. */
function weightsOf(seed: number): Weights {
  const [forX, forY] = splitKey(randomKey(seed));
  const scale = Math.sqrt(2 / VOCABULARY);
  return {
    w_x: mul(randomNormal(forX, [VOCABULARY, HIDDEN]), scale),
    w_h: initialize("identity", forX, [HIDDEN, HIDDEN]),
    w_y: mul(randomNormal(forY, [HIDDEN, VOCABULARY]), scale),
  };
}

/**
 * Trains on windows one by one.
 *
 * The notebook changes the weights within a window, place by place, and so hands derivatives back through weights that
 * are a step of 1e-5 further on already; here they are changed after it.
 *
 * @param weights The weights.
 * @param x i32[windows, length]: what is read.
 * @param y i32[windows, length]: what comes next.
 * @param settings Learning rate, and whether to make the mistake.
 * @returns The weights afterwards, the mean loss, and the norm of the last derivative.
 */
export function trainOnWindows(
  weights: Weights,
  x: Tensor,
  y: Tensor,
  { lr, faulty }: { readonly lr: number; readonly faulty: boolean },
): [Weights, Tensor, Tensor] {
  const lossAndSlopes = valueAndGrad(loss);
  const [after, { losses, norms }] = scan(
    (weights: Weights, window: { readonly x: Tensor; readonly y: Tensor }) => {
      // Added to what units are made of, zeros change nothing, and have the derivative by that.
      const nothing = zeros([LENGTH, 1, HIDDEN]);
      const [[loss, states], slopes] = lossAndSlopes({ weights, nothing }, window.x, window.y);
      const w_h = faulty ? oneNumber(states, slopes.nothing) : slopes.weights.w_h;
      const next = mapTree(
        (weight, slope) => weight.sub(slope.mul(lr)),
        weights,
        { ...slopes.weights, w_h },
      );
      const first = slice(slopes.nothing, 0, 0, 1);
      return [next, { losses: loss, norms: sqrt(first.square().sum()) }];
    },
    weights,
    { x, y },
  );
  return [after, losses.mean(), reshape(slice(norms, 0, norms.shape[0] - 1, norms.shape[0]), [])];
}

/** What the network is changed by: its weights, and what is added to what its units are made of. */
interface Changed {
  readonly weights: Weights;
  /** f32[time, 1, hidden] */
  readonly nothing: Tensor;
}

/** Reads a window: the sum of the cross entropies, and the states f32[time, 1, hidden]. */
function loss(
  { weights: { w_x, w_h, w_y }, nothing }: Changed,
  x: Tensor,
  y: Tensor,
): [Tensor, Tensor] {
  const inputs = reshape(oneHot(x, VOCABULARY), [LENGTH, 1, VOCABULARY]);
  const [, states] = scan(
    (hidden: Tensor, { x, more }: { readonly x: Tensor; readonly more: Tensor }) => {
      const next = relu(x.matmul(w_x).add(hidden.matmul(w_h)).add(more));
      return [next, next];
    },
    zeros([1, HIDDEN]),
    { x: inputs, more: nothing },
  );
  const logits = reshape(states, [LENGTH, HIDDEN]).matmul(w_y);
  return [crossEntropy(logits, y).sum(), states];
}

/** The notebook's derivative of the weights from state to state: Σ h_{t−1} · δ_t, a number. */
function oneNumber(states: Tensor, slopes: Tensor): Tensor {
  const before = pad(slice(states, 0, 0, LENGTH - 1), 0, { before: 1 });
  return before.mul(slopes).sum();
}
