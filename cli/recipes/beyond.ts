/**
 * Beyond the write-ups: what these networks can do with settings of today.
 *
 * @module
 */

import type { Recipe } from "./recipe.ts";

const SHAKESPEARE = "Tiny Shakespeare, a text of 1,115,394 characters by the name of input.txt " +
  "or tinyshakespeare.txt, in the data of Karpathy's char-rnn and nanoGPT";

const SHAKESPEARE_NOTE =
  "As many steps as fit where large products go to OpenBLAS: deno task blas recipe shakespeare-15. " +
  "Without, it takes about 1.7 times as long. Tried in 1,000 steps: one layer of 512 units without " +
  "dropout comes to 1.896, 1.659 and 1.569 nats after 250, 500 and 1,000, where it has begun to " +
  "learn the text by heart (1.29 on what it trains on); this one has 1.834 and 1.642 after 250 and 500";

/** The recipes of nobody's write-up. */
export const BEYOND: Readonly<Record<string, Recipe>> = {
  "counting-1000": {
    summary: "Counting learned on 30 digits and exact on 1,000, carries through 1,000 nines too",
    model: "rnn",
    modelOptions: {},
    task: "counting",
    taskOptions: {},
    training: {},
    known: [
      { measure: "error", value: 0, is: "at most", source: "asked of it, for 9 of 10 seeds" },
      {
        measure: "metrics.test_accuracy",
        value: 1,
        is: "at least",
        source: "asked of it, numbers of 1,000 digits",
      },
      {
        measure: "metrics.longest_carry",
        value: 1000,
        is: "at least",
        source: "asked of it, nines carried through",
      },
    ],
  },
  shakespeare: {
    summary: "Shakespeare by a recurrent network, well within 3 minutes on 2 cores",
    model: "gru",
    modelOptions: { hidden: 256 },
    task: "char",
    taskOptions: { mode: "contiguous", length: 64, batch: 32, validation: 0.1 },
    training: {
      steps: 600,
      lr: 0.01,
      schedule: "cosine",
      warmup: 50,
      clipNorm: 1,
      validateEvery: 300,
      best: "loss",
    },
    corpus: SHAKESPEARE,
    known: [{
      measure: "validation loss",
      value: 1.88,
      is: "at most",
      source: "a transformer on a CPU in about 3 minutes (nanoGPT)",
    }],
  },
  "shakespeare-15": {
    summary: "Shakespeare as well as a recurrent network learns it in about 15 minutes on 2 cores",
    model: "gru",
    modelOptions: { hidden: 384, layers: 2, dropout: 0.25, outputDropout: 0.25 },
    task: "char",
    taskOptions: { mode: "contiguous", length: 64, batch: 64, validation: 0.1 },
    training: {
      steps: 1800,
      lr: 0.003,
      schedule: "cosine",
      warmup: 100,
      clipNorm: 1,
      validateEvery: 250,
      best: "loss",
    },
    corpus: SHAKESPEARE,
    known: [{
      measure: "validation loss",
      value: 1.55,
      is: "at most",
      source: "minLSTM and minGRU as published, on a GPU",
    }, {
      measure: "validation loss",
      value: 1.47,
      is: "at most",
      source: "a transformer of 10.7 million weights, 3 minutes on an A100 GPU (nanoGPT)",
    }],
    note: SHAKESPEARE_NOTE,
  },
};
