/**
 * Arithmetic with sets of vectors, for the verifier: what comes out holds all that float32 can come to.
 * Of float32 it is taken that sums are rounded once an addition or less, in any order, and that tanh
 * and sigmoid are as near as core/README.md says. README.md beside this file has the argument.
 *
 * @module
 */

import type { Weights } from "./network.ts";

/** Half a unit in the last place of float32. */
const UNIT = 2 ** -24;
/** More than float64 loses here of a sum of up to 4,000 terms, relatively. */
const SLACK = 1e-12;
/** Below the normal numbers of float32 errors are absolute. */
const TINY = 2 ** -126;
/** Sums of terms that are together smaller do not leave float32 in any order, nor two such sums and their rounding. */
const LARGE = 2 ** 126;
/** Functions, how steep they are at most, over what σ(v) = ½ + ½ tanh(v / 2) is wider, and their errors in ULP. */
const FUNCTIONS = {
  tanh: { f: Math.tanh, steepest: 1, wide: 1, ulps: 3 },
  sigmoid: { f: (v: number) => 1 / (1 + Math.exp(-v)), steepest: 0.25, wide: 2, ulps: 4 },
};

/** The vectors `c + S · u + e` with |u| ≤ 1 and |e_j| ≤ box_j. */
export interface Enclosure {
  /** For each component c_j, and then the row j of S; all are of one length. */
  readonly rows: readonly (readonly number[])[];
  readonly box: readonly number[];
}

/** How long the vector after the first number is, rounded up. */
export function spreadOf(row: readonly number[]): number {
  let sum = 0;
  for (let i = 1; i < row.length; i++) sum += row[i] * row[i];
  return Math.sqrt(sum) * (1 + SLACK);
}

const radius = ({ rows, box }: Enclosure, j: number) => spreadOf(rows[j]) + box[j];
const size = (x: Enclosure, j: number) => Math.abs(x.rows[j][0]) + radius(x, j);

/** A number that nothing moves. */
const rowOf = (value: number, width: number) => [value, ...Array<number>(width - 1).fill(0)];

/** Encloses one vector, in rows of so many numbers. */
export function point(values: ArrayLike<number>, width: number): Enclosure {
  const rows = Array.from(values, (value) => rowOf(value, width));
  return { rows, box: rows.map(() => 0) };
}

/** Puts vectors one behind the other. */
export function join(parts: readonly Enclosure[]): Enclosure {
  return { rows: parts.flatMap(({ rows }) => rows), box: parts.flatMap(({ box }) => box) };
}

/** Components from one to before another. */
export function slice({ rows, box }: Enclosure, from: number, to: number): Enclosure {
  return { rows: rows.slice(from, to), box: box.slice(from, to) };
}

/** `x · weight + bias`, of so many columns from `first` on, as a part of a sum of so many `terms`. */
export function linear(
  x: Enclosure,
  { weight, columns, bias }: Weights,
  width: number,
  part: { readonly first?: number; readonly count?: number; readonly terms?: number } = {},
): Enclosure {
  const { first = 0, count = columns, terms = x.rows.length + 2 } = part;
  const rows = Array.from({ length: count }, (_, j) => rowOf(bias?.[first + j] ?? 0, width));
  const magnitudes = rows.map((row) => Math.abs(row[0]));
  const box = magnitudes.map(() => 0);
  for (const [k, other] of x.rows.entries()) {
    const [large, wide] = [size(x, k), x.box[k]];
    if (large === 0) continue; // 0 adds nothing, as weights are finite.
    for (let j = 0; j < count; j++) {
      const w = weight[k * columns + first + j];
      box[j] += Math.abs(w) * wide;
      magnitudes[j] += Math.abs(w) * large;
      for (let i = 0; i < width; i++) rows[j][i] += w * other[i];
    }
  }
  const rounding = terms * UNIT * 1.001 + SLACK;
  const errors = magnitudes.map((m) => m < LARGE ? m * rounding + terms * TINY : NaN);
  return { rows, box: box.map((b, j) => b + errors[j]) };
}

/** x + sign · y */
export function add(x: Enclosure, y: Enclosure, sign = 1): Enclosure {
  return {
    rows: x.rows.map((row, j) => row.map((value, i) => value + sign * y.rows[j][i])),
    box: x.box.map((box, j) => box + y.box[j] + (size(x, j) + size(y, j)) * (UNIT + SLACK)),
  };
}

/** The products of components: what is not linear is in the box. */
export function multiply(x: Enclosure, y: Enclosure): Enclosure {
  return {
    rows: x.rows.map((row, j) =>
      row.map((v, i) => v * y.rows[j][0] + (i > 0 ? row[0] * y.rows[j][i] : 0))
    ),
    box: x.box.map((box, j) =>
      Math.abs(x.rows[j][0]) * y.box[j] + Math.abs(y.rows[j][0]) * box +
      radius(x, j) * radius(y, j) + size(x, j) * size(y, j) * (UNIT + SLACK) +
      (size(x, j) * size(y, j) < LARGE ? TINY : NaN)
    ),
  };
}

