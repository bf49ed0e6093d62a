/**
 * What is worth drawing of a model that counts: how far it carries.
 *
 * @module
 */
import { argmaxAt, type Picture, type Predict, randomFor } from "@unroll/core/plugin";
import { placeNumbers } from "./counting_measure.ts";

/** Numbers asked for each count of nines. */
const EACH = 10;
/** Digits before the nines. */
const BEFORE = 4;

/**
 * Draws the fraction of numbers that a model adds 1 to rightly, by how many of the greatest digit they end in:
 * through so many digits the carry has to be remembered.
 *
 * @param predict Runs the model.
 * @param base Base of the numbers.
 * @param maxRun The longest run of the greatest digit.
 * @returns Bars from none to the longest; of long ones not all.
 */
export async function carryPicture(
  predict: Predict,
  base: number,
  maxRun: number,
): Promise<Picture> {
  const every = Math.ceil(maxRun / 40);
  const counts = Array.from({ length: Math.floor(maxRun / every) + 1 }, (_, i) => i * every);
  const random = randomFor(0, base, maxRun);
  const numbers = counts.flatMap((nines) =>
    Array.from({ length: EACH }, () => {
      const digits = new Uint8Array(nines + BEFORE).fill(base - 1);
      for (let i = nines; i < digits.length; i++) {
        // The digit after the nines is another, the first is no zero.
        const min = i === digits.length - 1 ? 1 : 0;
        digits[i] = min + Math.floor(random() * (base - 1 - min));
      }
      return digits;
    })
  );
  const length = maxRun + BEFORE + 1;
  const { inputs, targets } = placeNumbers(numbers, base, length);
  const size = numbers.length;
  const { outputs } = await predict({ length, size, inputs });
  const right = numbers.map((_, i) => {
    for (let place = i; place < targets.length; place += size) {
      if (argmaxAt(outputs, place * base, base) !== targets[place]) return false;
    }
    return true;
  });
  const top = (base - 1).toString(base);
  return {
    kind: "bars",
    title: `Accuracy by the number of ${top}s at the end`,
    xLabel: `${top}s at the end`,
    isFraction: true,
    bars: counts.map((nines, i) => ({
      label: String(nines),
      value: right.slice(i * EACH, (i + 1) * EACH).filter(Boolean).length / EACH,
    })),
  };
}
