/**
 * FizzBuzz: for each number, whether to copy it, or to say fizz (divisible by 3), buzz (by 5) or
 * fizzbuzz (by 15).
 *
 * @module
 */
import {
  argmaxAt,
  type Batch,
  ConfusionCounts,
  defineTask,
  type EncodedInput,
  evaluateOutputs,
  type Model,
  type OptionsSchema,
  permutation,
  type Predict,
  type Probe,
  type ProbeRequest,
  randomFor,
  softmaxAt,
  type TaskInstance,
  type TaskPlugin,
  type TaskSpec,
  type TrainingDefaults,
  type Validation,
} from "@unroll/core/plugin";
import * as z from "zod/mini";
import { fizzbuzzMachine } from "./fizzbuzz_machine.ts";
import { bitProbes, countedProbes, sizedProbes } from "./fizzbuzz_probes.ts";
import {
  CLASSES,
  fizzbuzzClass,
  fizzbuzzWord,
  numberOf,
  says,
  showAnswers,
} from "./fizzbuzz_words.ts";
import { Tally } from "./tally.ts";

/** Options of {@linkcode fizzbuzz}. */
export interface FizzbuzzOptions {
  /**
   * How a number is told: `none`, the model counts 0, 1, 2, … by itself; `binary`, its bits one by one,
   * least significant first; `digits`, its decimal digits one by one.
   */
  readonly encoding: "none" | "binary" | "digits";
  /** Bits of a number, for `binary`; numbers up to all ones are trained on. */
  readonly bits: number;
  /** Most digits of a number, for `digits`. */
  readonly digits: number;
  /** Numbers in a batch, for `binary` and `digits`. */
  readonly batch: number;
  /** Answers are judged on 0, 1, … up to this. */
  readonly last: number;
  /** How answers are judged; if left out, squared errors for `binary`, else cross entropy. */
  readonly loss?: "cross-entropy" | "squared-error";
}

/** So many bits a number must have that some are trained on. */
const LEAST_BITS = 7;

/** The schema of {@linkcode FizzbuzzOptions}. */
const OPTIONS: OptionsSchema<FizzbuzzOptions> = /* @__PURE__ */ (() =>
  z.object({
    encoding: z._default(z.enum(["none", "binary", "digits"]), "none").check(
      z.describe(
        "How numbers are given: not at all (the model counts), as bits, or as decimal digits",
      ),
    ),
    bits: z._default(z.int().check(z.minimum(LEAST_BITS), z.maximum(20)), 10).check(
      z.describe("Bits of a number, for binary"),
    ),
    digits: z._default(z.int().check(z.minimum(1), z.maximum(15)), 8).check(
      z.describe("Most digits of a number in training, for digits"),
    ),
    batch: z._default(z.int().check(z.minimum(1), z.maximum(4096)), 32).check(
      z.describe("Numbers in a batch, for binary and digits"),
    ),
    last: z._default(z.int().check(z.minimum(100), z.maximum(100_000)), 1000).check(
      z.describe("Greatest number that is tested"),
    ),
    loss: z.optional(z.enum(["cross-entropy", "squared-error"])).check(
      z.describe("Loss function; if left out squared-error for binary, otherwise cross-entropy"),
    ),
  }))();

/** To where a model that counts by itself is let count for a person. */
const COUNTED = 100_000;
/** Numbers below this are left out of training in binary, to be asked for afterwards. */
const HELD_OUT = 101;

/** A way to tell a model numbers. */
interface Encoding {
  readonly spec: TaskSpec;
  readonly stepsPerEpoch?: number;
  batch: TaskInstance["batch"];
  defaults(model: Model): TrainingDefaults;
  /** One number, as the model is told it, with a RangeError if it is too large for that. */
  encode(n: number): EncodedInput;
  /** The logits for some numbers, by number; asks for as many at once as fit together. */
  answers(predict: Predict, numbers: readonly number[]): Promise<Float32Array>;
  /** Numbers beyond those of training. */
  probes(predict: Predict, request?: ProbeRequest): AsyncIterable<Probe>;
  /** The numbers that are validated on, where they are not all that are tested. */
  readonly validated?: readonly number[];
  /** What else is measured. */
  metrics?(predict: Predict): Promise<Readonly<Record<string, number>>>;
}

