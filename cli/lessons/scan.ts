/**
 * That `scan` of + is the running sum, as in lesson 6 of fast.ai's first course, and what its derivative is.
 *
 * @module
 */

import { grad, scan, type Tensor, tensor, zeros } from "@unroll/core";
import { type Lesson, type LessonPart, NOTEBOOK, numbersRow, say } from "./lesson.ts";

/** What the notebook printed. */
const PRINTED: readonly number[] = [0, 1, 3, 6, 10];

/** The lesson on `scan`. */
export const SCAN: Lesson = {
  summary: "The loop over time: scan of + is the running sum",
  takes: [],
  give,
};

async function* give(): AsyncGenerator<LessonPart> {
  const numbers = PRINTED.map((_, i) => i);
  yield say(
    'fast.ai, lesson 6, "Pure python RNN": scan calls a function with what it gave last and the next ' +
      "of a sequence. With + it gives running sums; with a network's step, an RNN.\n\n" +
      "  notebook  scan(lambda prev, curr: prev+curr, 0, range(5))\n" +
      "  here      scan((sum, x) => [sum.add(x), sum.add(x)], zeros([]), numbers)",
  );
  const sums = await runningSums(tensor(numbers)).data();
  yield { kind: "rows", head: NOTEBOOK, rows: [numbersRow("scan of +", PRINTED, sums, 0)] };
  yield say(
    "\nIts derivative is another scan, from the last to the first: back-propagation through time. " +
      "Each number is in the running sum of its own place and of all that follow:",
  );
  const slopes = await grad((x: Tensor) => runningSums(x).sum())(tensor(numbers)).data();
  yield {
    kind: "rows",
    head: ["by counting", "by grad"],
    rows: [
      numbersRow(
        "derivative of the sum of all sums",
        numbers.map((_, i) => numbers.length - i),
        slopes,
        0,
      ),
    ],
  };
  yield say("\nNext: deno task lesson data");
}

/** Sums a sequence from its start to each of its places. */
export function runningSums(x: Tensor): Tensor {
  return scan((sum: Tensor, x: Tensor) => [sum.add(x), sum.add(x)], zeros([]), x)[1];
}
