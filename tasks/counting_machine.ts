/**
 * Counting as a machine that remembers whether there is a carry.
 *
 * @module
 */
import type { TaskMachine } from "@unroll/core/plugin";

/**
 * Makes the machine: the start, where 1 is to be added, and the state after it was, where digits are
 * copied. These two are all, because the task has no mark for the end of a number: zeros stand after its
 * last digit, and the carry of 99 goes into the first of them.
 */
export function countingMachine(base: number): TaskMachine {
  const digits = Array.from({ length: base }, (_, digit) => digit);
  const names = digits.map((digit) => digit.toString(base));
  return {
    machine: {
      kind: "mealy",
      alphabet: names,
      start: 0,
      next: [digits.map((digit) => digit === base - 1 ? 0 : 1), digits.map(() => 1)],
      outputs: [digits.map((digit) => (digit + 1) % base), digits],
    },
    classes: names,
  };
}
