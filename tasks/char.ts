/**
 * Text, character by character: what comes next?
 *
 * @module
 */
import {
  argmaxAt,
  defineTask,
  type Model,
  type OptionsSchema,
  type Task,
  type TaskInstance,
  type TaskPlugin,
  type TaskSpec,
  type TrainingDefaults,
} from "@unroll/core/plugin";
import * as z from "zod/mini";
import { Alphabet, charactersOf, splitText } from "./alphabet.ts";
import { batchAnnotations } from "./char_annotations.ts";
import { type CharBatches, charBatches } from "./char_batches.ts";
import { measureText } from "./char_measure.ts";
import { surprisePicture } from "./char_pictures.ts";
import { charBreakdown, charProbes } from "./char_probes.ts";
import { CharSampler } from "./char_sample.ts";
import { absoluteName, isBuiltInCorpus, openCorpus, UNKNOWN_TEXT } from "./corpus_files.ts";
import { withoutLicence } from "./gutenberg.ts";

/** Options of {@linkcode char}. */
export interface CharOptions {
  /** The text: a built-in one by name, a path, a pattern of paths, or `-` for standard input. */
  readonly corpus: string;
  /**
   * Through the text with the state carried on, windows of it in random order, or windows as they lie
   * in it, side by side in a batch, with the state of each carried to the one a batch further on.
   */
  readonly mode: "contiguous" | "windows" | "interleaved";
  /** Characters read at a time: how far training looks back. */
  readonly length: number;
  /** Sequences in a batch; if left out, up to 64, as the text allows. */
  readonly batch?: number;
  /** Characters from the start of a window to that of the next; if left out, `length`. */
  readonly stride?: number;
  /** Whether windows are read in random order, or in that of the text. */
  readonly shuffle: boolean;
  /** Fraction of the text, at its end, that is not trained on; 0 to measure on what is trained on. */
  readonly validation: number;
  /** Whether to predict what comes after every character read, or only after the last. */
  readonly outputs: "every" | "last";
  /** Whether the loss is the mean over the characters, or their sum. */
  readonly loss: "mean" | "sum";
  /** Whether symbol 0 is for padding, and no character's. */
  readonly padding: boolean;
  /** Whether characters that are not in the training text are read as one unknown symbol. */
  readonly unknown: boolean;
  /** How many symbols a model reads and answers; if left out, as many as there are. */
  readonly vocabulary?: number;
  /** Whether the licence that Project Gutenberg puts before and after a text is part of it. */
  readonly licence: boolean;
  /** The characters in the order of their symbols; if left out, those of the training text. */
  readonly alphabet?: string;
  /** The SHA-256 that a text from outside must have, by which a run knows its text again. */
  readonly sha256?: string;
  /** How many bytes that text is: a run knows it, and no file of another size is opened for it. */
  readonly bytes?: number;
}

/** The text where none is named. */
const DEFAULT_CORPUS = "sevenths";

/** The schema of {@linkcode CharOptions}. */
const OPTIONS: OptionsSchema<CharOptions> = /* @__PURE__ */ (() =>
  z.object({
    corpus: z._default(z.string().check(z.minLength(1)), DEFAULT_CORPUS).check(
      z.describe(
        "The text: sevenths, fizzbuzz-text, a file, files as a pattern in quotes, or - for standard input",
      ),
    ),
    mode: z._default(z.enum(["contiguous", "windows", "interleaved"]), "contiguous").check(
      z.describe(
        "Through the text with the state carried on, pieces each on its own, or pieces with a carried state",
      ),
    ),
    length: z._default(z.int().check(z.minimum(1), z.maximum(4096)), 32).check(
      z.describe("Characters read at a time"),
    ),
    batch: z.optional(z.int().check(z.minimum(1), z.maximum(65_536))).check(
      z.describe("Sequences in a batch; if left out up to 64, as the text allows"),
    ),
    stride: z.optional(z.int().check(z.minimum(1), z.maximum(1_000_000))).check(
      z.describe(
        "Characters from one window to the next; if left out as many as are read at a time",
      ),
    ),
    shuffle: z._default(z.boolean(), true).check(
      z.describe("Read windows in random order"),
    ),
    validation: z._default(z.number().check(z.minimum(0), z.maximum(0.9)), 0.1).check(
      z.describe(
        "Fraction of the text, at its end, to measure on; 0 measures on the training text",
      ),
    ),
    outputs: z._default(z.enum(["every", "last"]), "every").check(
      z.describe("Whether to predict after every character, or only after the last"),
    ),
    loss: z._default(z.enum(["mean", "sum"]), "mean").check(
      z.describe("Mean or sum over the characters"),
    ),
    padding: z._default(z.boolean(), false).check(z.describe("Reserve symbol 0 for padding")),
    unknown: z._default(z.boolean(), false).check(
      z.describe("Read characters that are not in the training text as one unknown symbol"),
    ),
    vocabulary: z.optional(z.int().check(z.minimum(1), z.maximum(1_200_000))).check(
      z.describe("Symbols that a model reads and answers; if left out as many as there are"),
    ),
    licence: z._default(z.boolean(), true).check(
      z.describe("Keep Project Gutenberg's licence before and after a text"),
    ),
    alphabet: z.optional(z.string().check(z.minLength(1))).check(
      z.describe(
        "The characters in the order of their symbols; if left out those of the training text",
      ),
    ),
    sha256: z.optional(
      z.string().check(z.regex(new RegExp(`^([0-9a-f]{64}|${UNKNOWN_TEXT})$`))),
    ).check(z.describe("The SHA-256 that the text must have, in hexadecimal digits")),
    bytes: z.optional(z.int().check(z.minimum(1))).check(
      z.describe("How many bytes the text must be"),
    ),
  }))();

