/**
 * Whether the float32 program of a network without input repeats itself bit by bit, from which on it
 * does so for ever.
 *
 * @module
 */
import { argmaxAt, outputSize } from "@unroll/core/plugin";
import type { LoadedRun } from "@unroll/core/runs";
import { hashOf, type RepeatCertificate } from "./certificate.ts";
import { exactRepeat } from "./orbit.ts";
import { Refuted } from "./verify.ts";

/** How far a network is followed. */
const FOLLOWED = 8192;

/** What repeats. */
export type Repeat = Pick<RepeatCertificate, "device" | "prefix" | "period" | "states">;

/**
 * Follows a network until its state has been there before.
 *
 * @param run The run, whose task has no input.
 * @param steps How far.
 * @returns When it repeats itself, `undefined` if it was not seen to, or does not show its whole state.
 */
export async function findRepeat(
  run: LoadedRun,
  steps: number = FOLLOWED,
): Promise<Repeat | undefined> {
  const { states, width } = await statesOf(run, steps);
  const found = exactRepeat(states, width);
  if (found === undefined) return undefined;
  const { prefix, period } = found;
  const bits = states.subarray(prefix * width, (prefix + period) * width);
  return { device: run.device, prefix, period, states: hashOfStates(bits) };
}

/**
 * Runs the program again, until it has repeated itself once, and looks at all its answers till then.
 *
 * @param repeat What was found.
 * @param run The run, on the same device.
 * @throws {Refuted} If the bits or an answer are not as they should be.
 */
export async function verifyRepeat(
  { prefix, period, states: hash, device }: Repeat,
  run: LoadedRun,
): Promise<void> {
  if (device !== run.device) throw new Refuted(`it is about ${device}, and this is ${run.device}`);
  const isWhole = [prefix, period].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!isWhole || period < 1 || prefix + period > 2 ** 20) {
    throw new Refuted("its numbers of steps are none");
  }
  const machine = run.taskInstance.machine?.().machine;
  if (machine?.kind !== "moore" || machine.alphabet.length !== 1) {
    throw new Refuted("the task has input, or is no machine");
  }
  const { states, width, said } = await statesOf(run, prefix + period + 1);
  const at = (t: number) => states.subarray(t * width, (t + 1) * width).join();
  const round = states.subarray(prefix * width, (prefix + period) * width);
  if (at(prefix) !== at(prefix + period) || hashOfStates(round) !== hash) {
    throw new Refuted("the program does not repeat itself as it says");
  }
  // After as many rounds as the task has states, one of them has come again with the network's.
  let state = machine.start;
  for (let t = 0; t < prefix + machine.outputs.length * period; t++) {
    const step = t < prefix ? t : prefix + (t - prefix) % period;
    if (said[step] !== machine.outputs[state]) throw new Refuted(`the answer to ${t} is wrong`);
    state = machine.next[state][0];
  }
}

/** Everything that goes from step to step, as bits, and what was answered. */
async function statesOf(run: LoadedRun, length: number) {
  const { outputs, hidden, hiddenSize: units = 0, parts } = await run.predict({
    length,
    capture: true,
  });
  const { cell } = parts ?? {};
  const classes = outputSize(run.taskInstance.spec);
  const { name, options } = run.config.model;
  const isWhole = hidden !== undefined && ["rnn", "gru", "lstm"].includes(name) &&
    options.layers === 1;
  if (!isWhole) throw new Refuted("the model does not show its whole state");
  const all = [hidden, ...cell === undefined ? [] : [cell]];
  const width = units * all.length;
  const states = new Uint32Array(length * width);
  all.forEach((part, i) => {
    const bits = new Uint32Array(part.buffer, part.byteOffset, part.length);
    for (let t = 0; t < length; t++) {
      states.set(bits.subarray(t * units, (t + 1) * units), t * width + i * units);
    }
  });
  const said = Array.from({ length }, (_, t) => argmaxAt(outputs, t * classes, classes));
  return { states, width, said };
}

function hashOfStates(states: Uint32Array): string {
  return hashOf(new Uint8Array(states.buffer, states.byteOffset, states.byteLength));
}
