/**
 * Random machines for property tests.
 *
 * @module
 */
import type { Machine } from "../automata/machine.ts";
import { type Arbitrary, fc } from "./fast_check.ts";

/** Machines of a kind with few states and outputs, so that many are alike; all of them over one alphabet. */
export function arbitraryMachine(
  kind: Machine["kind"],
  symbols: number,
  maxStates: number = 8,
): Arbitrary<Machine> {
  return fc.integer({ min: 1, max: maxStates }).chain((size) => {
    const state = fc.integer({ min: 0, max: size - 1 });
    const output = fc.constantFrom("a", "b", "c");
    const row = <Item>(item: Arbitrary<Item>) =>
      fc.array(item, { minLength: symbols, maxLength: symbols });
    const rows = <Item>(item: Arbitrary<Item>) =>
      fc.array(item, { minLength: size, maxLength: size });
    const shape = {
      alphabet: fc.constant(Array.from({ length: symbols }, (_, i) => String(i))),
      start: state,
      next: rows(row(state)),
    };
    const machine: Arbitrary<object> = kind === "moore"
      ? fc.record({ kind: fc.constant(kind), ...shape, outputs: rows(output) })
      : fc.record({ kind: fc.constant(kind), ...shape, outputs: rows(row(output)) });
    return machine as Arbitrary<Machine>;
  });
}

/** Pairs of machines of one kind over one alphabet. */
export function machinePairs(maxStates?: number): Arbitrary<readonly [Machine, Machine]> {
  return fc.tuple(
    fc.constantFrom<Machine["kind"]>("moore", "mealy"),
    fc.integer({ min: 1, max: 3 }),
  )
    .chain(([kind, symbols]) =>
      fc.tuple(
        arbitraryMachine(kind, symbols, maxStates),
        arbitraryMachine(kind, symbols, maxStates),
      )
    );
}

/** Machines of both kinds. */
export function machines(maxStates?: number): Arbitrary<Machine> {
  return machinePairs(maxStates).map(([machine]) => machine);
}
