/**
 * What weights are before training. Each is a function from a key and a shape [inputs, outputs] to a
 * tensor.
 *
 * @module
 */
import {
  cast,
  concatenate,
  eq,
  iota,
  matmul,
  randomNormal,
  randomUniform,
  reshape,
  scan,
  type Shape,
  sizeOf,
  splitKey,
  type Tensor,
  where,
  zeros,
} from "@unroll/core";

/** Makes the weights of a matrix [inputs, outputs]. */
export type Initializer = (key: Tensor, shape: Shape) => Tensor;

/** The initializers that options name. */
export type InitializerName =
  | "glorot"
  | "he"
  | "identity"
  | "normal"
  | "orthogonal"
  | "uniform"
  | "zero";

/** Names of the initializers, for schemas. */
export const INITIALIZER_NAMES: readonly [InitializerName, ...InitializerName[]] = [
  "glorot",
  "he",
  "identity",
  "normal",
  "orthogonal",
  "uniform",
  "zero",
];

/** Normal numbers of a standard deviation. */
export function normal(scale: number): Initializer {
  return (key, shape) => randomNormal(key, shape).mul(scale);
}

/** Uniform between ± 1/√inputs, as PyTorch's linear layers start. */
export function uniform(): Initializer {
  return (key, shape) => {
    const limit = 1 / Math.sqrt(Math.max(1, fanIn(shape)));
    return randomUniform(key, shape, -limit, limit);
  };
}

/** Uniform between ± √(6 / (inputs + outputs)) (Glorot and Bengio, 2010). */
export function glorot(): Initializer {
  return (key, shape) => {
    const limit = Math.sqrt(6 / Math.max(1, fanIn(shape) + shape[shape.length - 1]));
    return randomUniform(key, shape, -limit, limit);
  };
}

/** Normal with standard deviation √(2 / inputs) (He et al., 2015). */
export function he(): Initializer {
  return (key, shape) => randomNormal(key, shape).mul(Math.sqrt(2 / Math.max(1, fanIn(shape))));
}

/** Zeros. */
export function zero(): Initializer {
  return (_, shape) => zeros(shape);
}

/** The identity matrix, ones on the diagonal where the matrix is not square (Le et al., 2015). */
export function identity(): Initializer {
  return (_, shape) => cast(eq(iota(shape, 0), iota(shape, 1)), "f32");
}

/**
 * A random matrix whose rows, or columns if they are fewer, are at right angles and of length 1 (Saxe et
 * al., 2014): rows of normal numbers, each made orthogonal to those before (Gram and Schmidt), twice
 * over for the sake of rounding. A matrix of several blocks side by side is orthogonal in each.
 */
export function orthogonal(): Initializer {
  return (key, [rows, columns]) => {
    if (rows > columns) return orthonormalRows(key, columns, rows).transpose();
    return orthonormalRows(key, rows, columns);
  };
}

function orthonormalRows(key: Tensor, rows: number, columns: number): Tensor {
  const place = iota([rows, columns], 0);
  const [{ basis }] = scan(
    ({ basis, row }, random) => {
      let v = reshape(random, [1, columns]);
      for (let again = 0; again < 2; again++) {
        v = v.sub(matmul(matmul(v, basis, { transposeY: true }), basis));
      }
      const unit = v.div(v.square().sum().sqrt());
      return [{ basis: where(place.eq(row), unit, basis), row: row.add(1) }, undefined];
    },
    { basis: zeros([rows, columns]), row: zeros([], "i32") },
    randomNormal(key, [rows, columns]),
  );
  return basis;
}

/**
 * The initializer of a name.
 *
 * @param name Which one.
 * @param scale Standard deviation of `normal`.
 */
export function initializer(name: InitializerName, scale = 0.1): Initializer {
  switch (name) {
    case "glorot":
      return glorot();
    case "he":
      return he();
    case "identity":
      return identity();
    case "normal":
      return normal(scale);
    case "orthogonal":
      return orthogonal();
    case "uniform":
      return uniform();
    case "zero":
      return zero();
  }
}

/** An initializer for several matrices side by side, each made by itself, such as those of gates. */
export function blocks(make: Initializer, count: number): Initializer {
  if (count === 1) return make;
  return (key, shape) => {
    const block = [...shape.slice(0, -1), shape[shape.length - 1] / count];
    return concatenate(splitKey(key, count).map((key) => make(key, block)), -1);
  };
}

function fanIn(shape: Shape): number {
  return sizeOf(shape.slice(0, -1));
}
