/**
 * What other starts of a recipe come to, as `deno task seeds` has measured it: the seed that shows what the write-up
 * shows, and the spread as a sentence.
 *
 * @module
 */

import { formatPercent } from "../format.ts";
import { formatInterval } from "../reporting/wilson.ts";
import data from "./seeds.json" with { type: "json" };

/** A start of `theano-fizzbuzz`. */
export interface TheanoStart {
  readonly seed: number;
  /** Fraction of wrong answers on 0..300. */
  readonly error: number;
  /** The step of the best parameters. */
  readonly step: number;
  /** Units that are a machine of 3 states. */
  readonly threes: readonly number[];
  /** Units that are a machine of 5 states. */
  readonly fives: readonly number[];
  /** Of the three pairs of states that the post finds alike, how many have the same units on. */
  readonly same: number;
  /** Units that are not strongly on or off there. */
  readonly weak: readonly { readonly unit: number; readonly value: number }[];
}

/** A start of a recipe that counts. */
export interface CountingStart {
  readonly seed: number;
  /** Fraction of wrong numbers. */
  readonly error: number;
  /** Through how many nines it is right; `null` where it never fails up to 1,000. */
  readonly nines: number | null;
  /** Fraction of wrong numbers with 40 nines, where it was measured. */
  readonly lost?: number;
}

/** A start of a recipe of which only is asked whether it comes out as known. */
export interface KnownStart {
  readonly seed: number;
  /** Whether all that is claimed of it holds. */
  readonly passes: boolean;
  /** How far it is from what is known, as the sum of differences in tolerances. */
  readonly distance: number;
}

/** One start. */
export type Start = TheanoStart | CountingStart | KnownStart;

/** What was measured of a recipe; nothing before it is. */
function startsOf<Kind extends Start>(name: string): readonly Kind[] {
  const measured = data as unknown as Readonly<Record<string, { readonly starts: Kind[] }>>;
  return Object.hasOwn(measured, name) ? measured[name].starts : [];
}

/** What the seeds of a recipe have shown. */
export interface Seeds {
  /** The one that shows what the write-up shows. */
  readonly seed: number;
  /** What all of them come to, in a sentence. */
  readonly spread: string;
}

/** The nines after which the post's network fails. */
const POST_NINES = 25;

/**
 * Chooses the seed of `theano-fizzbuzz`: units that are machines of 3 and of 5 states, the three pairs alike, and one
 * unit on in them but not strongly.
 *
 * @param starts What was measured.
 */
export function theanoSeeds(
  starts: readonly TheanoStart[],
): Seeds {
  const right = starts.filter(({ error }) => error === 0);
  const machines = right.filter(({ threes, fives }) => threes.length > 0 && fives.length > 0);
  const alike = machines.filter(({ same }) => same === 3);
  const [chosen] = alike.filter(({ weak }) => weak.some(({ value }) => value > 0.5));
  return {
    seed: chosen?.seed ?? alike[0]?.seed ?? 0,
    spread: `Of ${rangeText(starts)}, ${shareText(right.length, starts.length)} get there: ` +
      `${machines.length} of these have units that are machines of 3 and of 5 states, ` +
      `${alike.length} of them with the three pairs alike. A start on the edge goes one way or the ` +
      "other by how sums are rounded, elsewhere other seeds may get there.",
  };
}

/**
 * Chooses the seed of a recipe that counts: right as long as the post's network, and then wrong.
 *
 * @param starts What was measured.
 */
export function countingSeeds(starts: readonly CountingStart[]): Seeds {
  const away = ({ nines }: CountingStart) => Math.abs((nines ?? Infinity) + 1 - POST_NINES);
  // One that loses the carry for good, as the post's does, and not now and then.
  const [chosen] = starts.filter(({ error, lost = 1 }) => error === 0 && lost >= 0.9)
    .toSorted((a, b) => away(a) - away(b));
  const lost = starts.flatMap(({ nines }) => nines ?? []).toSorted((a, b) => a - b);
  const middle = lost[Math.floor(lost.length / 2)];
  return {
    seed: chosen?.seed ?? 0,
    spread:
      `Of ${rangeText(starts)}, ${shareText(lost.length, starts.length)} lose a carry, half of ` +
      `them after ${middle} nines or fewer, the last after ${
        lost.at(-1)
      }; the others carry through ` +
      "all 1,000 that were tried.",
  };
}

/**
 * Chooses the seed that is nearest to what is known.
 *
 * @param starts What was measured.
 */
export function knownSeeds(starts: readonly KnownStart[]): Seeds {
  const good = starts.filter(({ passes }) => passes);
  const [chosen] = starts.toSorted((a, b) => a.distance - b.distance);
  return {
    seed: chosen?.seed ?? 0,
    spread: `Of ${rangeText(starts)}, ${
      shareText(good.length, starts.length)
    } come out as known; the recipe's own is the nearest of them.`,
  };
}

/** What the seeds of the recipes have shown, by the recipes' names. */
export const SEEDS = {
  "theano-fizzbuzz": theanoSeeds(startsOf("theano-fizzbuzz")),
  "count-rnn": countingSeeds(startsOf("count-rnn")),
  "count-lstm": countingSeeds(startsOf("count-lstm")),
  sevenths: knownSeeds(startsOf("sevenths")),
  xor: knownSeeds(startsOf("xor")),
  "fizzbuzz-mlp": knownSeeds(startsOf("fizzbuzz-mlp")),
} as const satisfies Readonly<Record<string, Seeds>>;

function rangeText(starts: readonly Start[]): string {
  const seeds = starts.map(({ seed }) => seed);
  return `seeds ${Math.min(...seeds)} to ${Math.max(...seeds)}`;
}

function shareText(right: number, count: number): string {
  return `${right} (${formatPercent(right / count)}, 95 %: ${formatInterval(right, count)})`;
}