/** FizzBuzz, in one of three encodings. */
export const fizzbuzz: TaskPlugin<FizzbuzzOptions> = /* @__PURE__ */ defineTask({
  name: "fizzbuzz",
  summary: "Say fizz, buzz or fizzbuzz to given numbers, or count along without any input",
  options: OPTIONS,
  create(options): TaskInstance {
    const encoding = ENCODINGS[options.encoding](options);
    const { spec } = encoding;
    const numbers = Array.from({ length: options.last + 1 }, (_, n) => n);
    const targets = Int32Array.from(numbers, fizzbuzzClass);
    return {
      spec,
      stepsPerEpoch: encoding.stepsPerEpoch,
      batch: encoding.batch,
      defaults: encoding.defaults,
      async validate(predict): Promise<Validation> {
        const { validated = numbers } = encoding;
        const { loss, errors, count } = evaluateOutputs(
          spec,
          await encoding.answers(predict, validated),
          validated === numbers ? targets : Int32Array.from(validated, fizzbuzzClass),
        );
        return {
          loss: spec.loss.reduction === "sum" ? loss / count : loss,
          error: errors / count,
          metrics: await encoding.metrics?.(predict),
        };
      },
      async show(predict): Promise<string[]> {
        const answers = await encoding.answers(predict, numbers);
        return showAnswers(answers, options);
      },
      encode(text) {
        return encoding.encode(numberOf(text));
      },
      async answer(predict, question) {
        const n = numberOf(question);
        encoding.encode(n); // What cannot be told is refused.
        const chances = chancesOf(await encoding.answers(predict, [n]), spec);
        const likely = [...chances.keys()].sort((a, b) => chances[b] - chances[a]);
        const word = (kind: number) => fizzbuzzWord(n, kind);
        return [
          word(likely[0]),
          ...likely.map((kind) =>
            `${(chances[kind] * 100).toFixed(1).padStart(7)} %  ${word(kind)}`
          ),
        ];
      },
      async candidates(predict, question) {
        const n = numberOf(question);
        encoding.encode(n);
        const chances = chancesOf(await encoding.answers(predict, [n]), spec);
        return [...chances.entries()]
          .map(([kind, probability]) => ({ text: fizzbuzzWord(n, kind), probability }))
          .sort((a, b) => b.probability - a.probability);
      },
      async breakdown(predict) {
        const outputs = await encoding.answers(predict, numbers);
        const confusions = new ConfusionCounts(spec);
        confusions.add(outputs, targets);
        const digits = new Tally("digits");
        for (const n of numbers) {
          digits.add(String(n).length, argmaxAt(outputs, n * CLASSES, CLASSES) === targets[n]);
        }
        return {
          confusions: confusions.list(["number", "fizz", "buzz", "fizzbuzz"]),
          parts: digits.list(),
        };
      },
      machine: () => fizzbuzzMachine(options),
      probes: encoding.probes,
      async *sample(predict, { prompt = "1", length = 15 } = {}) {
        const first = numberOf(prompt);
        encoding.encode(first + length - 1);
        const asked = Array.from({ length }, (_, i) => first + i);
        const answers = await encoding.answers(predict, asked);
        for (const [i, n] of asked.entries()) {
          yield `${fizzbuzzWord(n, argmaxAt(answers, i * CLASSES, CLASSES))}\n`;
        }
      },
      ...(options.encoding === "none" ? { says } : {}),
      annotate({ length, size, targets }) {
        const count = length * size;
        if (options.encoding !== "none") {
          return [{ name: "class", values: Int32Array.from(targets) }];
        }
        return [3, 5].map((by) => ({
          name: `n mod ${by}`,
          values: Int32Array.from({ length: count }, (_, n) => n % by),
        }));
      },
    };
  },
});

/** Whether a model has so few hidden units that counting to 15 is hard to find. */
function isSmall({ options }: Model): boolean {
  const { hidden } = options as { readonly hidden?: unknown };
  return typeof hidden === "number" && hidden < 12;
}

