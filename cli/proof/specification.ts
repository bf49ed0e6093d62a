/**
 * What the verifier takes for right: machines whose state is a number.
 *
 * @module
 */

/** What is right after each symbol, from a start; `next` is undefined where no word goes on so. */
export interface Specification {
  readonly symbols: number;
  readonly classes: number;
  next(
    state: number,
    symbol: number,
  ): { readonly state: number; readonly answer: number } | undefined;
}

/** 3 for fizzbuzz, 2 for buzz, 1 for fizz, 0 for the number itself. */
const classOf = (n: number) => n % 15 === 0 ? 3 : n % 5 === 0 ? 2 : n % 3 === 0 ? 1 : 0;

/** The state before the first symbol, and after the number 0, which has one digit. */
const START = -1;
const ZERO = -2;

/** Finds what is right for a task; `undefined` where the verifier does not know it. */
export function specification(
  name: string,
  options: Readonly<Record<string, unknown>>,
): Specification | undefined {
  if (name === "fizzbuzz" && options.encoding === "none") {
    return {
      symbols: 1,
      classes: 4,
      next: (n) => ({ state: (n + 1) % 15, answer: classOf(n + 1) }),
    };
  }
  if (name === "fizzbuzz" && options.encoding === "digits") {
    return {
      symbols: 10,
      classes: 4,
      next(n, digit) {
        if (n === ZERO) return undefined;
        const value = n === START ? digit : (10 * n + digit) % 15;
        return { state: n === START && digit === 0 ? ZERO : value, answer: classOf(value) };
      },
    };
  }
  if (name === "counting") {
    const base = options.base as number;
    if (!Number.isInteger(base) || base < 2) return undefined;
    return {
      symbols: base,
      classes: base,
      // −1, nothing read, adds 1 as a carry does.
      next: (carry, digit) => ({
        state: carry !== 0 && digit === base - 1 ? 1 : 0,
        answer: (digit + Math.abs(carry)) % base,
      }),
    };
  }
  return undefined;
}
