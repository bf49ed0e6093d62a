/**
 * Unrolling and back-propagation through time, on a network of one number.
 *
 * @module
 */

import { grad, scan, type Tensor, tensor } from "@unroll/core";
import { type Lesson, type LessonPart, numbersRow, say, sayTable } from "./lesson.ts";

/** What it reads. */
const INPUTS: readonly number[] = [1, 0, 2, 0, 0, 1];
const WEIGHT = 0.5;
/** What the last state is to be. */
const TARGET = 2;

/** The lesson on back-propagation through time. */
export const UNROLLING: Lesson = {
  summary: "Unrolling and back-propagation through time, by hand and by grad",
  takes: [],
  give,
  chart() {
    const { deltas, parts } = byHand(WEIGHT);
    const points = (values: readonly number[]) => values.map((y, i) => ({ x: i + 1, y }));
    return Promise.resolve({
      title: "Back through time: blue how the loss hangs on each state, orange what w gets",
      xLabel: "step",
      series: [
        { name: "delta", points: points(deltas) },
        { name: "for w", points: points(parts) },
      ],
    });
  },
};

async function* give(): AsyncGenerator<LessonPart> {
  const { states, deltas, parts, total } = byHand(WEIGHT);
  yield say(
    "A network of one number and one weight, h = w h + x, reads " +
      `${
        INPUTS.join(" ")
      }. The loss is (h - ${TARGET})² after the last step, and w is ${WEIGHT}. ` +
      "Unrolled, it is a chain of as many layers as there are steps, all with the same w. Forward " +
      "goes from the top of the table to the bottom; back from the bottom to the top, where each " +
      "delta is w times the one below it. w has a share in every step, delta times the state before:",
  );
  yield sayTable([
    ["step", "x", "h", "delta", "delta · h before"],
    ...INPUTS.map((x, i) => [
      String(i + 1),
      String(x),
      states[i].toFixed(5),
      deltas[i].toFixed(5),
      parts[i].toFixed(5),
    ]),
    ["", "", "", "sum", total.toFixed(5)],
  ]);
  const slope = await grad(lossOf)(tensor(WEIGHT)).item();
  const small = 1e-6;
  const [above, below] = [WEIGHT + small, WEIGHT - small].map((w) => byHand(w).loss);
  yield {
    kind: "rows",
    head: ["by hand", "here"],
    rows: [
      numbersRow("derivative of the loss by w, grad of scan", [total], [slope], 5),
      numbersRow("w moved a little up and down", [total], [(above - below) / (2 * small)], 5),
    ],
  };
}

/** The loss, by the loop that is part of the language. */
function lossOf(w: Tensor): Tensor {
  const [last] = scan(
    (h: Tensor, x: Tensor) => [h.mul(w).add(x), undefined],
    tensor(0),
    tensor(INPUTS),
  );
  return last.sub(TARGET).square();
}

/** Both ways, in plain numbers. */
function byHand(w: number) {
  const states: number[] = [];
  for (const x of INPUTS) states.push(w * (states.at(-1) ?? 0) + x);
  const last = states[states.length - 1];
  const deltas = [2 * (last - TARGET)];
  while (deltas.length < INPUTS.length) deltas.unshift(w * deltas[0]);
  const parts = deltas.map((delta, i) => delta * (states[i - 1] ?? 0));
  const total = parts.reduce((sum, part) => sum + part, 0);
  return { states, deltas, parts, total, loss: (last - TARGET) ** 2 };
}
