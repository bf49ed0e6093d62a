/**
 * Weights before training. They are written in tensors and drawn from keys, so that the same key
 * gives the same weights everywhere.
 *
 * @module
 */
import {
  add,
  cast,
  concatenate,
  eq,
  iota,
  matmul,
  mul,
  randomNormal,
  randomUniform,
  reshape,
  scan,
  split,
  splitKey,
  sqrt,
  stack,
  sub,
  sum,
  type Tensor,
  transpose,
  zeros,
} from "@unroll/core";

/** Names of initializers. */
export type InitializerName =
  | "glorot-uniform"
  | "glorot-normal"
  | "he"
  | "orthogonal"
  | "identity"
  | "normal"
  | "uniform"
  | "unit-uniform"
  | "zeros";

/** The names. */
export const INITIALIZER_NAMES: readonly [InitializerName, ...InitializerName[]] = [
  "glorot-uniform",
  "glorot-normal",
  "he",
  "orthogonal",
  "identity",
  "normal",
  "uniform",
  "unit-uniform",
  "zeros",
];

/** What the initializers are told beside the shape. */
export interface InitializerOptions {
  /** Standard deviation for `normal` and `uniform`; the others follow from the shape. 0.1 if left out. */
  readonly std?: number;
}

/**
 * Makes a matrix of weights, to be multiplied from the right: `x · W`.
 *
 * - `glorot-uniform`, `glorot-normal`: variance 2 / (rows + columns); Glorot and Bengio (2010);
 * - `he`: normal of variance 2 / rows; He et al. (2015);
 * - `orthogonal`: orthonormal rows or columns, whichever are fewer; Saxe et al. (2014);
 * - `identity`: ones on the diagonal; Le, Jaitly and Hinton (2015);
 * - `normal`, `uniform`: mean 0 and the given standard deviation;
 * - `unit-uniform`: from 0 to 1, as NumPy's `rand` has it;
 * - `zeros`.
 *
 * @param name Which.
 * @param key A key, u32[2].
 * @param shape Rows (what goes in) and columns (what comes out).
 * @param options The standard deviation.
 * @returns f32[rows, columns]
 *
 * @example Usage
 * ```ts
 * import { randomKey } from "@unroll/core";
 * import { initialize } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await initialize("identity", randomKey(0), [2, 2]).data()], [1, 0, 0, 1]);
 * ```
 */
export function initialize(
  name: InitializerName,
  key: Tensor,
  shape: readonly [number, number],
  options: InitializerOptions = {},
): Tensor {
  const { std = 0.1 } = options;
  const [rows, columns] = shape;
  const normal = (std: number) => mul(randomNormal(key, shape), std);
  const uniform = (std: number) => randomUniform(key, shape, -std * SQRT3, std * SQRT3);
  switch (name) {
    case "glorot-uniform":
      return uniform(Math.sqrt(2 / (rows + columns)));
    case "glorot-normal":
      return normal(Math.sqrt(2 / (rows + columns)));
    case "he":
      return normal(Math.sqrt(2 / rows));
    case "orthogonal":
      return orthogonal([key], shape)[0];
    case "identity":
      return identity(rows, columns);
    case "normal":
      return normal(std);
    case "uniform":
      return uniform(std);
    case "unit-uniform":
      return randomUniform(key, shape);
    case "zeros":
      return zeros(shape);
  }
}

/** A uniform distribution from −a to a has standard deviation a / √3. */
const SQRT3 = Math.sqrt(3);

/** Ones on the diagonal, f32[rows, columns]. */
function identity(rows: number, columns: number): Tensor {
  return cast(eq(iota([rows, columns], 0), iota([rows, columns], 1)), "f32");
}

/** Random orthonormal rows or columns, whichever are fewer: f32[rows, columns] for each key. */
function orthogonal(keys: readonly Tensor[], [rows, columns]: readonly [number, number]): Tensor[] {
  if (keys.length === 0) return [];
  const vectors = orthonormalVectors(keys, Math.min(rows, columns), Math.max(rows, columns));
  const parts = split(vectors, keys.map(() => 1), 0);
  return parts.map((part) => {
    const own = reshape(part, vectors.shape.slice(1));
    return rows <= columns ? own : transpose(own);
  });
}