/**
 * Text, character by character (Unicode code points).
 *
 * What a run keeps of a text is its path, its SHA-256 and its alphabet: with those a model can be sampled from where the
 * text is not at hand, and the text is read again only to train and to measure. A file that a run names is only read for it
 * if it is the very text.
 */
export const char: TaskPlugin<CharOptions> = /* @__PURE__ */ defineTask({
  name: "char",
  summary: "Predict the next character of a text",
  options: OPTIONS,
  create: (options) => createChar(options, textOutside(options)),
  restore(kept, typed) {
    const { sha256, bytes, ...rest } = kept;
    if (typed.corpus !== undefined) return { ...rest, ...typed };
    if (isBuiltInCorpus(String(kept.corpus ?? DEFAULT_CORPUS))) return { ...rest, ...typed };
    const isKnown = sha256 !== undefined && bytes !== undefined;
    return isKnown ? { ...kept, ...typed } : { ...rest, sha256: UNKNOWN_TEXT, ...typed };
  },
});

/** A text, read when it is wanted. */
interface TextSource {
  /** Reads it. */
  read(): string;
  /** What a run keeps to find it again. */
  kept(): Pick<CharOptions, "corpus" | "sha256" | "bytes">;
}

function textOutside({ corpus, sha256, bytes, licence }: CharOptions): TextSource {
  let kept = { corpus: absoluteName(corpus), sha256, bytes };
  return {
    read() {
      const { text, ...found } = openCorpus(corpus, sha256, bytes);
      kept = { corpus: found.name, sha256: found.sha256, bytes: found.bytes };
      return licence ? text : withoutLicence(text);
    },
    kept: () => kept,
  };
}

/**
 * Makes the task {@linkcode char} on a text that the program has, and not a file.
 *
 * @param text The text.
 * @param options Options of the task; `corpus` names the text for people, `text` if left out.
 * @returns The task. Made again from options that a run kept, it can be sampled from, not trained.
 * @throws {RangeError} If an option has a value that it cannot have.
 *
 * @example A task on a text
 * ```ts
 * import { charOf } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * const { spec } = await charOf("to be or not to be, ".repeat(20)).create();
 * strictEqual(spec.inputs.kind === "symbol" && spec.inputs.vocabulary, 8);
 * ```
 */
export function charOf(text: string, options: Partial<CharOptions> = {}): Task {
  const { plugin, options: all } = char({ corpus: "text", ...options });
  return {
    plugin,
    options: all,
    create: async () =>
      await createChar(all as CharOptions, {
        read: () => text,
        kept: () => ({ corpus: (all as CharOptions).corpus }),
      }),
  };
}

/** A text as training sees it. Each part is read when it is asked for: what is measured need not do to train on. */
interface Corpus {
  /** What is trained on. */
  training(): Int32Array;
  /** What is measured on, and in how many streams, if that matters. */
  measured(): { readonly text: Int32Array; readonly streams?: number };
  /** What is trained on, in batches. */
  batches(): CharBatches;
}

function corpusOf(read: () => string, alphabet: Alphabet, options: CharOptions): Corpus {
  const parts = once(() => splitText(read(), options.validation));
  const training = once(() => alphabet.encode(parts()[0], "the training text"));
  const held = once(() => alphabet.encode(parts()[1], "the validation text"));
  const batches = once(() => charBatches(training(), options));
  return {
    training,
    batches,
    measured: once(() => {
      // One character predicts nothing.
      if (held().length > 1) return { text: held() };
      const text = training();
      if (text.length < 2) {
        throw new RangeError(
          `Cannot measure on ${options.corpus}: at least 2 characters are needed, found ${text.length}`,
        );
      }
      // As it was trained on, unless it is another text that is too short for that.
      try {
        return { text, streams: batches().size };
      } catch {
        return { text };
      }
    }),
  };
}

/** Calls a function when its value is first asked for. */
function once<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => made ??= make();
}

