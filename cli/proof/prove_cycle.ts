/**
 * Finds a certificate for a network without input: where its states go round, and an ellipsoid there
 * that a round leads into itself.
 *
 * @module
 */
import { certificateHead, type CycleCertificate } from "./certificate.ts";
import type { Network } from "./network.ts";
import { plainStart, plainStep } from "./plain_step.ts";
import { Refuted, verify } from "./verify.ts";

/** How far a network is followed before it must go round. */
const FAR = 3000;

/** The longest round. */
const LONGEST = 15 * 64;

/** How large ellipsoids are tried: the first are most often right. */
const SIZES = [0.03, 0.1, 0.01, 0.003, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5];

/** What was found. */
export interface CycleProof {
  readonly certificate: CycleCertificate;
  readonly margin: number;
  /** Spectral radius of the product of the Jacobians along the cycle: how much nearer a round brings states. */
  readonly contraction: number;
}

/**
 * Looks for a certificate.
 *
 * @param net The network.
 * @param checkpoint The file of weights that it was read from.
 * @param round How many steps the task's own round has, 15 for FizzBuzz.
 * @returns The certificate.
 * @throws {Refuted} If there is none to be found, with the reason.
 */
export function proveCycle(net: Network, checkpoint: Uint8Array, round: number): CycleProof {
  const head = certificateHead(net.task.name, checkpoint);
  const orbit = [plainStart(net)];
  for (let t = 0; t < FAR + LONGEST; t++) orbit.push(plainStep(net, orbit[t], 0));
  const period = periodOf(orbit, round);
  if (period === undefined) {
    throw new Refuted(
      `its states do not go round in ${LONGEST} steps or less, seen to step ${FAR}`,
    );
  }
  // A point of the cycle at each of its phases, as near as float64 comes.
  const at = (t: number) => orbit[FAR + ((t - FAR) % period + period) % period];
  const jacobians = Array.from({ length: period }, (_, t) => jacobian(net, at(t)));
  const n = orbit[0].length;
  const contraction = spectralRadius(jacobians, n);
  if (!(contraction < 1)) {
    throw new Refuted(
      `its cycle attracts nothing, a round makes distances ${
        contraction.toPrecision(3)
      } times as large`,
    );
  }
  const perStep = contraction ** (1 / period);
  let last: unknown;
  for (const share of [0.5, 0.25, 0.75]) {
    // Between the rate of the cycle and 1.
    const rate = Math.max(perStep ** share, 0.5);
    const root = invariantRoot(jacobians, rate, n);
    if (!root) continue;
    for (const size of SIZES) {
      const scaled = root.map((row) => row.map((value) => round6(value * size)));
      const inside = (t: number) => solveNorm(scaled, subtract(orbit[t], at(0)));
      for (const near of [0.7, 0.3, 0.1]) {
        let prefix = FAR % period;
        while (prefix === 0 || inside(prefix) > near) {
          prefix += period;
          if (prefix > FAR) break;
        }
        if (prefix > FAR) continue;
        const certificate: CycleCertificate = {
          ...head,
          kind: "cycle",
          prefix,
          period,
          centre: [...at(prefix)].map((value) => Number(value.toPrecision(9))),
          root: scaled,
        };
        try {
          return { certificate, margin: verify(certificate, checkpoint).margin, contraction };
        } catch (error) {
          if (!(error instanceof Refuted)) throw error;
          last = error;
        }
      }
    }
  }
  throw last ?? new Refuted("no ellipsoid was found that a round leads into itself");
}

const round6 = (value: number) => Number(value.toPrecision(6));

function subtract(x: Float64Array, y: Float64Array): Float64Array {
  return x.map((value, i) => value - y[i]);
}

/** The least multiple of a task's round after which states come back. */
function periodOf(orbit: readonly Float64Array[], round: number): number | undefined {
  for (let period = round; period <= LONGEST; period += round) {
    const apart = Math.max(...subtract(orbit[FAR], orbit[FAR + period]).map(Math.abs));
    if (apart < 1e-9) return period;
  }
}

