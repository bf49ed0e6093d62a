/**
 * The verifier of certificates. It takes nothing from the prover but the file, and nothing from the
 * rest of the program.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Certificate, CycleCertificate } from "./certificate.ts";
import * as sets from "./enclosure.ts";
import { type Network, readNetwork } from "./network.ts";
import { type Specification, specification } from "./specification.ts";

/** More steps or states are not looked at. */
const LONGEST = 2 ** 20;
/** Of more numbers in a state the shift in `contains()` may be less than its rounding. */
const WIDEST = 2000;

/** What is proven: after every word that the task has, the network's answer is right. */
export interface Verified {
  /** Least difference between the right logit and any other, over all states. */
  readonly margin: number;
  /** How many sets or states were looked at. */
  readonly states: number;
}

/** What a certificate says does not hold, or is not proven by it. */
export class Refuted extends Error {
  override readonly name = "Refuted";
}

function demand(holds: boolean, why: string): asserts holds {
  if (!holds) throw new Refuted(why);
}

/** Where sequences start. */
export function startOf(net: Network, width: number): sets.Enclosure {
  const parts = net.cell === "lstm" ? ["h", "c"] : ["h"];
  return sets.join(net.layers.flatMap((_, l) =>
    parts.map((part) => {
      const learned = net.initial?.[l][part];
      const given = sets.point(learned ?? new Float32Array(net.hidden), width);
      return learned && part === "h" ? sets.activate(given, net.activation) : given;
    })
  ));
}

/**
 * One step of all layers, for any symbol, as what does not hang on that is computed once: all that it can lead to, which
 * is more than one where rounding could go two ways.
 */
export function stepFrom(
  net: Network,
  state: sets.Enclosure,
): (symbol: number) => sets.Enclosure[] {
  const { hidden: n, cell, activation, reset } = net;
  const width = state.rows[0].length;
  const parts = cell === "lstm" ? 2 : 1;
  const states = net.layers.map((_, l) => sets.slice(state, l * parts * n, (l + 1) * parts * n));
  const sums = net.layers.map((): sets.Enclosure[] => []);
  const next = (l: number, below: sets.Enclosure): sets.Enclosure => {
    const { input, recurrent } = net.layers[l];
    const h = sets.slice(states[l], 0, n);
    // The sums of both sides may be one, in any order, with their biases.
    const terms = n + below.rows.length + 4;
    const at = (gate: number) => ({ first: gate * n, count: n, terms });
    const given = (gate: number) => sets.linear(below, input, width, at(gate));
    const from = (x: sets.Enclosure, gate: number) => sets.linear(x, recurrent, width, at(gate));
    const kept = (gate: number) => sums[l][gate] ??= from(h, gate);
    const gate = (i: number) => sets.activate(sets.add(given(i), kept(i)), "sigmoid");
    if (cell === "rnn") return sets.activate(sets.add(given(0), kept(0)), activation);
    if (cell === "gru") {
      const [r, z] = [gate(0), gate(1)];
      const inner = reset === "after" ? sets.multiply(r, kept(2)) : from(sets.multiply(r, h), 2);
      const candidate = sets.activate(sets.add(given(2), inner), activation);
      return sets.add(candidate, sets.multiply(z, sets.add(h, candidate, -1)));
    }
    const candidate = sets.activate(sets.add(given(2), kept(2)), activation);
    const forgot = sets.multiply(gate(1), sets.slice(states[l], n, 2 * n));
    const memory = sets.add(forgot, sets.multiply(gate(0), candidate));
    return sets.join([sets.multiply(gate(3), sets.activate(memory, activation)), memory]);
  };
  const upFrom = (l: number, below: sets.Enclosure): sets.Enclosure[] => {
    if (l === net.layers.length) return [{ rows: [], box: [] }];
    const made = next(l, below);
    const all = net.snap ? sets.snap(made) : [made];
    demand(all !== undefined, "rounding the state could go too many ways");
    return all.flatMap((one) =>
      upFrom(l + 1, sets.slice(one, 0, n)).map((above) => sets.join([one, above]))
    );
  };
  const oneHot = (symbol: number) => Array.from({ length: net.inputs }, (_, k) => +(k === symbol));
  return (symbol) => upFrom(0, sets.point(oneHot(symbol), width));
}