/** A line in place of the function, and how far it is from it at most between the ends. */
export function activate(x: Enclosure, name: keyof typeof FUNCTIONS): Enclosure {
  const { f, steepest, wide, ulps } = FUNCTIONS[name];
  return join(x.rows.map((row, j) => {
    const reach = radius(x, j) + Math.abs(row[0]) * SLACK;
    const [low, high] = [row[0] - reach, row[0] + reach];
    const chord = reach > 1e-6
      ? (f(high) - f(low)) / (high - low)
      : steepest * (1 - Math.tanh(row[0] / wide) ** 2);
    const slope = Math.min(steepest, Math.max(0, chord));
    // Where the function is as steep as the line, and so farthest from it.
    const turn = wide * Math.atanh(Math.sqrt(1 - slope / steepest));
    const places = [low, high, ...[turn, -turn].filter((v) => v > low && v < high)];
    const apart = places.map((v) => f(v) - slope * v);
    const [least, most] = [Math.min(...apart), Math.max(...apart)];
    const next = row.map((value) => slope * value);
    next[0] += (least + most) / 2;
    const rounding = Math.max(Math.abs(f(low)), Math.abs(f(high))) * ulps * 2 * UNIT + TINY;
    const slack = SLACK * (1 + Math.abs(low) + Math.abs(high));
    return { rows: [next], box: [slope * x.box[j] + (most - least) / 2 + rounding + slack] };
  }));
}

/** Rounds to −1, 0 or 1: all that it can come to, `undefined` if that is too much. */
export function snap(x: Enclosure): Enclosure[] | undefined {
  let all: number[][] = [[]];
  for (const [j, [centre]] of x.rows.entries()) {
    const [low, high] = [-1, 1].map((sign) => {
      const end = centre + sign * radius(x, j);
      const whole = Math.floor(end + 0.5 + sign * (Math.abs(end) + 1) * 2 * UNIT);
      return Math.max(-1, Math.min(1, whole));
    });
    if (!(high - low <= 1) || all.length > 64) return undefined;
    all = all.flatMap((start) => [...new Set([low, high])].map((whole) => [...start, whole]));
  }
  return all.map((values) => point(values, x.rows[0].length));
}

/** Σ of an ellipsoid `c + Σ^½ · u` around an enclosure: of the spread's and the box's, with the sum of least trace. */
export function ellipsoidAround({ rows, box }: Enclosure): Float64Array[] {
  const spread = rows.reduce((sum, row) => sum + spreadOf(row) ** 2, 0);
  const boxes = rows.length * box.reduce((sum, b) => sum + b * b, 0);
  const p = Math.min(1e9, Math.max(1e-9, Math.sqrt(boxes / spread)));
  const shape = gram(rows).map((row) => row.map((value) => value * (1 + p)));
  const wide = (1 + 1 / p) * rows.length;
  // More than rounding took.
  shape.forEach((row, i) => row[i] = (row[i] + wide * box[i] ** 2) * (1 + 1e-8));
  return shape;
}

/** S · Sᵀ of rows whose first number is a centre. */
export function gram(rows: Enclosure["rows"]): Float64Array[] {
  return rows.map((a) =>
    Float64Array.from(rows, (b) => a.reduce((sum, v, k) => k > 0 ? sum + v * b[k] : sum, 0))
  );
}

type Square = readonly Float64Array[];

/** Cholesky's factor, a lower triangle; `undefined` if the matrix is not positive definite. */
export function cholesky(square: Square): Float64Array[] | undefined {
  const root = square.map(() => new Float64Array(square.length));
  for (const [i, row] of root.entries()) {
    for (let j = 0; j <= i; j++) {
      let sum = square[i][j];
      for (let k = 0; k < j; k++) sum -= row[k] * root[j][k];
      if (i > j) row[j] = sum / root[j][j];
      else if (sum > 0 && sum < Infinity) row[i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return root;
}

/**
 * Proves that one ellipsoid lies in another, `shift` from it: where Σ − (1 + p) Σ′ − (1 + 1/p) shift · shiftᵀ is
 * positive definite for some p, no direction leads out.
 */
export function contains(outer: Square, inner: Square, shift: readonly number[]): boolean {
  const apart = (p: number) =>
    outer.map((row, i) =>
      row.map((value, j) =>
        value * (i === j ? 1 - 1e-9 : 1) - (1 + p) * inner[i][j] - (1 + 1 / p) * shift[i] * shift[j]
      )
    );
  return [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3].some((p) => cholesky(apart(p)) !== undefined);
}
