/**
 * Learning to count with RNNs (2017): n → n + 1, digit by digit, least significant first.
 *
 * @module
 */

import type { JsonRecord } from "@unroll/core/runs";
import type { ExpectedResult, Recipe, RecipeTraining } from "./recipe.ts";
import { SEEDS } from "./seeds.ts";
import type { NextCommand } from "./walk.ts";

// Numbers as they come, and carries through 1, 2, 4, … nines of 64 to see where the carry is lost.
const TASK: JsonRecord = {
  base: 10,
  digits: 10,
  length: 10 + 1,
  training: 9000,
  validation: 1000,
  carries: 0,
  testDigits: 64,
  batch: 16,
};

// TensorFlow's Adagrad starts its sums at 0.1, which is the same as adding 0.1 inside the root.
const TRAINING: RecipeTraining = {
  epochs: 4,
  optimizer: "adagrad",
  optimizerSettings: { epsilon: 0.1 },
  lr: 1,
  schedule: "constant",
  clipNorm: 0,
  best: "error",
};

// Adagrad at 1 drives attention into a corner where it learns nothing.
const ADAM: RecipeTraining = {
  epochs: 4,
  optimizer: "adam",
  lr: 0.01,
  schedule: "cosine",
  clipNorm: 1,
  best: "error",
};

const KNOWN: readonly ExpectedResult[] = [
  {
    measure: "error",
    value: 0,
    is: "at most",
    source: "100 % on training and validation numbers after 3 to 4 epochs",
  },
  {
    measure: "metrics.longest_carry",
    value: 16,
    is: "at least",
    source: "right for numbers of 20 digits",
  },
  {
    measure: "metrics.longest_carry",
    value: 31,
    is: "at most",
    source: "wrong after about 25 nines (16, 32 and 64 are tried here)",
  },
];

/** Ends with what the post was in search of, after the other network of the post. */
function walk(other: NextCommand): Recipe["walk"] {
  return async (run) =>
    (await import("./counting_walk.ts")).countingWalk(run, [other, {
      what: "see what the post was in search of, right through 1,000 nines",
      words: "recipe counting-1000",
    }]);
}

const measure: Recipe["measure"] = async (moment) =>
  (await import("./counting_walk.ts")).trainingAccuracy(moment);

/** The recipes of the post's own networks. */
const NETWORKS: Readonly<Record<string, Recipe>> = {
  "count-100": {
    summary: "Trained on 1 to 100 alone, and then asked for 101, 102, … (Learning to count, 2017)",
    model: "rnn",
    modelOptions: { hidden: 16, activation: "tanh", initialState: "zero" },
    task: "counting",
    taskOptions: { ...TASK, digits: 2, length: 3, testDigits: 4 },
    training: { ...TRAINING, epochs: 200 },
    expected: [
      {
        measure: "metrics.digit_accuracy",
        value: 0.7,
        is: "at least",
        source: "it learns something of what it is shown",
      },
      {
        measure: "metrics.test_accuracy",
        value: 0.5,
        is: "at most",
        source: "100 examples are too few to go on with 101, 102, 103",
      },
    ],
    measure,
    walk: walk({
      what: "give it 9,000 numbers of up to 10 digits, as the post does then",
      words: "recipe count-rnn",
    }),
    // Right to 100, which it was shown, and wrong from 101 on.
    seed: 1,
    note: "The post has no figures of this",
  },
  "count-rnn": {
    summary: "A simple RNN that adds 1 to numbers of 10 digits (Learning to count with RNNs, 2017)",
    model: "rnn",
    modelOptions: { hidden: 16, activation: "tanh", initialState: "zero" },
    task: "counting",
    taskOptions: TASK,
    training: TRAINING,
    expected: KNOWN,
    ...SEEDS["count-rnn"],
    measure,
    walk: walk({
      what: "let an LSTM try, which the post found to be similar",
      words: "recipe count-lstm",
    }),
    note:
      "The write-up does not say how many hidden units and what batches it had: here 16 and 16. Its " +
      "weights start otherwise, those of the output between 0 and 1 and those of the cell as Glorot's, " +
      "which is --output-init unit-uniform --input-init uniform --recurrent-init uniform --std 0.218: " +
      "of seeds 0 to 11, 3 come out as known either way",
  },
  "count-lstm": {
    summary: "The same by an LSTM (Learning to count with RNNs, 2017)",
    model: "lstm",
    modelOptions: { hidden: 16, initialState: "zero" },
    task: "counting",
    taskOptions: TASK,
    training: TRAINING,
    expected: KNOWN,
    ...SEEDS["count-lstm"],
    measure,
    walk: walk({ what: "see the simple RNN do the same", words: "recipe count-rnn" }),
    note:
      "The write-up says of LSTMs only that they give similar results, not how large they were. " +
      "Among 9,000 random numbers hardly one carries through more than 4 nines, and what an LSTM does " +
      "beyond is left to chance: with 16 units 1 of 10 starts carries through 16 nines, with 32 units 2, " +
      "with 64 none of 4, with 128 1 of 4; of simple RNNs with 16 units 7 of 10",
  },
};

/** A network with a stack, which the post hoped for. */
const STACK: Recipe = {
  summary: "A network with a stack that carries through many more nines (Joulin & Mikolov, 2015)",
  model: "stack-rnn",
  modelOptions: { hidden: 16 },
  task: "counting",
  taskOptions: TASK,
  training: { ...ADAM, lr: 0.02 },
  expected: [
    {
      measure: "error",
      value: 0,
      is: "at most",
      source: "asked of it, numbers of 10 digits that it was never shown",
    },
    {
      measure: "metrics.longest_carry",
      value: 64,
      is: "at least",
      source: "asked of it, what the post was in search of",
    },
  ],
  ...SEEDS["count-stack"],
  measure,
  walk: walk({ what: "see attention at the same", words: "recipe count-attention" }),
  note:
    "No one has written of this network at this task; it is here as the external memory of which " +
    "the post hopes that it keeps the carry",
};

const ATTENTION: Recipe = {
  summary: "Attention to what was read, beside all others that count (Learning to count, 2017)",
  model: "attention",
  modelOptions: { hidden: 16, attention: "content" },
  task: "counting",
  taskOptions: TASK,
  training: ADAM,
  expected: [
    {
      measure: "metrics.digit_accuracy",
      value: 0.99,
      is: "at least",
      source: "works good for sequences in the training length",
    },
    {
      measure: "metrics.longest_carry",
      value: 31,
      is: "at most",
      source: "fails thereafter, and suffers from the same carry problem",
    },
  ],
  ...SEEDS["count-attention"],
  measure,
  walk: async (run) =>
    (await import("./attention_walk.ts")).attentionWalk(run, [
      {
        name: "location",
        recipe: { ...ATTENTION, modelOptions: { hidden: 16, attention: "location" } },
        seed: run.seed,
      },
      { name: "rnn", recipe: NETWORKS["count-rnn"] },
      { name: "lstm", recipe: NETWORKS["count-lstm"] },
      { name: "stack-rnn", recipe: STACK },
    ]),
  note:
    "The post says neither how its attention was made nor how it was trained: here one network " +
    "attends to its own last 64 states, as Luong et al. (2015) do. The others are trained as in " +
    "their own recipes",
};

/** The recipes of this write-up. */
export const DIGIT_RNN: Readonly<Record<string, Recipe>> = {
  ...NETWORKS,
  "count-attention": ATTENTION,
  "count-stack": STACK,
};