/** How much greater than all others the right logit is, at least, anywhere in a set. */
function marginOf(net: Network, state: sets.Enclosure, answer: number, place: string): number {
  const top = state.rows.length - (net.cell === "lstm" ? 2 : 1) * net.hidden;
  const h = sets.slice(state, top, top + net.hidden);
  const { rows, box } = sets.linear(h, net.output, state.rows[0].length);
  const margins = rows.map((row, other) => {
    if (other === answer) return Infinity;
    const apart = rows[answer].map((value, i) => value - row[i]);
    return apart[0] - sets.spreadOf(apart) - box[answer] - box[other];
  });
  // NaN if any is.
  const margin = Math.min(...margins);
  demand(margin > 0, `the answer ${place} may be wrong, the margin is ${margin.toPrecision(3)}`);
  return margin;
}

/**
 * Verifies a certificate.
 *
 * @param certificate What the file says.
 * @param checkpoint The file of weights.
 * @returns What is proven.
 * @throws {Refuted} If it does not hold.
 */
export function verify(certificate: Certificate, checkpoint: Uint8Array): Verified {
  const hash = createHash("sha256").update(checkpoint).digest("hex");
  demand(hash === certificate.weights, "it is about other weights");
  const net = readNetwork(checkpoint);
  const { name, options } = net.task;
  demand(certificate.task === name, `it is about ${certificate.task}, and this is ${name}`);
  const right = specification(name, options);
  demand(right !== undefined, `the verifier does not know what is right in ${name}`);
  const { symbols, classes } = right;
  const [reads, says] = [symbols === 1 ? 0 : symbols, net.output.columns];
  demand(
    net.inputs === reads,
    `the network reads ${net.inputs} symbols, and the task has ${symbols}`,
  );
  demand(says === classes, `of ${classes} answers the network has ${says}`);
  if (certificate.kind === "cycle") return verifyCycle(certificate, net, right);
  const { margin, states } = verifyCodes(certificate.states, net, right);
  demand(states === certificate.states, `it says ${certificate.states} states, it has ${states}`);
  return { margin, states };
}

/** From the start into an ellipsoid, and from there once round into itself. */
function verifyCycle(certificate: CycleCertificate, net: Network, right: Specification): Verified {
  const { prefix, period, centre, root } = certificate;
  const n = startOf(net, 1).rows.length;
  const isWhole = [prefix, period].every((n) => Number.isInteger(n) && n > 0 && n <= LONGEST);
  const isTriangle = centre.length === n && root.length === n &&
    root.every((row, i) => row.length === i + 1);
  const fits = !net.snap && net.inputs === 0 && n <= WIDEST;
  demand(fits && isWhole && isTriangle, "it is no certificate of a network such as this");
  const rows = centre.map((c, i) => [c, ...root[i], ...Array<number>(n - 1 - i).fill(0)]);
  const set = { rows, box: centre.map(() => 0) };
  let state = startOf(net, n + 1);
  let [margin, number, entry] = [Infinity, -1, -1];
  for (let t = 1; t <= prefix + period; t++) {
    const next = right.next(number, 0)!;
    const [image] = stepFrom(net, state)(0);
    margin = Math.min(margin, marginOf(net, image, next.answer, `to ${t - 1}`));
    number = next.state;
    const around = sets.ellipsoidAround(image);
    if (t === prefix || t === prefix + period) {
      const shift = image.rows.map(([c], i) => c - centre[i]);
      demand(sets.contains(sets.gram(rows), around, shift), `step ${t} may lead out of the set`);
    }
    const spread = sets.cholesky(around);
    demand(spread !== undefined, `the states of step ${t} cannot be enclosed`);
    state = { rows: spread.map((row, i) => [image.rows[i][0], ...row]), box: set.box };
    if (t === prefix) [state, entry] = [set, number];
  }
  demand(number === entry, "its period is not one of the task's");
  return { margin, states: prefix + period };
}

/** All states that can be reached, where they are rounded, if there are not more than so many. */
export function verifyCodes(most: number, net: Network, right: Specification): Verified {
  demand(net.snap, "the network does not round its states");
  const seen = new Set<string>();
  const open = [{ state: startOf(net, 1), number: -1 }];
  let margin = Infinity;
  for (let place = open.pop(); place; place = open.pop()) {
    const step = stepFrom(net, place.state);
    for (let symbol = 0; symbol < right.symbols; symbol++) {
      const next = right.next(place.number, symbol);
      if (!next) continue;
      for (const state of step(symbol)) {
        margin = Math.min(margin, marginOf(net, state, next.answer, `after ${symbol}`));
        const key = `${next.state} ${state.rows.map(([c]) => c).join()}`;
        if (seen.has(key)) continue;
        demand(seen.size < Math.min(most, LONGEST), `there are more than ${seen.size} states`);
        seen.add(key);
        open.push({ state, number: next.state });
      }
    }
  }
  return { margin, states: seen.size };
}