/** The model counts by itself: position n is the number n. */
function counting({ loss = "cross-entropy" }: FizzbuzzOptions): Encoding {
  const batches = new Map(
    [16, 31, 46, 61].map((length): [number, Batch] => [length, {
      length,
      size: 1,
      targets: Int32Array.from({ length }, (_, n) => fizzbuzzClass(n)),
    }]),
  );
  return {
    spec: {
      inputs: { kind: "none" },
      outputs: { kind: "class", classes: CLASSES, at: "every" },
      length: "variable",
      loss: { kind: loss, reduction: "mean" },
      weighted: false,
      stateful: false,
    },
    batch: ({ random }) => batches.get(16 + 15 * Math.floor(random() * 4)) as Batch,
    defaults: (model) => ({
      // With 16 hidden units 1,000 steps suffice; with 5 some starts need 20,000, and some fail.
      steps: isSmall(model) ? 20000 : 3000,
      optimizer: "adam",
      learningRate: isSmall(model) ? 0.01 : 0.005,
      schedule: "cosine",
      clipNorm: 1,
      l2: 1e-4,
      validateEvery: isSmall(model) ? 500 : 250,
      best: "error",
    }),
    encode(n) {
      if (n > COUNTED) {
        throw new RangeError(
          `Cannot count to ${n}: it would take too long, ${COUNTED} is the most`,
        );
      }
      return { length: n + 1, labels: Array.from({ length: n + 1 }, (_, i) => String(i)) };
    },
    probes: (predict) => countedProbes(predict, 60),
    async answers(predict, numbers) {
      const length = Math.max(...numbers) + 1;
      const { outputs } = await predict({ length });
      return Float32Array.from(
        numbers.flatMap((n) => [...outputs.subarray(n * CLASSES, (n + 1) * CLASSES)]),
      );
    },
  };
}

/** Bits, least significant first; numbers from 101 are trained on, as in Joel Grus' version. */
/** Turns the outputs for one number into chances. Squared errors make outputs chances themselves, and not logits. */
function chancesOf(outputs: Float32Array, { loss }: TaskSpec): number[] {
  if (loss.kind !== "squared-error") return [...softmaxAt(outputs, 0, CLASSES)];
  const positive = Array.from(outputs.subarray(0, CLASSES), (output) => Math.max(0, output));
  const sum = positive.reduce((a, b) => a + b);
  return positive.map((output) => sum > 0 ? output / sum : 1 / CLASSES);
}

function binary({ bits, batch, last, loss = "squared-error" }: FizzbuzzOptions): Encoding {
  const trained = 2 ** bits - HELD_OUT;
  // Those that are left out of training choose nothing either: they are asked for in the end.
  const validated = Math.min(trained, Math.max(last + 1, 2 ** LEAST_BITS) - HELD_OUT);
  const stepsPerEpoch = Math.ceil(trained / batch);
  let epoch = -1;
  let seedOfOrder = -1;
  let order: Int32Array = new Int32Array();
  const spec: TaskSpec = {
    inputs: { kind: "vector", size: 1 },
    outputs: { kind: "class", classes: CLASSES, at: "last" },
    length: bits,
    loss: { kind: loss, reduction: loss === "squared-error" ? "sum" : "mean" },
    weighted: false,
    stateful: false,
  };
  const encode = (numbers: ArrayLike<number>) => {
    const size = numbers.length;
    const inputs = new Float32Array(bits * size);
    for (let bit = 0; bit < bits; bit++) {
      for (let i = 0; i < size; i++) inputs[bit * size + i] = (numbers[i] >> bit) & 1;
    }
    return inputs;
  };
  const answers = async (predict: Predict, numbers: readonly number[]) => {
    // Numbers that need more bits than there are would be told wrongly: only their low bits are seen.
    const { outputs } = await predict({
      length: bits,
      size: numbers.length,
      inputs: encode(numbers),
    });
    return outputs;
  };
  return {
    spec,
    stepsPerEpoch,
    batch({ step, seed }) {
      const now = Math.floor(step / stepsPerEpoch);
      if (now !== epoch || seed !== seedOfOrder) {
        order = permutation(trained, randomFor(seed, now, 1));
        [epoch, seedOfOrder] = [now, seed];
      }
      const start = (step % stepsPerEpoch) * batch;
      const numbers = order.subarray(start, start + batch).map((i) => i + HELD_OUT);
      return {
        length: bits,
        size: numbers.length,
        inputs: encode(numbers),
        targets: numbers.map(fizzbuzzClass),
      };
    },
    // A network without a state finds the period of 15 in the bits only by many small steps.
    defaults: ({ traits }) =>
      traits.windowed
        ? {
          steps: 5000 * stepsPerEpoch,
          optimizer: "sgd",
          learningRate: 0.001,
          validateEvery: 250 * stepsPerEpoch,
          best: "error",
        }
        : {
          steps: 500 * stepsPerEpoch,
          optimizer: "adam",
          learningRate: 0.003,
          schedule: "cosine",
          validateEvery: 25 * stepsPerEpoch,
          best: "error",
        },
    encode(n) {
      if (n >= 2 ** bits) {
        throw new RangeError(`Cannot tell ${n} in ${bits} bits: ${2 ** bits - 1} is the most`);
      }
      const inputs = encode([n]);
      return { length: bits, inputs, labels: [...inputs].map(String) };
    },
    answers,
    validated: Array.from({ length: validated }, (_, i) => i + HELD_OUT),
    probes: (predict, request) => bitProbes(predict, bits, request),
    async metrics(predict) {
      const numbers = Array.from({ length: HELD_OUT - 1 }, (_, i) => i + 1);
      const targets = Int32Array.from(numbers, fizzbuzzClass);
      const { errors, count } = evaluateOutputs(spec, await answers(predict, numbers), targets);
      return { error_1_to_100: errors / count };
    },
  };
}

