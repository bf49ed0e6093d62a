/**
 * Gradients that vanish, measured, and what gates do about it.
 *
 * @module
 */

import {
  foldIn,
  grad,
  randomKey,
  randomNormal,
  rebuildTree,
  type Tree,
  treeEntries,
} from "@unroll/core";
import type { Model, TaskSpec } from "@unroll/core/plugin";
import { globalNorm } from "@unroll/core/training";
import { lstm, rnn } from "@unroll/models";
import { type Lesson, type LessonChart, type LessonPart, say, sayTable } from "./lesson.ts";

/** How many steps back the gradient is looked at. */
const BACK: readonly number[] = [0, 1, 2, 5, 10, 20, 50];
const HIDDEN = 16;
const BATCH = 8;
/** Steps of the sequence, some more than are gone back. */
const LENGTH = 80;

const SPEC: TaskSpec = {
  inputs: { kind: "vector", size: 4 },
  outputs: { kind: "vector", size: 1, at: "last" },
  length: "variable",
  loss: { kind: "squared-error", reduction: "mean" },
  weighted: false,
  stateful: false,
};

/** A network whose gradient is measured. */
interface Measured {
  readonly name: string;
  readonly model: Model;
  /** What the weights from state to state are multiplied with. */
  readonly gain?: number;
}

const PLAIN: readonly Measured[] = [0.5, 0.9, 1.3].map((gain) => ({
  name: `rnn · ${gain}`,
  model: rnn({ hidden: HIDDEN }),
  gain,
}));

const GATED: readonly Measured[] = [
  { name: "rnn", model: rnn({ hidden: HIDDEN }), gain: 0.5 },
  ...[0, 1, 3].map((forgetBias) => ({
    name: `lstm, bias ${forgetBias}`,
    model: lstm({ hidden: HIDDEN, forgetBias }),
    gain: 0.5,
  })),
];

/** The lesson on gradients that vanish. */
export const VANISHING: Lesson = {
  summary: "Vanishing gradients, measured: the gradient's norm by steps back",
  takes: [],
  async *give(): AsyncGenerator<LessonPart> {
    yield say(
      `An RNN of ${HIDDEN} units before training, its weights from state to state a rotation times ` +
        `0.5, 0.9 or 1.3. How much does its answer hang on the state so many steps before? The norm of ` +
        "that gradient, as part of the norm at the last step:",
    );
    yield await tableOf(PLAIN);
    yield say(
      "With every step back the gradient goes through the same weights and through the slope of tanh, " +
        "which is at most 1. So it shrinks by about the same factor a step, and what lies 50 steps " +
        "back teaches next to nothing. At 1.3 the weights nearly make up for " +
        "what tanh takes; where they grow it faster, it explodes: deno task lesson clipping",
    );
  },
  chart: () =>
    chartOf(PLAIN, "Gradient by steps back: rotation times 0.5 blue, 0.9 orange, 1.3 green"),
};

/** The lesson on gates. */
export const GATES: Lesson = {
  summary: "Gates: the same gradient in an LSTM, by the bias of its forget gate",
  takes: [],
  async *give(): AsyncGenerator<LessonPart> {
    yield say(
      "An LSTM adds to its memory c, and multiplies it with a forget gate between 0 and 1, c = f c + " +
        "i g. Back through time the gradient of c is multiplied with f alone: no weights, and no tanh. " +
        "Where the gate is open, it comes through. The norm of the gradient by steps back, as part of " +
        "the norm at the last step, with gates whose bias starts at 0, 1 and 3:",
    );
    yield await tableOf(GATED);
    yield say(
      "sigmoid(0) = 0.5, sigmoid(1) = 0.73 and sigmoid(3) = 0.95: to the power of 20 that is 1e-6, " +
        "0.0019 and 0.38. The way along c is not the only one, since what is read and the state move the " +
        "gates too: so the table has not just these powers, but their order. A gate that starts open " +
        "remembers before it has learned what to forget.",
    );
  },
  chart: () =>
    chartOf(GATED, "Gradient by steps back: rnn blue, lstm by bias 0 orange, 1 green, 3 red"),
};

async function tableOf(networks: readonly Measured[]): Promise<LessonPart> {
  const norms = await Promise.all(networks.map(normsBack));
  return sayTable([
    ["steps back", ...networks.map(({ name }) => name)],
    ...BACK.map((back, i) => [String(back), ...norms.map((column) => shareText(column[i]))]),
  ]);
}

/** As many digits as are the same on every machine. */
function shareText(share: number): string {
  return share >= 0.001 ? share.toFixed(3) : share.toExponential(0);
}

async function chartOf(networks: readonly Measured[], title: string): Promise<LessonChart> {
  const norms = await Promise.all(networks.map(normsBack));
  return {
    title,
    xLabel: "steps back",
    logarithmic: true,
    series: networks.map(({ name }, network) => ({
      name,
      points: BACK.map((x, i) => ({ x, y: norms[network][i] })),
    })),
  };
}

/**
 * Measures how much the answer after a sequence hangs on the state so many steps before.
 *
 * @param network The network, untrained.
 * @returns The norm of the gradient by the state at each of {@linkcode BACK}, as part of the first.
 */
export async function normsBack({ model, gain = 1 }: Measured): Promise<number[]> {
  const instance = model.create(SPEC);
  const key = randomKey(1);
  const made = instance.parameters(key);
  const parameters = rebuildTree(
    made,
    treeEntries(made).map(([path, w]) => path.endsWith("weight_hh") ? w.mul(gain) : w),
  );
  const x = randomNormal(foldIn(key, 1), [LENGTH, BATCH, 4]).mul(0.5);
  const run = (state: Tree, from: number, to: number) =>
    instance.apply(parameters, x.slice(0, from, to), {
      length: to - from,
      batch: BATCH,
      state,
      training: false,
      key,
    });
  const start = instance.initialState(parameters, BATCH);
  const norms: number[] = [];
  for (const back of BACK) {
    // The state that the last step but so many goes on from.
    const from = LENGTH - 1 - back;
    const { state } = run(start, 0, from);
    const gradient = grad((state: Tree) => run(state, from, LENGTH).outputs.sum())(state);
    norms.push(await globalNorm(gradient).item());
  }
  return norms.map((norm) => norm / norms[0]);
}
