/**
 * Beyond the write-ups: what these networks can do with settings of today.
 *
 * @module
 */

import type { Recipe } from "./recipe.ts";
import { TEXTS } from "./texts.ts";

const SHAKESPEARE = "Tiny Shakespeare, a text of 1,115,394 characters by the name of input.txt " +
  "or tinyshakespeare.txt, in the data of Karpathy's char-rnn and nanoGPT";

const SHAKESPEARE_NOTE =
  "As many steps as fit where large products go to OpenBLAS, with --allow-ffi. " +
  "Without, it takes about 1.7 times as long. With dropout of 0.25 and 1,800 steps it comes to 1.484 " +
  "in half the time; one layer of 512 units without dropout to 1.569 after 1,000 steps, where it has " +
  "begun to learn the text by heart (1.29 on what it trains on)";

/** The recipes of nobody's write-up. */
export const BEYOND: Readonly<Record<string, Recipe>> = {
  "counting-1000": {
    summary: "Counting learned on 30 digits and exact on 1,000, carries through 1,000 nines too",
    model: "rnn",
    modelOptions: {},
    task: "counting",
    taskOptions: {},
    training: {},
    measure: async (moment) => (await import("./counting_walk.ts")).trainingAccuracy(moment),
    walk: async (run) =>
      (await import("./counting_walk.ts")).countingWalk(run, [
        ...((run.task.options as { readonly carries?: number } | undefined)?.carries === 0 ? [] : [{
          what: "see the same network without the carries in training",
          words: "recipe counting-1000 --carries 0",
        }]),
        { what: "see how many of ten starts do it", words: "recipe counting-1000 --seeds 0..9" },
      ]),
    expected: [
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
    text: TEXTS.shakespeare,
    expected: [{
      measure: "validation loss",
      value: 1.88,
      is: "at most",
      source: "a transformer on a CPU in about 3 minutes (nanoGPT)",
    }],
    walk: async (run) => {
      const { textWalk, writeOn } = await import("./text_walk.ts");
      return await textWalk(run, (name) => [
        writeOn(run, "ROMEO:"),
        { what: "see what its units stand for", words: `inspect ${name}` },
        { what: "see how much of the text before helps it", words: `limits ${name}` },
      ]);
    },
  },
  "shakespeare-15": {
    summary: "Shakespeare as well as a recurrent network learns it in about 15 minutes on 2 cores",
    model: "gru",
    modelOptions: { hidden: 384, layers: 2, dropout: 0.35, outputDropout: 0.35 },
    task: "char",
    taskOptions: { mode: "contiguous", length: 64, batch: 64, validation: 0.1 },
    training: {
      steps: 3400,
      lr: 0.003,
      schedule: "cosine",
      warmup: 100,
      clipNorm: 1,
      validateEvery: 250,
      best: "loss",
    },
    corpus: SHAKESPEARE,
    text: TEXTS.shakespeare,
    expected: [{
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
    walk: async (run) => {
      const { textWalk, writeOn } = await import("./text_walk.ts");
      return await textWalk(run, (name) => [
        writeOn(run, "ROMEO:"),
        { what: "see how much of the text before helps it", words: `limits ${name}` },
      ]);
    },
    note: SHAKESPEARE_NOTE,
  },
};
