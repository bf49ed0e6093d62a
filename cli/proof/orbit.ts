/**
 * The orbit of a network without input: it counts by itself, and sooner or later repeats itself.
 *
 * @module
 */
import { minimize, type MooreMachine, TICK } from "@unroll/core/automata";
import { argmaxAt, outputSize } from "@unroll/core/plugin";
import type { ExtractedMachine } from "./extract.ts";
import type { ExtractableRun } from "./network_answers.ts";

/** How a network repeats itself. */
export interface Orbit {
  /** Steps before it does. */
  readonly prefix: number;
  /** Steps after which its answers come again. */
  readonly period: number;
  /**
   * The greatest difference, in the last periods that were followed, of a hidden unit to itself a period
   * before; `undefined` if the network does not show them.
   */
  readonly distance?: number;
  /** After so many steps the hidden states are those of `exactPeriod` steps before, in every bit that is shown. */
  readonly exactPrefix?: number;
  /** Steps after which they come again. */
  readonly exactPeriod?: number;
}

/** Periods that must be seen at least, so that it is one. */
const TIMES = 4;

/**
 * Follows a network without input and makes a machine of what it says.
 *
 * @param run The network and its task.
 * @param steps How many steps.
 * @returns The least machine of its answers, which says `incomplete` if they do not repeat.
 */
export async function followOrbit(run: ExtractableRun, steps: number): Promise<ExtractedMachine> {
  const { predict, taskInstance: { spec } } = run;
  const classes = outputSize(spec);
  const { outputs, hidden, hiddenSize = 0 } = await predict({ length: steps });
  const said = Array.from({ length: steps }, (_, t) => argmaxAt(outputs, t * classes, classes));
  const common = { queries: steps, tried: 1 };
  const { prefix, period } = repetition(said);
  if (prefix + TIMES * period > steps) {
    // As far as it was followed, and what comes then is not known.
    const next = said.map((_, t) => [Math.min(t + 1, steps - 1)]);
    return {
      machine: { kind: "moore", alphabet: TICK, start: 0, next, outputs: said },
      ...common,
      agreed: 0,
      incomplete: `Its answers do not repeat within ${steps} steps`,
    };
  }
  const size = prefix + period;
  const machine: MooreMachine<number> = {
    kind: "moore",
    alphabet: TICK,
    start: 0,
    next: Array.from({ length: size }, (_, t) => [t + 1 < size ? t + 1 : prefix]),
    outputs: said.slice(0, size),
  };
  return {
    machine: minimize(machine),
    ...common,
    agreed: 1,
    orbit: {
      prefix,
      period,
      ...(hidden === undefined ? {} : nearness(hidden, hiddenSize, period)),
    },
  };
}

/**
 * Finds the shortest prefix and period with which a sequence ends: the least sum, as the period of its
 * reverse by the failure function of Knuth, Morris and Pratt (1977).
 */
function repetition(said: readonly number[]): { readonly prefix: number; readonly period: number } {
  const back = said.toReversed();
  // The longest proper end of each beginning that it begins with, too.
  const border = [0];
  let best = { prefix: said.length, period: said.length };
  for (let i = 1; i < back.length; i++) {
    let length = border[i - 1];
    while (length > 0 && back[length] !== back[i]) length = border[length - 1];
    border.push(back[length] === back[i] ? length + 1 : 0);
    const period = i + 1 - border[i];
    const prefix = said.length - (i + 1);
    if (prefix + period < best.prefix + best.period) best = { prefix, period };
  }
  return best;
}

/** How near the hidden states come to themselves, and where they are the same. */
function nearness(hidden: Float32Array, units: number, period: number): Partial<Orbit> {
  let distance = 0;
  for (let i = hidden.length - period * units; i < hidden.length; i++) {
    distance = Math.max(distance, Math.abs(hidden[i] - hidden[i - period * units]));
  }
  const bits = new Uint32Array(hidden.buffer, hidden.byteOffset, hidden.length);
  const exact = exactRepeat(bits, units);
  return { distance, ...exact && { exactPrefix: exact.prefix, exactPeriod: exact.period } };
}

/**
 * Finds where states have been before, in every bit.
 *
 * @param states Their bits, one state after the other.
 * @param width Numbers of a state.
 * @returns After how many steps they are those of `period` steps later; `undefined` if none comes again.
 */
export function exactRepeat(
  states: Uint32Array,
  width: number,
): { readonly prefix: number; readonly period: number } | undefined {
  const seen = new Map<string, number>();
  for (let t = 0; t < states.length / width; t++) {
    const key = states.subarray(t * width, (t + 1) * width).join();
    const prefix = seen.get(key);
    if (prefix !== undefined) return { prefix, period: t - prefix };
    seen.set(key, t);
  }
}
