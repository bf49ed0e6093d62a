/**
 * Finite-state machines: what tasks ask for any length of input, and what trained networks turn out to be.
 *
 * @example A number and whether it is even
 * ```ts
 * import { runMachine } from "@unroll/core/automata";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const parity = {
 *   kind: "moore",
 *   alphabet: ["tick"],
 *   start: 0,
 *   next: [[1], [0]],
 *   outputs: ["even", "odd"],
 * } as const;
 * deepStrictEqual(runMachine(parity, [0, 0, 0]).states, [0, 1, 0, 1]);
 * ```
 *
 * @module
 */
export { compareMachines, type CompareOptions, type Comparison } from "./compare.ts";
export { type DotOptions, machineToDot } from "./dot.ts";
export { factorMachine, type MachineFactor } from "./factor.ts";
export {
  type LearnedMachine,
  learnMachine,
  type LearnOptions,
  type MachineOracle,
  type TestWords,
  testWords,
} from "./learn.ts";
export {
  checkMachine,
  type Machine,
  type MachineRun,
  type MealyMachine,
  type MooreMachine,
  runMachine,
  TICK,
  toMealy,
  toMoore,
  type Transitions,
  type Word,
} from "./machine.ts";
export { minimize } from "./minimize.ts";
