/**
 * The losses of a search for a learning rate.
 *
 * @module
 */

import type { LearningRateCurve } from "@unroll/core/training";
import { shortNumber } from "../format.ts";
import { roomFor } from "../reporting/rate_room.ts";
import { curveChart } from "./curves.ts";

/**
 * Draws the losses by the learning rate, on a logarithmic axis, with the rates that are suggested.
 *
 * @param curve What was found.
 * @returns An SVG as text.
 * @throws {RangeError} When there was no step.
 */
export function rateChart({ points, suggestions }: LearningRateCurve): string {
  const smoothed = points.map(({ learningRate, smoothed }) => ({ x: learningRate, y: smoothed }));
  const top = roomFor(points);
  const losses = points.map(({ learningRate, loss }) => ({ x: learningRate, y: loss }))
    .filter(({ y }) => y <= top);
  const at = (rate: number | undefined) => smoothed.filter(({ x }) => x === rate);
  const { valley, steepest } = suggestions;
  const said = [["valley", valley], ["steepest", steepest]]
    .flatMap(([name, rate]) => rate === undefined ? [] : [`${name} ${shortNumber(Number(rate))}`]);
  return curveChart([
    { name: "loss", points: losses },
    { name: "smoothed", points: smoothed.filter(({ y }) => y <= top), look: "dots" },
    { name: "steepest", points: at(steepest) },
    { name: "valley", points: at(valley) },
  ], {
    title: ["Loss by learning rate", ...said].join(", "),
    xLabel: "learning rate",
    logarithmicX: true,
  });
}
