/**
 * Activations by name: the functions that models put between their layers.
 *
 * @module
 */
import {
  exp,
  log,
  maximum,
  minimum,
  mul,
  relu,
  sigmoid,
  sub,
  tanh,
  type Tensor,
} from "@unroll/core";

/** Names of activations. */
export type ActivationName =
  | "tanh"
  | "relu"
  | "sigmoid"
  | "hard-sigmoid"
  | "leaky-relu"
  | "elu"
  | "softplus"
  | "silu"
  | "gelu"
  | "linear";

/** The names, the common ones first. */
export const ACTIVATION_NAMES: readonly [ActivationName, ...ActivationName[]] = [
  "tanh",
  "relu",
  "sigmoid",
  "hard-sigmoid",
  "leaky-relu",
  "elu",
  "softplus",
  "silu",
  "gelu",
  "linear",
];

/** √(2/π), of the usual approximation of the Gaussian error linear unit. */
const GELU_SCALE = Math.sqrt(2 / Math.PI);

const ACTIVATIONS: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  tanh,
  relu,
  sigmoid,
  // Of Keras: a straight line from −2.5 to 2.5.
  "hard-sigmoid": (x) => minimum(maximum(mul(x, 0.2).add(0.5), 0), 1),
  "leaky-relu": (x) => maximum(x, mul(x, 0.01)),
  // The exponential sees no positive numbers, so that it cannot overflow on the side not taken.
  elu: (x) => relu(x).add(sub(exp(minimum(x, 0)), 1)),
  // log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|)
  softplus: (x) => relu(x).add(log(exp(x.abs().neg()).add(1))),
  silu: (x) => x.mul(sigmoid(x)),
  // Hendrycks and Gimpel (2016), by tanh.
  gelu: (x) => x.mul(0.5).mul(tanh(x.add(x.mul(x).mul(x).mul(0.044715)).mul(GELU_SCALE)).add(1)),
  linear: (x) => x,
};

/**
 * Returns an activation by its name.
 *
 * @param name Its name.
 * @returns A function from a tensor to one of the same type.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { activation } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await activation("relu")(tensor([-1, 2])).data()], [0, 2]);
 * ```
 */
export function activation(name: ActivationName): (x: Tensor) => Tensor {
  return ACTIVATIONS[name];
}
