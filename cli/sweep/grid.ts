/**
 * Grids: flags with several values each, and the runs they stand for.
 *
 * @module
 */

import { basename } from "@std/path/basename";

/** One run of a grid: a value for each flag. */
export interface Trial {
  /** Flag without dashes → the one value that was chosen; in the order in which they were typed. */
  readonly values: Readonly<Record<string, string>>;
  /** A name for its folder: what sets it apart from the others. */
  readonly name: string;
}

/** Cells at most: more are a slip of the finger. */
const MOST = 10_000;

/**
 * Reads the values that were typed for a flag: `0..19`, `4,5,8`, or `1,4..6`; for lists, `50,20/100` has two.
 *
 * @param flag The flag, with dashes, for the sentence about a mistake.
 * @param text What was typed.
 * @param isList Whether one value has commas itself.
 * @returns The values in order.
 * @throws {RangeError} When a range is not one, or a value comes twice.
 */
export function gridValues(flag: string, text: string, isList: boolean = false): string[] {
  const values = text.split(isList ? "/" : ",").flatMap((part) => {
    const range = /^(-?\d+)\.\.(-?\d+)$/.exec(part);
    if (range === null) {
      if (/^-?\d+\.\./.test(part)) {
        throw new RangeError(
          `Cannot use ${flag} ${part}: a range of whole numbers such as 0..19 is needed`,
        );
      }
      return [part];
    }
    const [first, last] = [Number(range[1]), Number(range[2])];
    if (last < first || last - first >= MOST) {
      throw new RangeError(
        `Cannot use ${flag} ${part}: a range goes from low to high, over fewer than ${MOST} values`,
      );
    }
    return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
  });
  if (values.includes("")) {
    throw new RangeError(`Cannot use ${flag} ${text}: a value is missing`);
  }
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) {
    throw new RangeError(`Cannot use ${flag} ${text}: ${twice} is there twice`);
  }
  return values;
}

/**
 * Combines all values.
 *
 * @param grid Flag → its values.
 * @returns A trial for each combination; the last flag goes round fastest.
 * @throws {RangeError} When there are more than 10,000.
 */
export function gridTrials(grid: Readonly<Record<string, readonly string[]>>): Trial[] {
  const count = Object.values(grid).reduce((product, { length }) => product * length, 1);
  if (count > MOST) {
    throw new RangeError(`Cannot sweep over ${count} runs: at most ${MOST} are`);
  }
  let combinations: Readonly<Record<string, string>>[] = [{}];
  for (const [flag, values] of Object.entries(grid)) {
    combinations = combinations.flatMap((some) =>
      values.map((value) => ({ ...some, [flag]: value }))
    );
  }
  const labels = Object.entries(grid).filter(([, values]) => values.length > 1)
    .map(([flag, values]) => [flag, labelsOf(values)] as const);
  return combinations.map((values) => ({
    values,
    name: labels.map(([flag, labels]) => `${flag}-${labels.get(values[flag])}`).join("+") || "only",
  }));
}

/** Makes each value fit for the name of a folder; two never have one name, also where case does not count. */
function labelsOf(values: readonly string[]): ReadonlyMap<string, string> {
  const times = new Map<string, number>();
  return new Map(values.map((value) => {
    const label = basename(value).replace(/[^\w.,-]+/g, "_");
    const key = label.toLowerCase();
    const count = (times.get(key) ?? 0) + 1;
    times.set(key, count);
    // No label has a tilde of its own.
    return [value, count === 1 ? label : `${label}~${count}`];
  }));
}

/**
 * Lists the arguments that train a trial.
 *
 * @param trial The trial.
 * @returns Arguments after `train`.
 */
export function trialArguments({ values }: Trial): string[] {
  return Object.entries(values).flatMap(([flag, value]) =>
    value === "true" ? [`--${flag}`] : value === "false" ? [`--no-${flag}`] : [`--${flag}`, value]
  );
}
