/**
 * Right answers by a number that the examples have, in ranges that double.
 *
 * @module
 */
import type { Probe } from "@unroll/core/plugin";

/** Sums over the examples of one range. */
interface Sums {
  count: number;
  right: number;
}

/** Right answers along an axis: of 0, 1, 2, 3 to 4, 5 to 8, and so on. */
export class Tally {
  readonly #axis: string;
  readonly #ranges = new Map<number, Sums>();

  /** A tally of nothing yet. */
  constructor(axis: string) {
    this.#axis = axis;
  }

  /** Adds an example. */
  add(at: number, isRight: boolean): void {
    const end = rangeEnd(at);
    const sums = this.#ranges.get(end) ?? { count: 0, right: 0 };
    sums.count++;
    if (isRight) sums.right++;
    this.#ranges.set(end, sums);
  }

  /** The ranges that have examples, in order. */
  list(): Probe[] {
    return [...this.#ranges].sort(([a], [b]) => a - b).map(([at, sums]) => ({
      axis: this.#axis,
      at,
      ...(at > 2 ? { from: at / 2 + 1 } : {}),
      ...sums,
    }));
  }
}

/** The end of the range that a number from 0 is in: 0, or the next power of two. */
export function rangeEnd(at: number): number {
  return at === 0 ? 0 : 2 ** Math.ceil(Math.log2(at));
}