/** The derivative of a step, by differences: row i, column j is ∂next_i / ∂state_j. */
function jacobian(net: Network, state: Float64Array): Float64Array[] {
  const n = state.length;
  const rows = Array.from({ length: n }, () => new Float64Array(n));
  const by = 1e-6;
  for (let j = 0; j < n; j++) {
    const moved = (sign: number) => {
      const there = state.slice();
      there[j] += sign * by;
      return plainStep(net, there, 0);
    };
    const [up, down] = [moved(1), moved(-1)];
    for (let i = 0; i < n; i++) rows[i][j] = (up[i] - down[i]) / (2 * by);
  }
  return rows;
}

function product(a: readonly Float64Array[], b: readonly Float64Array[]): Float64Array[] {
  return a.map((row) => {
    const result = new Float64Array(b[0].length);
    row.forEach((value, k) => {
      if (value !== 0) { for (let j = 0; j < result.length; j++) result[j] += value * b[k][j]; }
    });
    return result;
  });
}

const transpose = (a: readonly Float64Array[]) =>
  Array.from(a[0], (_, j) => Float64Array.from(a, (row) => row[j]));

/** Gelfand's formula, by squaring. */
function spectralRadius(jacobians: readonly Float64Array[][], n: number): number {
  let power: Float64Array[] = jacobians.reduce((all, next) => product(next, all));
  let log = 0;
  const squarings = 12;
  for (let k = 0; k <= squarings; k++) {
    const size = Math.sqrt(power.reduce((sum, row) => sum + row.reduce((s, v) => s + v * v, 0), 0));
    if (size === 0) return 0;
    log += Math.log(size) / 2 ** k;
    power = power.map((row) => row.map((value) => value / size));
    if (k < squarings) power = product(power, power);
  }
  return Math.exp(log) * n ** (-0.5 / 2 ** squarings);
}

/**
 * The root of the periodic solution of Σ′ = J Σ Jᵀ / rate² + 1, the shapes of ellipsoids of which each
 * holds the image of the one before, `rate` times as large, at the first phase.
 */
function invariantRoot(
  jacobians: readonly Float64Array[][],
  rate: number,
  n: number,
): number[][] | undefined {
  let shape = Array.from(
    { length: n },
    (_, i) => Float64Array.from({ length: n }, (_, j) => Number(i === j)),
  );
  for (let round = 0; round < 200; round++) {
    const before = shape;
    for (const step of jacobians) {
      shape = product(product(step, shape), transpose(step))
        .map((row, i) => row.map((value, j) => value / rate ** 2 + Number(i === j)));
    }
    const change = Math.max(
      ...shape.map((row, i) => Math.max(...row.map((v, j) => Math.abs(v - before[i][j])))),
    );
    const size = Math.max(...shape.map((row, i) => row[i]));
    if (!(size < 1e12)) return undefined;
    if (change < 1e-6 * size) break;
  }
  return triangle(shape);
}

/** Cholesky's factor, its rows as long as they must be. */
function triangle(square: readonly Float64Array[]): number[][] {
  const root: number[][] = [];
  for (const [i, row] of square.entries()) {
    root.push([]);
    for (let j = 0; j <= i; j++) {
      let sum = row[j];
      for (let k = 0; k < j; k++) sum -= root[i][k] * root[j][k];
      root[i].push(i === j ? Math.sqrt(Math.max(sum, 1e-30)) : sum / root[j][j]);
    }
  }
  return root;
}

/** How large the vector is for whom the root's ellipsoid is the unit ball. */
function solveNorm(root: readonly number[][], vector: Float64Array): number {
  const solution: number[] = [];
  root.forEach((row, i) => {
    let sum = vector[i];
    for (let k = 0; k < i; k++) sum -= row[k] * solution[k];
    solution.push(sum / row[i]);
  });
  return Math.hypot(...solution);
}
