/**
 * FizzBuzz as a machine that remembers a number modulo 15.
 *
 * @module
 */
import type { MooreMachine } from "@unroll/core/automata";
import type { TaskMachine } from "@unroll/core/plugin";
import type { FizzbuzzOptions } from "./fizzbuzz.ts";
import { fizzbuzzClass } from "./fizzbuzz_words.ts";

/** What each class is called. */
const CLASS_NAMES: readonly string[] = ["number", "fizz", "buzz", "fizzbuzz"];

/**
 * Makes the machine of an encoding, for numbers of any size. Each has 15 states; in digits 6 would do,
 * because 10 leaves no rest modulo 5: the last digit alone says whether a number is divisible by 5.
 *
 * In digits nobody asks numbers with zeros in front, and in bits only those of as many as the option says.
 */
export function fizzbuzzMachine(
  { encoding, bits }: Pick<FizzbuzzOptions, "encoding" | "bits">,
): TaskMachine {
  const asked = encoding === "digits"
    ? WITHOUT_ZEROS
    : encoding === "binary"
    ? ofLength(bits)
    : undefined;
  return {
    machine: MACHINES[encoding](),
    classes: CLASS_NAMES,
    ...(asked === undefined ? {} : { asked }),
  };
}

/** Nothing, zero, a number, and what begins with a zero. */
const WITHOUT_ZEROS: MooreMachine<boolean> = /* @__PURE__ */ (() => ({
  kind: "moore",
  alphabet: digitsOf(10),
  start: 0,
  next: [
    [1, ...digitsOf(9).map(() => 2)],
    digitsOf(10).map(() => 3),
    digitsOf(10).map(() => 2),
    digitsOf(10).map(() => 3),
  ],
  outputs: [false, true, true, false],
}))();

/** Counts bits. */
function ofLength(bits: number): MooreMachine<boolean> {
  const lengths = Array.from({ length: bits + 2 }, (_, length) => length);
  return {
    kind: "moore",
    alphabet: digitsOf(2),
    start: 0,
    next: lengths.map((length) => [0, 1].map(() => Math.min(length + 1, bits + 1))),
    outputs: lengths.map((length) => length === bits),
  };
}

const MACHINES: Readonly<Record<FizzbuzzOptions["encoding"], () => MooreMachine<number>>> = {
  none: () => machineOf(["tick"], (n) => n + 1),
  digits: () => machineOf(digitsOf(10), (n, digit) => 10 * n + digit),
  // The state is not n, of whose bits the next is worth 2ᵏ, but n / 2ᵏ modulo 15: the same divisors, as 2 has an
  // inverse, 8. A bit is added, and k is one more.
  binary: () => machineOf(digitsOf(2), (n, bit) => (n + bit) * 8),
};

function digitsOf(base: number): string[] {
  return Array.from({ length: base }, (_, digit) => String(digit));
}

/** A state for each rest modulo 15. */
function machineOf(
  alphabet: readonly string[],
  step: (rest: number, digit: number) => number,
): MooreMachine<number> {
  const rests = Array.from({ length: 15 }, (_, rest) => rest);
  return {
    kind: "moore",
    alphabet,
    start: 0,
    next: rests.map((rest) => alphabet.map((_, digit) => step(rest, digit) % 15)),
    outputs: rests.map(fizzbuzzClass),
  };
}
