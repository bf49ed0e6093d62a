/**
 * Livecoding a deep learning library (Joel Grus, 2017): XOR, and FizzBuzz from bits.
 *
 * @module
 */

import type { JsonRecord } from "@unroll/core/runs";
import type { Recipe, RecipeTraining } from "./recipe.ts";

/** Weights of N(0, 1), as his layers have. */
function model(layers: readonly number[]): JsonRecord {
  return { layers: [...layers], activation: "tanh", init: "normal", std: 1 };
}

const XOR_TRAINING: RecipeTraining = {
  epochs: 5000,
  optimizer: "sgd",
  lr: 0.01,
  schedule: "constant",
  clipNorm: 0,
  best: "loss",
};

/** The recipes of this write-up. */
export const JOEL_GRUS: Readonly<Record<string, Recipe>> = {
  "xor-linear": {
    summary: "XOR by one linear layer, which cannot learn it (Joel Grus, 2017)",
    model: "mlp",
    modelOptions: model([]),
    task: "xor",
    taskOptions: { loss: "squared-error" },
    training: XOR_TRAINING,
    expected: [{
      measure: "validation loss",
      value: 2,
      is: "near",
      tolerance: 0.01,
      source: "it says 0.5, 0.5 to all four cases: 8 squares of 0.5",
    }],
  },
  xor: {
    summary: "XOR by two layers with tanh between them (Joel Grus, 2017)",
    model: "mlp",
    modelOptions: model([2]),
    task: "xor",
    taskOptions: { loss: "squared-error" },
    training: XOR_TRAINING,
    expected: [{ measure: "error", value: 0, is: "at most", source: "learns it" }],
    note: "With 2 hidden units some random starts end in a local minimum: try another --seed",
  },
  "fizzbuzz-mlp": {
    summary: "FizzBuzz from the bits of a number by a network of 50 hidden units (Joel Grus, 2017)",
    model: "mlp",
    modelOptions: model([50]),
    task: "fizzbuzz",
    taskOptions: { encoding: "binary", batch: 32 },
    training: {
      epochs: 5000,
      optimizer: "sgd",
      lr: 0.001,
      schedule: "constant",
      clipNorm: 0,
      best: "error",
    },
    expected: [{
      measure: "metrics.error_1_to_100",
      value: 0,
      is: "near",
      tolerance: 0.05,
      source: "often all of 1..100 right after 5,000 epochs",
    }],
    note: "At --lr 0.01 it diverges, which training catches and explains",
  },
};
