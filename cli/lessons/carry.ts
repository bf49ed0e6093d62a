/**
 * Why a network loses the carry: a state that must stand still.
 *
 * @module
 */

import { scan, sigmoid, type Tensor, tensor } from "@unroll/core";
import { type Lesson, type LessonPart, say, sayTable } from "./lesson.ts";

/** How steep each unit is. */
const GAINS: readonly number[] = [3, 5, 5.7, 8];
const PULL = 0.37;
const NINES = 60;
const SHOWN: readonly number[] = [0, 1, 2, 3, 5, 10, 15, 20, 25, 30, 40, 60];

/** The lesson on the carry. */
export const CARRY: Lesson = {
  summary: "The carry: why it is lost after so many nines, and when it is not",
  takes: [],
  give,
  async chart() {
    const all = await statesOf();
    return {
      title: `The carry by nines: ${
        GAINS.map((gain, i) => `gain ${gain} ${["blue", "orange", "green", "red"][i]}`).join(", ")
      }`,
      xLabel: "nines",
      series: GAINS.map((gain, i) => ({
        name: `gain ${gain}`,
        points: all.map((states, x) => ({ x, y: states[i] })),
      })),
    };
  },
};

async function* give(): AsyncGenerator<LessonPart> {
  yield say(
    "Learning to count with RNNs asks why the network fails when a number ends with more than about 25 " +
      "nines. One unit holds the carry, 1 at first. Through the nines it reads the same digit again and " +
      "again, so its state is put through the same function again and again, here with a pull down " +
      `of ${PULL}:\n\n  h = sigmoid(gain (h - 0.5) - ${PULL})    the carry is there while h is above 0.5`,
  );
  const all = await statesOf();
  yield sayTable([
    ["nines", ...GAINS.map((gain) => `gain ${gain}`)],
    ...SHOWN.map((nines) => [
      String(nines),
      ...all[nines].map((h) => `${h.toFixed(3)}${h > 0.5 ? "" : " lost"}`),
    ]),
  ]);
  const lost = GAINS.map((_, i) => all.findIndex((states) => states[i] <= 0.5));
  const words = GAINS.map((gain, i) =>
    `gain ${gain} ${lost[i] < 0 ? "keeps it" : `loses it after ${lost[i]} nines`}`
  );
  yield say(
    `${
      words.join(", ")
    }. A steep unit has a state near 1 that the function maps onto itself: there ` +
      "the carry stands still, for ever. A flat one has none, and the carry fades at once. Between " +
      "them it nearly stands still, creeps, and then falls: right in training, where runs of nines are " +
      "short, and wrong far beyond. Training goes no further than the runs it has seen: " +
      "deno task recipe count-rnn has such a network, and deno task recipe counting-1000, which is " +
      "trained on longer runs, one whose carry stands still.",
  );
}

/** The state of each unit after 0, 1, 2, … nines. */
async function statesOf(): Promise<number[][]> {
  const gain = tensor(GAINS);
  const [, states] = scan(
    (h: Tensor) => [sigmoid(h.sub(0.5).mul(gain).sub(PULL)), h],
    gain.mul(0).add(1),
    undefined,
    { length: NINES + 1 },
  );
  const numbers = [...await states.data()];
  return Array.from(
    { length: NINES + 1 },
    (_, nines) => numbers.slice(nines * GAINS.length, (nines + 1) * GAINS.length),
  );
}
