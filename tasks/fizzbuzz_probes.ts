/**
 * Where a model of FizzBuzz fails, each way a number is told.
 *
 * @module
 */
import {
  argmaxAt,
  type Predict,
  type PredictState,
  type Probe,
  type ProbeRequest,
  randomFor,
} from "@unroll/core/plugin";
import { CLASSES, fizzbuzzClass } from "./fizzbuzz_words.ts";

/** To where a model that counts by itself is let count. */
const COUNTED = 1_000_000;
/** Numbers of one run. */
const PIECE = 1000;

/**
 * Lets a model count to a million, and looks at all it says.
 *
 * @param predict Runs the model.
 * @param trained The greatest number of training.
 * @returns Right answers by ranges of numbers: to 9, 19, 49, 99, 199 and so on.
 */
export async function* countedProbes(predict: Predict, trained: number): AsyncGenerator<Probe> {
  let state: PredictState | undefined;
  try {
    let from = 0;
    let right = 0;
    for (let first = 0; first < COUNTED; first += PIECE) {
      const keepState = first + PIECE < COUNTED;
      const result = await predict({ length: PIECE, state, keepState });
      state = result.state;
      for (let i = 0; i < PIECE; i++) {
        if (isRight(result.outputs, i, fizzbuzzClass(first + i))) right++;
        const at = first + i;
        if (!isRangeEnd(at)) continue;
        yield { axis: "numbers", from, at, count: at + 1 - from, right, trained };
        [from, right] = [at + 1, 0];
      }
    }
  } finally {
    state?.dispose();
  }
}

/** Whether a number ends a range: 9, 19, 49, 99, 199, 499, … */
function isRangeEnd(n: number): boolean {
  return /^[125]0+$/.test(String(n + 1));
}

/** How numbers of one size are asked for. */
export interface SizedNumbers {
  /** What the size counts, such as `digits`. */
  readonly axis: string;
  /** The greatest. */
  readonly to: number;
  /** The greatest of training. */
  readonly trained: number;
  /** How many digits there are. */
  readonly digits: 2 | 10;
  /** The logits for numbers of one size: digits, most significant first. */
  ask(predict: Predict, numbers: readonly string[]): Promise<Float32Array>;
}

/**
 * Asks for numbers of more and more digits.
 *
 * @param predict Runs the model.
 * @param sized How they are asked for.
 * @param request How many of each size.
 * @returns Right answers by the size.
 */
export async function* sizedProbes(
  predict: Predict,
  { axis, to, trained, digits, ask }: SizedNumbers,
  { count = 40 }: ProbeRequest = {},
): AsyncGenerator<Probe> {
  const random = randomFor(0, digits, 15);
  for (let at = 1; at <= to; at++) {
    const drawn = new Set<string>();
    for (let i = 0; i < 20 * count && drawn.size < count; i++) {
      let number = "";
      for (let t = 0; t < at; t++) {
        const least = t === 0 && at > 1 ? 1 : 0;
        number += least + Math.floor(random() * (digits - least));
      }
      drawn.add(number);
    }
    const numbers = [...drawn];
    const outputs = await ask(predict, numbers);
    const right = numbers.filter((number, i) => {
      const n = BigInt(digits === 2 ? `0b${number}` : number);
      // As far as fizz and buzz go, a number is what is left of it by 15.
      return isRight(outputs, i, fizzbuzzClass(Number(n % 15n)));
    });
    yield { axis, at, count: numbers.length, right: right.length, trained };
  }
}

/**
 * Asks for numbers of more and more bits, least significant first, up to ten more than in training.
 *
 * @param predict Runs the model.
 * @param bits Bits of the numbers of training; shorter ones are filled up with zeros to these.
 * @param request How many of each size.
 * @returns Right answers by the bits.
 */
export function bitProbes(
  predict: Predict,
  bits: number,
  request?: ProbeRequest,
): AsyncGenerator<Probe> {
  const sized: SizedNumbers = {
    axis: "bits",
    to: bits + 10,
    trained: bits,
    digits: 2,
    async ask(predict, numbers) {
      const [{ length: long }] = numbers;
      const [length, size] = [Math.max(bits, long), numbers.length];
      const inputs = new Float32Array(length * size);
      numbers.forEach((number, i) => {
        for (let bit = 0; bit < long; bit++) {
          inputs[bit * size + i] = Number(number[long - 1 - bit]);
        }
      });
      return (await predict({ length, size, inputs })).outputs;
    },
  };
  return sizedProbes(predict, sized, request);
}

function isRight(outputs: Float32Array, place: number, wanted: number): boolean {
  const said = argmaxAt(outputs, place * CLASSES, CLASSES);
  return said === wanted && Number.isFinite(outputs[place * CLASSES + said]);
}
