/**
 * The recipes: settings whose result is known.
 *
 * @module
 */

import type { Recipe } from "./world.ts";

/** The recipes by name. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  "theano-fizzbuzz": {
    summary: "An RNN of 5 units that counts by itself and says FizzBuzz (Shawn Tan, 2016)",
    model: "rnn",
    modelOptions: {
      hidden: 5,
      activation: "sigmoid",
      initialState: "learned",
      recurrentInit: "normal",
      outputInit: "zeros",
      std: 0.1,
    },
    task: "fizzbuzz",
    taskOptions: { encoding: "none", last: 300 },
    training: {
      steps: 200_000,
      optimizer: "adam",
      lr: 0.001,
      schedule: "constant",
      l2: 1e-4,
      validateEvery: 10_000,
      best: "loss",
    },
    known:
      "zero errors on length 301 for 46 of 64 random starts (PyTorch), half of them by step 55,000",
  },
  "fizzbuzz-mlp": {
    summary: "FizzBuzz from the bits of a number by a network of 50 hidden units (Joel Grus, 2017)",
    model: "mlp",
    modelOptions: { layers: [50], activation: "tanh" },
    task: "fizzbuzz",
    taskOptions: { encoding: "binary" },
    training: { steps: 145_000, optimizer: "sgd", lr: 0.001, schedule: "constant" },
    known: "often all of 1..100 right after 5,000 epochs",
  },
};
