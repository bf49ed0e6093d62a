/**
 * Clipping, at the wall of a loss: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks"
 * (2013).
 *
 * @module
 */

import { grad, scan, type Tensor, tensor } from "@unroll/core";
import { clipByNorm } from "@unroll/core/training";
import { type Lesson, type LessonPart, say, sayTable } from "./lesson.ts";

const LENGTH = 50;
const START = 1.15;
const TARGET = 2;
const RATE = 5e-5;
const CLIP = 200;
const STEPS = 16;
/** Steps that the table has. */
const SHOWN: readonly number[] = [0, 1, 2, 5, 10, 12, 13, 14, 15, 16];

/** A step of training. */
interface Moment {
  readonly w: number;
  readonly loss: number;
  readonly norm: number;
}

/** The lesson on clipping. */
export const CLIPPING: Lesson = {
  summary: "Clipping: down the wall of a loss with and without",
  takes: [],
  give,
  async chart() {
    const clipped = await descend(CLIP);
    return {
      title: `The loss, clipped to ${CLIP}; without, it is no number after one step`,
      xLabel: "step",
      logarithmic: true,
      series: [{ name: "clipped", points: clipped.map(({ loss }, x) => ({ x, y: loss })) }],
    };
  },
};

async function* give(): AsyncGenerator<LessonPart> {
  yield say(
    `h = w h, ${LENGTH} times from 1: that is w to the power of ${LENGTH}, and the loss is its squared ` +
      `distance from ${TARGET}. Gradient descent from w = ${START}, at a learning rate of ${RATE}, ` +
      `without clipping and with the gradient's norm clipped to ${CLIP}:`,
  );
  const [free, clipped] = [await descend(0), await descend(CLIP)];
  yield sayTable([
    ["step", "w", "loss", "gradient", "w clipped", "loss", "gradient"],
    ...SHOWN.map((step) => [String(step), ...cells(free[step]), ...cells(clipped[step])]),
  ]);
  yield say(
    `The loss has a wall there: its slope is ${
      free[0].norm.toExponential(0)
    }. One step down it, and ` +
      "w is so far off that the next gradient is no number any more. Clipped, the direction is the same, " +
      `and a step is at most ${RATE * CLIP} long: w comes down the wall, and then on to ` +
      `${
        (TARGET ** (1 / LENGTH)).toFixed(4)
      }, the root, where gradients are smaller than ${CLIP} and ` +
      "are left as they are.",
  );
}

function cells({ w, loss, norm }: Moment): string[] {
  return [w, loss, norm].map((value) =>
    !Number.isFinite(value)
      ? "no number"
      : Math.abs(value) >= 10_000 || (value !== 0 && Math.abs(value) < 0.001)
      ? value.toExponential(1)
      : value.toFixed(3)
  );
}

/** Goes down the gradient, clipped to a norm where that is not 0. */
export async function descend(clip: number): Promise<Moment[]> {
  const loss = (w: Tensor) => {
    const [last] = scan((h: Tensor) => [h.mul(w), undefined], tensor(1), undefined, {
      length: LENGTH,
    });
    return last.sub(TARGET).square();
  };
  const [, moments] = scan(
    (w: Tensor) => {
      const gradient = grad(loss)(w);
      const step = clip > 0 ? clipByNorm({ w: gradient }, clip).w : gradient;
      return [w.sub(step.mul(RATE)), { w, loss: loss(w), norm: gradient.abs() }];
    },
    tensor(START),
    undefined,
    { length: STEPS + 1 },
  );
  const [w, losses, norms] = await Promise.all(
    [moments.w, moments.loss, moments.norm].map((values) => values.data()),
  );
  return Array.from(w, (w, i) => ({ w, loss: losses[i], norm: norms[i] }));
}
