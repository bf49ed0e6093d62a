/**
 * The hidden state, in a network of one unit: the carry of adding 1 to a binary number.
 *
 * @module
 */

import { scan, sigmoid, type Tensor, tensor } from "@unroll/core";
import { type Lesson, type LessonPart, say, sayTable } from "./lesson.ts";

// What 1 is added to, the last digit first, and a zero in front.
const ENDING: readonly number[] = [1, 0, 1, 0, 1, 1, 1, 1, 0];
const CARRIED: readonly number[] = [1, 1, 1, 1, 0, 1, 0, 1, 0];

/** The lesson on the state. */
export const STATE: Lesson = {
  summary: "The hidden state: one unit that remembers the carry",
  takes: [],
  give,
  async chart() {
    const curve = async (digits: readonly number[]) => ({
      name: binary(digits),
      points: [1, ...await statesOf(digits)].map((y, x) => ({ x, y })),
    });
    return {
      title: `The state after each digit: blue of ${binary(CARRIED)}, orange of ${binary(ENDING)}`,
      xLabel: "digits read",
      series: [await curve(CARRIED), await curve(ENDING)],
    };
  },
};

async function* give(): AsyncGenerator<LessonPart> {
  yield say(
    "A network of one unit adds 1 to a binary number. It reads a digit x at a time, the last one " +
      "first, and hands one number on to its next step, the state h:\n\n" +
      "  h = sigmoid(20 (x + h - 1.5))    from h = 1, the 1 that is added",
  );
  for (const digits of [CARRIED, ENDING]) {
    const states = await statesOf(digits);
    yield say(`\n${binary(digits)} + 1:`);
    const before = [1, ...states];
    const answers = digits.map((x, t) => Number((x === 1) !== (before[t] > 0.5)));
    yield sayTable([
      ["step", ...digits.map((_, t) => String(t + 1))],
      ["reads x", ...digits.map(String)],
      ["state before", ...digits.map((_, t) => before[t].toFixed(2))],
      ["state after", ...states.map((h) => h.toFixed(2))],
      ["says", ...answers.map(String)],
    ], [0]);
    yield say(`That is ${binary(answers)}.`);
  }
  yield say(
    "\nAt step 2 it reads 1 in the one number and 0 in the other, and is in another state from there " +
      "on. At step 3 it reads 1 in both, and says 0 to the one and 1 to the other: all that it knows of " +
      "what it has read is in h.",
  );
}

/** The state after each digit. */
async function statesOf(digits: readonly number[]): Promise<number[]> {
  const [, states] = scan(
    (h: Tensor, x: Tensor) => {
      const next = sigmoid(x.add(h).sub(1.5).mul(20));
      return [next, next];
    },
    tensor(1),
    tensor(digits),
  );
  return [...await states.data()];
}

/** Digits as they are written, by fours. */
function binary(digits: readonly number[]): string {
  return digits.slice(0, 8).toReversed().join("").replace(/(.{4})(.{4})/, "$1 $2");
}
