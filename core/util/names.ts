/**
 * Names that somebody typed: which known name was meant, and the sentence that says so.
 *
 * @module
 */

/**
 * Counts how many letters must change to turn one word into another: insert, delete, replace, or swap
 * two neighbours.
 *
 * The optimal string alignment distance (Damerau, 1964), in two rows of memory and one more for the swaps.
 *
 * @param from The first word.
 * @param to The second word.
 * @returns The number of changes, `0` for equal words.
 *
 * @example Usage
 * ```ts
 * import { editDistance } from "@unroll/core/plugin/host";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(editDistance("gnu", "gru"), 1);
 * strictEqual(editDistance("ltsm", "lstm"), 1);
 * ```
 */
export function editDistance(from: string, to: string): number {
  const a = [...from];
  const b = [...to];
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
      }
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}

/**
 * Finds the known name that was probably meant.
 *
 * @param name What was typed.
 * @param known The names there are.
 * @returns The nearest name, or `undefined` when none is near: at most one letter in three may differ, and the
 *   beginning of just one name (of two letters or more) is near it too.
 *
 * @example Usage
 * ```ts
 * import { nearestName } from "@unroll/core/plugin/host";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(nearestName("gnu", ["mlp", "rnn", "gru", "lstm"]), "gru");
 * strictEqual(nearestName("transformer", ["mlp", "rnn", "gru", "lstm"]), undefined);
 * ```
 */
export function nearestName(
  name: string,
  known: readonly string[],
): string | undefined {
  // What is so long was not typed for a name, and comparing it would take long.
  if (name.length > LONGEST) return undefined;
  const typed = name.toLowerCase();
  let nearest: string | undefined;
  let minDistance = Infinity;
  for (const candidate of known) {
    const distance = editDistance(typed, candidate.toLowerCase());
    const allowed = Math.max(
      1,
      Math.floor(Math.max(typed.length, candidate.length) / 3),
    );
    // A one-letter change must leave a letter in place, or every short name is near every other.
    if (
      distance <= allowed &&
      distance < Math.max(typed.length, candidate.length) && distance < minDistance
    ) {
      nearest = candidate;
      minDistance = distance;
    }
  }
  if (nearest !== undefined) return nearest;
  const begun = known.filter((candidate) => candidate.toLowerCase().startsWith(typed));
  return typed.length >= 2 && begun.length === 1 ? begun[0] : undefined;
}

const LONGEST = 100;

/** Plurals that are not made with an s. */
const PLURALS: Readonly<Record<string, string>> = { axis: "axes", corpus: "corpora" };

/**
 * Makes the sentence for a name that is not known.
 *
 * @param kind What the name should have named, such as `model`.
 * @param name What was typed.
 * @param known The names there are, in the order to list them.
 * @returns One sentence with the nearest name, if there is one, and the list.
 *
 * @example Usage
 * ```ts
 * import { unknownName } from "@unroll/core/plugin";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(
 *   unknownName("model", "gnu", ["mlp", "rnn", "gru", "lstm"]),
 *   'Cannot find model "gnu": did you mean "gru"? Known models are mlp, rnn, gru, lstm',
 * );
 * ```
 */
export function unknownName(
  kind: string,
  name: string,
  known: readonly string[],
): string {
  const kinds = PLURALS[kind] ?? `${kind}s`;
  const list = known.length === 0 ? `there are no ${kinds}` : `known ${kinds} are ${someOf(known)}`;
  const nearest = nearestName(name, known);
  const shown = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
  if (nearest === undefined) return `Cannot find ${kind} "${shown}": ${list}`;
  return `Cannot find ${kind} "${name}": did you mean "${nearest}"? ${list[0].toUpperCase()}${
    list.slice(1)
  }`;
}

/** Names listed at most: of more, such as runs, the last few stand for all. */
const LISTED = 24;
const FEW = 5;

function someOf(names: readonly string[]): string {
  if (names.length <= LISTED) return names.join(", ");
  return `${names.slice(-FEW).join(", ")} and ${names.length - FEW} more`;
}