/** Decimal digits, most significant first; the answer comes after the last. */
function decimal({ digits, batch, loss = "cross-entropy" }: FizzbuzzOptions): Encoding {
  const spec: TaskSpec = {
    inputs: { kind: "symbol", vocabulary: 10 },
    outputs: { kind: "class", classes: CLASSES, at: "last" },
    length: "variable",
    loss: { kind: loss, reduction: "mean" },
    weighted: false,
    stateful: false,
  };
  /** Texts of one length → i32[time, batch]. */
  const encode = (texts: readonly string[]) => {
    const [{ length }] = texts;
    const inputs = new Int32Array(length * texts.length);
    texts.forEach((text, i) => {
      for (let t = 0; t < length; t++) inputs[t * texts.length + i] = text.charCodeAt(t) - 48;
    });
    return inputs;
  };
  const ask = async (predict: Predict, texts: readonly string[]) => {
    const inputs = encode(texts);
    return (await predict({ length: texts[0].length, size: texts.length, inputs })).outputs;
  };
  /** So many random numbers of so many digits, none with a zero in front. */
  const draw = (count: number, length: number, random: () => number) =>
    Array.from({ length: count }, () => {
      let text = "";
      for (let t = 0; t < length; t++) {
        const min = t === 0 && length > 1 ? 1 : 0;
        text += min + Math.floor(random() * (10 - min));
      }
      return text;
    });
  return {
    spec,
    batch({ random }) {
      const length = 1 + Math.floor(random() * digits);
      const texts = draw(batch, length, random);
      return {
        length,
        size: batch,
        inputs: encode(texts),
        targets: Int32Array.from(texts, (text) => fizzbuzzClass(Number(text))),
      };
    },
    defaults: () => ({
      // With 32 hidden units also numbers of 15 digits come out right.
      steps: 10000,
      optimizer: "adam",
      learningRate: 0.01,
      schedule: "cosine",
      clipNorm: 1,
      validateEvery: 500,
      best: "error",
    }),
    encode: (n) => ({
      length: String(n).length,
      inputs: encode([String(n)]),
      labels: [...String(n)],
    }),
    probes: (predict, request) =>
      sizedProbes(
        predict,
        { axis: "digits", to: digits + 16, trained: digits, digits: 10, ask },
        request,
      ),
    async answers(predict, numbers) {
      const result = new Float32Array(numbers.length * CLASSES);
      const lengths = new Set(numbers.map((n) => String(n).length));
      for (const length of lengths) {
        const places = numbers.flatMap((n, i) => String(n).length === length ? [i] : []);
        const outputs = await ask(predict, places.map((i) => String(numbers[i])));
        places.forEach((place, i) =>
          result.set(outputs.subarray(i * CLASSES, (i + 1) * CLASSES), place * CLASSES)
        );
      }
      return result;
    },
    async metrics(predict) {
      // Far longer than any it was trained on; always the same ones, so that runs compare.
      const texts = draw(200, 15, randomFor(0, 15));
      const targets = Int32Array.from(texts, (text) => fizzbuzzClass(Number(text)));
      const { errors, count } = evaluateOutputs(spec, await ask(predict, texts), targets);
      return { error_15_digits: errors / count };
    },
  };
}

const ENCODINGS: Readonly<
  Record<FizzbuzzOptions["encoding"], (options: FizzbuzzOptions) => Encoding>
> = { none: counting, binary, digits: decimal };