function createChar(options: CharOptions, source: TextSource): TaskInstance {
  const { read } = source;
  // With an alphabet at hand the text is read when something wants it, and maybe never.
  let text = options.alphabet === undefined ? read() : undefined;
  const characters = options.alphabet ??
    charactersOf(splitText(text as string, options.validation)[0]);
  const alphabet = new Alphabet(characters, options);
  const vocabulary = options.vocabulary ?? alphabet.size;
  if (vocabulary < alphabet.size) {
    throw new RangeError(
      `Cannot use a vocabulary of ${vocabulary}: the text has ${alphabet.size} symbols`,
    );
  }
  const spec: TaskSpec = {
    inputs: { kind: "symbol", vocabulary },
    outputs: { kind: "class", classes: vocabulary, at: options.outputs },
    length: options.length,
    loss: { kind: "cross-entropy", reduction: options.loss },
    weighted: false,
    stateful: options.mode !== "windows",
  };
  const sampler = new CharSampler({ ...options, alphabet: characters });
  const corpus = corpusOf(() => text ?? read(), alphabet, options);
  // A text that is too short is found out before training starts.
  if (text !== undefined) {
    corpus.batches();
    corpus.measured();
    text = undefined;
  }
  const beginning = (length: number) =>
    Array.from(corpus.measured().text.subarray(0, length), (number) => alphabet.decode(number))
      .join("");
  const says = (outputs: Float32Array, length: number) =>
    Array.from({ length }, (_, t) => {
      const text = alphabet.decode(argmaxAt(outputs, t * vocabulary, vocabulary));
      return { mark: text, text };
    });
  return {
    spec,
    get options() {
      return { ...options, alphabet: characters, ...source.kept() };
    },
    get stepsPerEpoch() {
      return corpus.batches().stepsPerEpoch;
    },
    batch: (request) => corpus.batches().batch(request),
    validate(predict) {
      const { text, streams } = corpus.measured();
      return measureText(predict, { spec, text, length: options.length, streams });
    },
    defaults: (model) => defaultsOf(model, corpus),
    sample: (predict, request) => sampler.sample(predict, request),
    async show(predict) {
      let sample = "";
      let length = 0;
      for await (const character of sampler.sample(predict)) {
        sample += character;
        length++;
      }
      return [
        `${length} characters that it makes one by one, drawn by its probabilities:`,
        ...sample.split("\n"),
      ];
    },
    encode(text) {
      const inputs = alphabet.encode(text, "the input");
      return { length: inputs.length, inputs, labels: [...text] };
    },
    example: () => beginning(EXAMPLE),
    passage: () => beginning(PASSAGE),
    annotate: ({ inputs = [], size }) =>
      options.outputs === "every"
        ? batchAnnotations(Array.from(inputs, (number) => alphabet.decode(number)), size)
        : [],
    ...(options.outputs === "every" ? { says } : {}),
    pictures: async (predict) => {
      const picture = await surprisePicture(predict, spec, corpus.measured().text, alphabet);
      return picture === undefined ? [] : [picture];
    },
    breakdown(predict) {
      const { text, streams } = corpus.measured();
      return charBreakdown(predict, { spec, text, length: options.length, streams }, alphabet);
    },
    probes: (predict, request) =>
      charProbes(predict, spec, corpus.measured().text, options.length, request),
    async candidates(predict, question) {
      const next = await sampler.next(predict, question);
      return next.map(({ character, probability }) => ({ text: character, probability }));
    },
    async candidatesAtEach(predict, question) {
      const positions = await sampler.nextAtEach(predict, question);
      const read = [...question];
      return positions.map((next, i) => ({
        after: read[i],
        candidates: next.map(({ character, probability }) => ({ text: character, probability })),
      }));
    },
    async answer(predict, question) {
      const positions = await sampler.nextAtEach(predict, question);
      const guesses = positions.map(([likeliest]) => likeliest.character).join("");
      return [
        ...positions[positions.length - 1].slice(0, 10).map(({ character, probability }) =>
          `${JSON.stringify(character).padEnd(4)} ${(100 * probability).toFixed(1).padStart(5)} %`
        ),
        `likeliest after each character: ${JSON.stringify(guesses)}`,
      ];
    },
  };
}

/** Characters of which the hidden states are looked at. */
const EXAMPLE = 60;
/** Characters from which it is told what the units do. */
const PASSAGE = 2000;
/** Characters from which on a text is long: there a model learns all the time it is given. */
const LONG = 100_000;

/**
 * Found by trials on tinyshakespeare (1.1 million characters): two and a half times through the text,
 * a GRU of 128 units comes to 1.70 nats, with batches of 64 × 32 and a rate of 1/128; one of 256 to
 * 1.72, in PyTorch, with batches of 32 × 64 and a rate of 1/256.
 */
function defaultsOf(model: Model, corpus: Corpus): TrainingDefaults {
  const [training, batches] = [corpus.training(), corpus.batches()];
  const long = training.length >= LONG;
  const steps = long ? Math.max(1200, Math.ceil(2.5 * batches.stepsPerEpoch)) : 1500;
  const { hidden = 128 } = model.options as { readonly hidden?: unknown };
  const units = typeof hidden === "number" ? hidden : 128;
  // A state without gates does not take a large step back as easily.
  const { windowed, gated } = model.traits;
  const rate = (windowed || gated ? 1 : 0.5) / units;
  return {
    steps,
    optimizer: "adam",
    learningRate: Math.min(0.01, Math.max(0.0005, rate)),
    schedule: "cosine",
    warmup: long ? 50 : 0,
    clipNorm: 1,
    // To measure on a long text takes as long as tens of steps.
    validateEvery: Math.ceil(steps / (long ? 4 : 10)),
    best: "loss",
  };
}
