/**
 * The verifier of certificates. It takes nothing from the prover but the file, and nothing from the
 * rest of the program.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Certificate, CodesCertificate, CycleCertificate } from "./certificate.ts";
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

/** One step of all layers: all that it can lead to, which is more than one where rounding could go two ways. */
export function step(net: Network, state: sets.Enclosure, symbol: number): sets.Enclosure[] {
  return stepFrom(net, state)(symbol);
}

/** The same for several symbols: what does not hang on them is computed once. */
function stepFrom(net: Network, state: sets.Enclosure): (symbol: number) => sets.Enclosure[] {
  const { hidden: n, cell, activation } = net;
  const width = state.rows[0].length;
  const parts = cell === "lstm" ? 2 : 1;
  const states = net.layers.map((_, l) => sets.slice(state, l * parts * n, (l + 1) * parts * n));
  const sums = net.layers.map((): sets.Enclosure[] => []);
  const next = (l: number, below: sets.Enclosure): sets.Enclosure => {
    const { input, recurrent } = net.layers[l];
    const h = sets.slice(states[l], 0, n);
    // The sums of both sides may be one, in any order, with their biases.
    const terms = n + below.rows.length + 4;
    const at = (gate: number) => ({ first: gate * n, count: n, terms, width });
    const given = (gate: number) => sets.linear(below, input, at(gate));
    const from = (x: sets.Enclosure, gate: number) => sets.linear(x, recurrent, at(gate));
    const kept = (gate: number) => sums[l][gate] ??= from(h, gate);
    const gate = (i: number) => sets.activate(sets.add(given(i), kept(i)), "sigmoid");
    if (cell === "rnn") return sets.activate(sets.add(given(0), kept(0)), activation);
    if (cell === "gru") {
      const [r, z] = [gate(0), gate(1)];
      const inner = net.reset === "after"
        ? sets.multiply(r, kept(2))
        : from(sets.multiply(r, h), 2);
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
    if (!all) throw new Refuted("rounding the state could go too many ways");
    return all.flatMap((one) =>
      upFrom(l + 1, sets.slice(one, 0, n)).map((above) => sets.join([one, above]))
    );
  };
  return (symbol) => {
    const symbols = Float32Array.from({ length: net.inputs }, (_, k) => Number(k === symbol));
    return upFrom(0, sets.point(symbols, width));
  };
}

/** How much greater than all others the right logit is, at least, anywhere in a set. */
export function marginOf(net: Network, state: sets.Enclosure, answer: number): number {
  const top = state.rows.length - (net.cell === "lstm" ? 2 : 1) * net.hidden;
  const width = state.rows[0].length;
  const { rows, box } = sets.linear(sets.slice(state, top, top + net.hidden), net.output, {
    width,
  });
  const others = rows.map((row, other) => {
    if (other === answer) return Infinity;
    const apart = rows[answer].map((value, i) => value - row[i]);
    return apart[0] - sets.spreadOf(apart) - box[answer] - box[other];
  });
  return others.includes(NaN) ? NaN : Math.min(...others);
}

function checkedMargin(net: Network, state: sets.Enclosure, answer: number, place: string): number {
  const margin = marginOf(net, state, answer);
  if (margin > 0) return margin;
  throw new Refuted(`the answer ${place} may be wrong, the margin is ${margin.toPrecision(3)}`);
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
  if (hash !== certificate.weights) throw new Refuted("it is about other weights");
  const net = readNetwork(checkpoint);
  if (net.task.name !== certificate.task) throw new Refuted("it is about another task");
  const right = specification(net.task.name, net.task.options);
  if (!right) throw new Refuted(`the verifier does not know what is right in ${net.task.name}`);
  if (net.inputs !== (right.symbols === 1 ? 0 : right.symbols)) {
    throw new Refuted(`the network reads ${net.inputs} symbols, and the task has ${right.symbols}`);
  }
  if (net.output.columns !== right.classes) {
    throw new Refuted(`of ${right.classes} answers the network has ${net.output.columns}`);
  }
  if (certificate.kind === "cycle") return verifyCycle(certificate, net, right);
  return verifyCodes(certificate, net, right);
}

/** From the start into an ellipsoid, and from there once round into itself. */
function verifyCycle(
  { prefix, period, centre, root }: CycleCertificate,
  net: Network,
  right: Specification,
): Verified {
  const n = startOf(net, 1).rows.length;
  const isWhole = [prefix, period].every((n) => Number.isInteger(n) && n > 0 && n <= LONGEST);
  if (
    net.snap || net.inputs > 0 || !isWhole || n > WIDEST || centre.length !== n || root.length !== n
  ) {
    throw new Refuted("it is no certificate of a network such as this");
  }
  const triangle = centre.map((c, i) =>
    Array.from({ length: n + 1 }, (_, j) => [c, ...root[i]][j] ?? 0)
  );
  const set = { rows: triangle, box: centre.map(() => 0) };
  const square = triangle.map((a) =>
    Float64Array.from(triangle, (b) => a.reduce((s, v, k) => k > 0 ? s + v * b[k] : s, 0))
  );
  let state = startOf(net, n + 1);
  let [margin, number, entry] = [Infinity, -1, -1];
  for (let t = 1; t <= prefix + period; t++) {
    const next = right.next(number, 0)!;
    const [image] = step(net, state, 0);
    margin = Math.min(margin, checkedMargin(net, image, next.answer, `to ${t - 1}`));
    number = next.state;
    const around = sets.ellipsoidAround(image);
    if (t === prefix || t === prefix + period) {
      const shift = image.rows.map(([c], i) => c - centre[i]);
      if (!sets.contains(square, around, shift)) {
        throw new Refuted(`step ${t} may lead out of the set`);
      }
    }
    const spread = sets.cholesky(around);
    if (!spread) throw new Refuted(`the states of step ${t} cannot be enclosed`);
    state = {
      rows: spread.map((row, i) => [image.rows[i][0], ...row]),
      box: set.box,
    };
    if (t === prefix) [state, entry] = [set, number];
  }
  if (number !== entry) throw new Refuted("its period is not one of the task's");
  return { margin, states: prefix + period };
}

/** All states that can be reached, where they are rounded. */
function verifyCodes({ states }: CodesCertificate, net: Network, right: Specification): Verified {
  if (!net.snap) throw new Refuted("the network does not round its states");
  const seen = new Set<string>();
  const open = [{ state: startOf(net, 1), number: -1 }];
  let margin = Infinity;
  for (let place = open.pop(); place; place = open.pop()) {
    const step = stepFrom(net, place.state);
    for (let symbol = 0; symbol < right.symbols; symbol++) {
      const next = right.next(place.number, symbol);
      if (!next) continue;
      for (const state of step(symbol)) {
        margin = Math.min(margin, checkedMargin(net, state, next.answer, `after ${symbol}`));
        const key = `${next.state} ${state.rows.map(([c]) => c).join()}`;
        if (seen.has(key)) continue;
        if (seen.size >= Math.min(states, LONGEST)) {
          throw new Refuted(`there are more than ${seen.size} states`);
        }
        seen.add(key);
        open.push({ state, number: next.state });
      }
    }
  }
  return { margin, states: seen.size };
}
