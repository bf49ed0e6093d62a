/**
 * Where a model that counts fails: ever longer numbers, and carries through ever more nines.
 *
 * @module
 */
import {
  argmaxAt,
  type Predict,
  type Probe,
  type ProbeRequest,
  randomFor,
  type RandomSource,
} from "@unroll/core/plugin";
import { placeNumbers } from "./counting_measure.ts";
import { carryNumbers, type Digits, NUMBER_SEED } from "./counting_numbers.ts";

/** What a model was taught. */
interface CountingLimits {
  readonly base: number;
  /** Most digits of the numbers of training. */
  readonly digits: number;
  /** Steps of the sequences of training. */
  readonly length: number;
}

/**
 * Asks a model for the number after ever longer ones.
 *
 * @param predict Runs the model.
 * @param limits What it was taught.
 * @param request How many numbers of each kind.
 * @returns Right answers by the number of the greatest digit at the end, then by the number of digits.
 */
export async function* countingProbes(
  predict: Predict,
  { base, digits, length }: CountingLimits,
  { count = 40 }: ProbeRequest = {},
): AsyncGenerator<Probe> {
  const random = randomFor(NUMBER_SEED, base, 2);
  const top = (base - 1).toString(base);
  for (const nines of HARD) {
    const numbers = carryNumbers(base, nines, count);
    const right = await countRight(predict, numbers, base, length);
    yield { axis: `${top}s at the end`, at: nines, count: numbers.length, right, trained: digits };
  }
  for (const size of LONG) {
    const numbers = distinct(count, () => ofDigits(size, base, random));
    const right = await countRight(predict, numbers, base, length);
    yield { axis: "digits", at: size, count: numbers.length, right, trained: digits };
  }
}

/** Every count of nines up to 40, where networks fail; then ever more. */
const HARD: readonly number[] = [
  ...Array.from({ length: 41 }, (_, n) => n),
  50,
  70,
  100,
  200,
  500,
  1000,
];
/** Lengths of numbers. */
const LONG: readonly number[] = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 500, 1000];

function ofDigits(size: number, base: number, random: RandomSource): Digits {
  const digits = Uint8Array.from({ length: size }, () => Math.floor(random() * base));
  if (size > 1 && digits[size - 1] === 0) digits[size - 1] = 1 + Math.floor(random() * (base - 1));
  return digits;
}

/** So many different numbers, or as many as are found. */
function distinct(count: number, draw: () => Digits): Digits[] {
  const numbers = new Map<string, Digits>();
  for (let i = 0; i < 20 * count && numbers.size < count; i++) {
    const digits = draw();
    numbers.set(digits.join(), digits);
  }
  return [...numbers.values()];
}

async function countRight(
  predict: Predict,
  numbers: readonly Digits[],
  base: number,
  trained: number,
): Promise<number> {
  const size = numbers.length;
  const longest = Math.max(...numbers.map(({ length }) => length)) + 1;
  // Few lengths, since each is compiled; the zeros after a number are as in training.
  const length = longest <= trained ? trained : 2 ** Math.ceil(Math.log2(longest));
  const { inputs, targets } = placeNumbers(numbers, base, length);
  const { outputs } = await predict({ length, size, inputs });
  const wrong = new Set<number>();
  for (let place = 0; place < targets.length; place++) {
    const said = argmaxAt(outputs, place * base, base);
    // A comparison that NaN fails too.
    const sure = Number.isFinite(outputs[place * base + said]);
    if (!sure || said !== targets[place]) wrong.add(place % size);
  }
  return size - wrong.size;
}
