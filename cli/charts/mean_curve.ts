/**
 * Several curves as one: their mean, and the range that they lie in.
 *
 * @module
 */

import type { BandPoint, Point, Series } from "./curves.ts";

/** Places at most where the mean is taken. */
const PLACES = 300;

/**
 * Takes the mean of curves, which need no points at the same places.
 *
 * Between points a curve is straight. After its last point it keeps its value: a run that ended early is as good as it
 * was then. Before its first it counts for nothing.
 *
 * @param curves The curves, each from left to right.
 * @returns The mean and, of more than one, from the lowest to the highest.
 */
export function meanCurve(
  curves: readonly (readonly Point[])[],
): Required<Pick<Series, "points">> & Pick<Series, "band"> {
  const drawn = curves.map((points) => points.filter(({ y }) => Number.isFinite(y)))
    .filter((points) => points.length > 0);
  if (drawn.length <= 1) return { points: drawn[0] ?? [] };
  const places = [...new Set(drawn.flatMap((points) => points.map(({ x }) => x)))]
    .sort((a, b) => a - b);
  const every = Math.ceil(places.length / PLACES);
  const points: Point[] = [];
  const band: BandPoint[] = [];
  // The next point of each curve: places come in order.
  const next = drawn.map(() => 0);
  places.forEach((x, place) => {
    if (place % every !== 0 && place !== places.length - 1) return;
    const values = drawn.flatMap((curve, index) => {
      while (next[index] < curve.length && curve[next[index]].x < x) next[index]++;
      return valueAt(curve, next[index], x);
    });
    points.push({ x, y: values.reduce((sum, value) => sum + value, 0) / values.length });
    band.push({ x, low: Math.min(...values), high: Math.max(...values) });
  });
  return { points, band };
}

/** The value of a curve at a place, whose next point is known; nothing before the first. */
function valueAt(curve: readonly Point[], next: number, x: number): number[] {
  if (next === curve.length) return [curve[next - 1].y];
  const { x: right, y: high } = curve[next];
  if (right === x) return [high];
  if (next === 0) return [];
  const { x: left, y: low } = curve[next - 1];
  return [low + (high - low) * (x - left) / (right - left)];
}
