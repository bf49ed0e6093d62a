/**
 * The numbers that counting is learned from and measured on.
 *
 * @module
 */
import { permutation, randomFor, type RandomSource } from "@unroll/core/plugin";

/** A number, least significant digit first, without zeros in front. */
export type Digits = Uint8Array;

/** What numbers are wanted. */
export interface NumberSettings {
  /** The base. */
  readonly base: number;
  /** Most digits. */
  readonly digits: number;
  /** Fraction of numbers with a run of the greatest digit, half of them at the end, where it carries. */
  readonly carries: number;
}

/** Numbers to train on and others to validate on. */
export interface NumberSplit {
  /** To train on. */
  readonly training: readonly Digits[];
  /** To validate on: none of them is trained on. */
  readonly validation: readonly Digits[];
}

/** Wherever numbers are drawn, always the same, so that runs compare. */
export const NUMBER_SEED = 20170719;

/**
 * A random number: first how many digits, then each digit. A run of the greatest digit starts at the
 * end, or anywhere: a carry must go on through it, and no carry must not start in it.
 */
function drawNumber({ base, digits, carries }: NumberSettings, random: RandomSource): Digits {
  const length = 1 + Math.floor(random() * digits);
  const number = Uint8Array.from({ length }, () => Math.floor(random() * base));
  if (random() < carries) {
    const run = 1 + Math.floor(random() * length);
    const start = random() < 0.5 ? 0 : Math.floor(random() * length);
    number.fill(base - 1, start, start + run);
  }
  // 0 itself is a number, of one digit.
  if (length > 1 && number[length - 1] === 0) {
    number[length - 1] = 1 + Math.floor(random() * (base - 1));
  }
  return number;
}

/**
 * Numbers to train and validate on, always the same for the same settings. Where there are no more
 * numbers than were asked for, all there are, a tenth of them for validation.
 *
 * @param settings What numbers.
 * @param training How many to train on, repeats among them.
 * @param validation How many to validate on, all different.
 */
export function splitNumbers(
  settings: NumberSettings,
  training: number,
  validation: number,
): NumberSplit {
  const { base, digits } = settings;
  const random = randomFor(NUMBER_SEED, base, digits);
  const all = base ** digits;
  if (all <= training + validation) {
    const numbers = [...permutation(all, random)].map((n) => digitsOf(n, base));
    const few = Math.ceil(all / 10);
    return { training: numbers.slice(few), validation: numbers.slice(0, few) };
  }
  const held = new Map<string, Digits>();
  // Short numbers are drawn often and run out, so this ends by a count of tries too.
  for (let i = 0; i < 20 * validation && held.size < validation; i++) {
    const number = drawNumber(settings, random);
    // Numbers of one digit are too few to be kept from training.
    if (number.length > 1) held.set(number.join(), number);
  }
  const kept: Digits[] = [];
  while (kept.length < training) {
    const number = drawNumber(settings, random);
    if (!held.has(number.join())) kept.push(number);
  }
  return { training: kept, validation: [...held.values()] };
}

function digitsOf(n: number, base: number): Digits {
  const digits: number[] = [];
  do {
    digits.push(n % base);
    n = Math.floor(n / base);
  } while (n > 0);
  return Uint8Array.from(digits);
}

/**
 * Makes long numbers to test on, always the same: carries through 0, 1, 2, 4, … and all digits, random ones,
 * and ones where the greatest digit is common.
 *
 * @param base The base.
 * @param digits Their digits.
 */
export function testNumbers(base: number, digits: number): Digits[] {
  const random = randomFor(NUMBER_SEED, base, digits, 1);
  const top = base - 1;
  const number = (common: number) =>
    Uint8Array.from(
      { length: digits },
      () => random() < common ? top : Math.floor(random() * base),
    );
  const numbers: Digits[] = [];
  for (const run of carryLengths(digits)) {
    const carrying = number(0).fill(top, 0, run);
    if (run < digits) carrying[run] = Math.floor(random() * top);
    numbers.push(carrying);
    // The same run one place up: nothing carries.
    if (run > 0 && run < digits) {
      const still = number(0).fill(top, 1, run + 1);
      still[0] = Math.floor(random() * top);
      numbers.push(still);
    }
  }
  for (const common of [0, 0.5, 0.9, 0.99]) {
    for (let i = 0; i < 4; i++) numbers.push(number(common));
  }
  for (const n of numbers) {
    // A number of so many digits has no zero in front.
    if (digits > 1 && n[digits - 1] === 0) n[digits - 1] = 1;
  }
  return numbers;
}

/** Returns how far the numbers to test on carry: 0, the powers of two below all digits, and all digits. */
export function carryLengths(digits: number): number[] {
  const lengths = [0];
  for (let run = 1; run < digits; run *= 2) lengths.push(run);
  return [...lengths, digits];
}

/** Splits the lengths of carries into groups that are asked together: each program is for one length. */
export function carryGroups(digits: number): number[][] {
  const lengths = carryLengths(digits);
  // Not Map.groupBy(), which Node 20 lacks.
  return [[0, 32], [33, 128], [129, 512], [513, Infinity]]
    .map(([first, last]) => lengths.filter((run) => run >= first && run <= last))
    .filter((group) => group.length > 0);
}

/** Digits after those that a carry goes through. */
const AFTER = 8;

/**
 * Makes different numbers with the same carry, always the same numbers.
 *
 * @param base The base.
 * @param run How many of the greatest digit the carry goes through.
 * @param count How many numbers.
 */
export function carryNumbers(base: number, run: number, count: number): Digits[] {
  const random = randomFor(NUMBER_SEED, base, run, 2);
  return Array.from({ length: count }, () => {
    const number = Uint8Array.from(
      { length: run + AFTER },
      (_, i) => i < run ? base - 1 : Math.floor(random() * base),
    );
    // The carry ends after the run, and the number has no zero in front.
    number[run] = Math.floor(random() * (base - 1));
    number[run + AFTER - 1] = 1 + Math.floor(random() * (base - 1));
    return number;
  });
}
