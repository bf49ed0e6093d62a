/**
 * Livecoding a deep learning library (Joel Grus, 2017): XOR, and FizzBuzz from bits.
 *
 * @module
 */

import type { JsonRecord } from "@unroll/core/runs";
import type { Recipe, RecipeTraining } from "./recipe.ts";
import { SEEDS } from "./seeds.ts";

/** Weights and biases of N(0, 1), as his layers have. */
function model(layers: readonly number[]): JsonRecord {
  return { layers: [...layers], activation: "tanh", init: "normal", biasInit: "normal", std: 1 };
}

const XOR_TRAINING: RecipeTraining = {
  epochs: 5000,
  optimizer: "sgd",
  lr: 0.01,
  schedule: "constant",
  clipNorm: 0,
  best: "loss",
  // All 5,000 epochs, however good it is before.
  stopAtLoss: 0,
};

const MLP_TRAINING: RecipeTraining = {
  epochs: 5000,
  optimizer: "sgd",
  lr: 0.001,
  schedule: "constant",
  clipNorm: 0,
  best: "error",
};

/** Batches of 32 of the numbers from 101 to 1,023. */
const STEPS_PER_EPOCH = 29;

const walks = () => import("./joel_grus_walk.ts");

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
    walk: async (run) =>
      (await walks()).xorWalk(run, [{ what: "give it a hidden layer", words: "recipe xor" }]),
  },
  xor: {
    summary: "XOR by two layers with tanh between them (Joel Grus, 2017)",
    model: "mlp",
    modelOptions: model([2]),
    task: "xor",
    taskOptions: { loss: "squared-error" },
    training: XOR_TRAINING,
    ...SEEDS.xor,
    expected: [{ measure: "error", value: 0, is: "near", tolerance: 0.1, source: "learns it" }],
    walk: async (run) =>
      (await walks()).xorWalk(run, [{
        what: "go on to something exciting",
        words: "recipe fizzbuzz-mlp",
      }, {
        what: "see how many of ten starts get there",
        words: "recipe xor --seeds 0..9",
      }]),
  },
  "fizzbuzz-mlp": {
    summary: "FizzBuzz from the bits of a number by a network of 50 hidden units (Joel Grus, 2017)",
    model: "mlp",
    modelOptions: model([50]),
    task: "fizzbuzz",
    taskOptions: { encoding: "binary", batch: 32 },
    training: MLP_TRAINING,
    ...SEEDS["fizzbuzz-mlp"],
    expected: [{
      measure: "metrics.error_1_to_100",
      value: 0,
      is: "near",
      tolerance: 0.005,
      source:
        '"occasionally it gets all of them right", and in the video it does, after 5,000 epochs',
    }],
    walk: async (run) => (await walks()).fizzbuzzMlpWalk(run),
  },
  "fizzbuzz-mlp-diverges": {
    summary:
      "The same at a rate of 0.01, which blows up: that is the known result (Joel Grus, 2017)",
    model: "mlp",
    modelOptions: model([50]),
    task: "fizzbuzz",
    taskOptions: { encoding: "binary", batch: 32 },
    training: { ...MLP_TRAINING, epochs: 50, lr: 0.01, validateEvery: 1 },
    expected: [{
      measure: "divergence",
      value: 50 * STEPS_PER_EPOCH,
      is: "at most",
      source: "the losses of 50 epochs are huge, then huger, then not a number",
    }],
    measure: async (moment) => (await walks()).measureAnswers(moment),
    walk: async (run) => (await walks()).divergedWalk(run, run.divergedAt),
  },
};
