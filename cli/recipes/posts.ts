/**
 * The write-ups that recipes repeat: who wrote them, where they are, and in which order to walk through.
 *
 * @module
 */

/** A write-up. */
export interface Post {
  /** Its title. */
  readonly title: string;
  /** Who wrote it, and when. */
  readonly by: string;
  /** Where it is. */
  readonly address: string;
  /** What to run, in order. */
  readonly stops: readonly Stop[];
}

/** One thing to run of a write-up. */
export interface Stop {
  /** The recipe; a stop without one is another command. */
  readonly recipe?: string;
  /** The words of the command, where it is not `recipe` with the name alone; `last` is the newest run. */
  readonly words?: string;
  /** Whether it needs a text that is not built in. */
  readonly needsText?: boolean;
  /** Seconds that it takes, as {@linkcode MEASURED} says. */
  readonly seconds: number;
  /** What to look for. */
  readonly look: string;
}

/** What the seconds of stops are. */
export const MEASURED: string =
  "what one core of an Intel Xeon computes, with a BLAS where there is a text (deno task blas " +
  "recipe …); those of lesson 6 are reckoned from its first 300 steps";

/** The write-ups by name. */
export const POSTS: Readonly<Record<string, Post>> = {
  "theano-fizzbuzz": {
    title: "FizzBuzz in Theano, or, Backpropaganda Through Time",
    by: "Shawn Tan, 2016",
    address: "https://blog.wtf.sg/2016/05/30/fizzbuzz-in-theano-or-backpropaganda-through-time/",
    stops: [
      {
        recipe: "theano-fizzbuzz",
        seconds: 2.3,
        look: "the 20 lines of error and loss, then the hidden states: which unit ticks every 3?",
      },
      {
        words: "inspect last --unit 2",
        seconds: 1,
        look: "the words, darker where one unit is on",
      },
      {
        words: "limits last",
        seconds: 1,
        look: "how far it counts, which bits of a number cannot tell",
      },
      {
        words: "recipe theano-fizzbuzz --seeds 0..9",
        seconds: 14,
        look: "success that is not guaranteed: how many of ten starts get there",
      },
      {
        words: "recipe theano-fizzbuzz --hidden 4 --seeds 0..9",
        seconds: 14,
        look: "whether 4 units are enough, as the post thinks at its end",
      },
    ],
  },
  counting: {
    title: "Learning to count with RNNs",
    by: "Gaurav Gupta, 2017",
    address: "https://gv22ga.github.io/2017/07/19/learning-to-count-with-RNNs.html",
    stops: [
      {
        recipe: "count-100",
        seconds: 1.7,
        look: "what follows 100, of which it was shown nothing",
      },
      {
        recipe: "count-rnn",
        seconds: 1.7,
        look: "100 % after a few epochs, and then the nine at which the carry is lost",
      },
      { recipe: "count-lstm", seconds: 2.5, look: "the same by an LSTM: is it any better?" },
      {
        words: "predict last --input 1476233999",
        seconds: 1,
        look: "the number of the post",
      },
      {
        recipe: "counting-1000",
        seconds: 3.1,
        look: "what the post was in search of: carries through 1,000 nines",
      },
    ],
  },
  "min-char-rnn": {
    title: "Minimal character-level RNN, min-char-rnn.py, which the class notebook runs",
    by: "Andrej Karpathy, 2015",
    address: "https://gist.github.com/karpathy/d4dee566867f8291f086",
    stops: [
      { recipe: "sevenths", seconds: 1.4, look: "samples turn from noise into 142857" },
      { recipe: "fizzbuzz-text", seconds: 1.4, look: "the loss rises before it falls" },
      {
        recipe: "alice",
        needsText: true,
        seconds: 23,
        look: "how slow a book is, after 700 pieces of it",
      },
    ],
  },
  lesson6: {
    title: "Practical Deep Learning for Coders, lesson 6",
    by: "fast.ai, 2016–17",
    address: "https://github.com/fastai/courses/blob/master/deeplearning1/nbs/lesson6.ipynb",
    stops: [
      {
        recipe: "lesson6-3char",
        needsText: true,
        seconds: 63,
        look: "what follows phi, th and an",
      },
      {
        recipe: "lesson6-8char",
        needsText: true,
        seconds: 141,
        look: "8 characters and the identity to start with",
      },
      {
        recipe: "lesson6-rnn",
        needsText: true,
        seconds: 59,
        look: "the same as one layer, 102,258 parameters",
      },
      {
        recipe: "lesson6-returning",
        needsText: true,
        seconds: 135,
        look: "an answer after every character, by hand: the loss falls from place to place",
      },
      {
        recipe: "lesson6-sequence",
        needsText: true,
        seconds: 90,
        look: "an answer after every character",
      },
      {
        recipe: "lesson6-onehot",
        needsText: true,
        seconds: 146,
        look: "the same without an embedding",
      },
      {
        recipe: "lesson6-stateful-lstm",
        needsText: true,
        seconds: 692,
        look: "a state that is carried on",
      },
      {
        recipe: "lesson6-irnn-sgd",
        needsText: true,
        seconds: 170,
        look: "raw Theano: one window at a time",
      },
      {
        recipe: "lesson6-plain",
        needsText: true,
        seconds: 3,
        look: "plain Python, and its derivative",
      },
      { recipe: "lesson6-gru", needsText: true, seconds: 195, look: "a GRU of rectified units" },
      { recipe: "lesson6-gru-sgd", needsText: true, seconds: 88, look: "a GRU in raw Theano" },
    ],
  },
  "joel-grus": {
    title: "Livecoding Madness: Let's Build a Deep Learning Library",
    by: "Joel Grus, 2017",
    address: "https://www.youtube.com/watch?v=o64FV-ez6Gw",
    stops: [
      { recipe: "xor-linear", seconds: 0.7, look: "one linear layer says 0.5, 0.5 four times" },
      { recipe: "xor", seconds: 0.6, look: "two layers with tanh between them learn it" },
      {
        recipe: "fizzbuzz-mlp-diverges",
        seconds: 0.6,
        look: "the loss of each step, up to where it is no number any more",
      },
      { recipe: "fizzbuzz-mlp", seconds: 4.2, look: "1..100, predicted by the bits" },
    ],
  },
};

/**
 * Finds the write-up that a recipe is of.
 *
 * @param recipe The recipe's name.
 * @returns The write-up; `undefined` for recipes of nobody's.
 *
 * @example Usage
 * ```ts
 * import { postOf } from "@unroll/cli/recipes";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(postOf("xor")?.by, "Joel Grus, 2017");
 * ```
 */
export function postOf(recipe: string): Post | undefined {
  return Object.values(POSTS).find(({ stops }) => stops.some((stop) => stop.recipe === recipe));
}
