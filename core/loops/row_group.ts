/**
 * Finds steps whose rows, usually those of a batch, never meet, from the first product of a network to the last slope:
 * all but what sums over the batch or goes on from such sums.
 *
 * @module
 */
import type { Buffer } from "../ir/expression.ts";
import { type Access, accessesOf } from "./accesses.ts";
import { loopCost } from "./cost.ts";
import { kernelsOf, type Step } from "./program.ts";
import { findRows, RowCut, type Rows } from "./rows.ts";

/** Steps in three parts, which may run one after the other. */
export interface RowGroup {
  /** What does not depend on the group. */
  readonly before: readonly Step[];
  /** The group, cut into rows. */
  readonly rows: Rows;
  /** All else. */
  readonly after: readonly Step[];
}

/** Steps that are tried as the first of a group. */
const MAX_SEEDS = 3;

/**
 * Groups as many of some steps as can be.
 *
 * @param steps The steps.
 * @param mayCut Whether a number of rows will do.
 * @returns The group that has most to do, or `undefined` if there is none.
 */
export function findRowGroup(
  steps: readonly Step[],
  mayCut: (extent: number) => boolean,
): RowGroup | undefined {
  const loops = steps.filter(({ kind }) => kind === "loop");
  const seeds = (loops.length > 0 ? loops : steps.filter(({ kind }) => kind === "matmul"))
    .map((step) => ({ step, cost: loopCost([step]) }))
    .sort((a, b) => b.cost - a.cost)
    .slice(0, MAX_SEEDS);
  let [best, most]: [RowGroup | undefined, number] = [undefined, 0];
  for (const { step: seed } of seeds) {
    const rows = findRows([seed]);
    if (!rows || !mayCut(rows.extent)) continue;
    const group = grow(steps, seed, rows);
    const own = loopCost(group.rows.steps);
    if (own > most) [best, most] = [group, own];
  }
  return best;
}

/** Adds to the rows of one step those of others. */
function grow(steps: readonly Step[], seed: Step, first: Rows): RowGroup {
  const before: Step[] = [];
  const after: Step[] = [];
  const cut = RowCut.of(first);
  const members = new Set([seed]);
  const join = (step: Step): boolean => {
    const joins = cut.extend(step);
    if (joins) members.add(step);
    return joins;
  };
  const [group, later] = [new Touched(), new Touched()];
  for (const step of steps) {
    const accesses = accessesIn(step);
    const isLater = later.meets(accesses);
    if (step === seed && isLater) {
      // What it needs comes before it.
      const at = steps.indexOf(seed);
      const rest = grow(steps.slice(at), seed, first);
      return { ...rest, before: [...steps.slice(0, at), ...rest.before] };
    }
    if (step === seed || (!isLater && join(step))) group.add(accesses);
    else if (isLater || group.meets(accesses)) {
      after.push(step);
      later.add(accesses);
    } else before.push(step);
  }
  // What begins a buffer of a step that joined after it.
  const kept = new Touched();
  const remaining: Step[] = [];
  for (const step of before.toReversed()) {
    const accesses = accessesIn(step);
    if (!kept.meets(accesses) && join(step)) continue;
    kept.add(accesses);
    remaining.unshift(step);
  }
  const own = (step: Step) => step === seed ? first.steps : members.has(step) ? [step] : [];
  return { before: remaining, rows: cut.finish(steps.flatMap(own)), after };
}

/** Lists everything that a step touches. */
export function accessesIn(step: Step): Access[] {
  return kernelsOf([step]).flatMap(accessesOf);
}

/** The buffers that some steps touch. */
export class Touched {
  readonly #read = new Set<Buffer>();
  readonly #written = new Set<Buffer>();

  /** Adds what a step touches. */
  add(accesses: readonly Access[]): void {
    for (const { buffer, write } of accesses) (write ? this.#written : this.#read).add(buffer);
  }

  /** Returns whether a step that touches this must keep its place before or after these steps. */
  meets(accesses: readonly Access[]): boolean {
    return accesses.some(({ buffer, write }) =>
      this.#written.has(buffer) || (write && this.#read.has(buffer))
    );
  }
}
