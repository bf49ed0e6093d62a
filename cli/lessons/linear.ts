/**
 * The linear regressor of "Learning to count with RNNs": y = a · x + b also goes from n to n + 1.
 *
 * @module
 */

import { grad, iota, meanSquaredError, scan, type Tensor, tensor, zeros } from "@unroll/core";
import { formatCount } from "../format.ts";
import { type Lesson, type LessonPart, say, textRow } from "./lesson.ts";

/** Numbers that it learns from, 1 to this, and the unit in which it is told them. */
const LAST = 100;
const STEPS = 600;
const RATE = 0.7;

/** The lesson on the linear regressor. */
export const LINEAR: Lesson = {
  summary: "Counting by y = a · x + b, which needs no network",
  takes: [],
  give,
};

async function* give(): AsyncGenerator<LessonPart> {
  yield say(
    'Learning to count with RNNs: "This problem can be very easily solved using a simple linear ' +
      'regressor y = a*x + b put a=1 and b=1 and its done!" Here a and b start at 0 and are found by ' +
      `${STEPS} steps down the gradient of the squared error, on 1 to ${LAST}:`,
  );
  const { a, b } = await fitLine();
  const asked = [1, 100, 101, 999, 123_456, 1_476_233_999];
  const answers = await tensor(asked).mul(a).add(b).data();
  yield {
    kind: "rows",
    head: ["the post", "here"],
    rows: [
      textRow("a", "1.0000", a.toFixed(4)),
      textRow("b", "1.0000", b.toFixed(4)),
      ...asked.map((n, i) =>
        textRow(`after ${formatCount(n)}`, formatCount(n + 1), formatCount(answers[i]))
      ),
    ],
  };
  yield say(
    "\nIt goes on past all that it was shown, and needs two weights for it. It ends where numbers of " +
      "32 bits end, after 7 digits or so, because it takes a number as one amount. A network that reads " +
      "digits has no such end: deno task recipe count-rnn",
  );
}

/**
 * Fits a line to n → n + 1 by steps down the gradient.
 *
 * @returns Its slope and its height at 0.
 */
export async function fitLine(): Promise<{ readonly a: number; readonly b: number }> {
  // In hundreds, so that one rate suits the slope and the height.
  const x = iota([LAST], 0, "f32").add(1).div(LAST);
  const y = x.add(1 / LAST);
  const error = ({ a, b }: Line) => meanSquaredError(x.mul(a).add(b), y);
  const [{ a, b }] = scan(
    (line: Line) => {
      const slopes = grad(error)(line);
      return [{
        a: line.a.sub(slopes.a.mul(RATE)),
        b: line.b.sub(slopes.b.mul(RATE)),
      }, undefined];
    },
    { a: zeros([]), b: zeros([]) },
    undefined,
    { length: STEPS },
  );
  return { a: await a.item(), b: await b.mul(LAST).item() };
}

interface Line {
  readonly a: Tensor;
  readonly b: Tensor;
}