/** Sets of as many vectors are made in blocks; smaller ones keep the bits that they always had. */
const MANY = 512;

/** Most vectors in a block: few, as those of a block are made one by one. */
const BLOCK = 32;

/**
 * Random orthonormal vectors, f32[keys, count, length], no more than their length: the Gram–Schmidt
 * process on normal numbers, which gives every such set the same chance. The sets of all keys are made
 * in one loop, which is one program to compile.
 *
 * Many vectors are made in blocks, because a product of matrices reads what is known once a block and
 * not once a vector (Stewart, 2008).
 */
function orthonormalVectors(keys: readonly Tensor[], count: number, length: number): Tensor {
  const sets = keys.length;
  const draws = stack(keys.map((key) => randomNormal(key, [count, length])), 1);
  let size = BLOCK;
  while (count % size !== 0) size--;
  if (count < MANY || size === 1) return gramSchmidt(draws);
  const blocks = count / size;
  const [orthonormal] = scan(
    (known: Tensor, { draw, place }: { readonly draw: Tensor; readonly place: Tensor }) => {
      const flat = reshape(known, [sets, count, length]);
      let block = transpose(draw, [1, 0, 2]);
      for (let pass = 0; pass < 2; pass++) {
        const rest = sub(block, matmul(matmul(block, flat, { transposeY: true }), flat));
        block = gramSchmidt(transpose(rest, [1, 0, 2]));
      }
      const own = reshape(block, [sets, 1, size, length]);
      return [add(known, mul(reshape(place, [blocks, 1, 1]), own)), undefined];
    },
    zeros([sets, blocks, size, length]),
    { draw: reshape(draws, [blocks, size, sets, length]), place: identity(blocks, blocks) },
  );
  return reshape(orthonormal, [sets, count, length]);
}

/**
 * Makes vectors, f32[count, sets, length], orthonormal, f32[sets, count, length], one by one. Each projection is done
 * twice, which is enough (Giraud, Langou and Rozložník, 2005).
 */
function gramSchmidt(draws: Tensor): Tensor {
  const [count, sets, length] = draws.shape;
  const [orthonormal] = scan(
    (known: Tensor, { draw, place }: { readonly draw: Tensor; readonly place: Tensor }) => {
      let rest = reshape(draw, [sets, 1, length]);
      for (let pass = 0; pass < 2; pass++) {
        rest = sub(rest, matmul(matmul(rest, known, { transposeY: true }), known));
      }
      const unit = rest.div(sqrt(sum(rest.square(), 2, { keepDims: true })));
      return [add(known, mul(reshape(place, [count, 1]), unit)), undefined];
    },
    // Those to come are still zero.
    zeros([sets, count, length]),
    { draw: draws, place: identity(count, count) },
  );
  return orthonormal;
}

/**
 * Makes matrices of one shape side by side, each from its own key: f32[rows, count · columns].
 *
 * @example Usage
 * ```ts
 * import { randomKey } from "@unroll/core";
 * import { initializeBlocks } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const blocks = initializeBlocks(["identity", "zeros"], randomKey(0), [2, 2]);
 * deepStrictEqual([...await blocks.data()], [1, 0, 0, 0, 0, 1, 0, 0]);
 * ```
 */
export function initializeBlocks(
  names: readonly InitializerName[],
  key: Tensor,
  shape: readonly [number, number],
  options: InitializerOptions = {},
): Tensor {
  const keys = splitKey(key, names.length);
  const together = orthogonal(keys.filter((_, i) => names[i] === "orthogonal"), shape);
  const blocks = names.map((name, i) =>
    name === "orthogonal" ? together.shift() as Tensor : initialize(name, keys[i], shape, options)
  );
  return concatenate(blocks, 1);
}
