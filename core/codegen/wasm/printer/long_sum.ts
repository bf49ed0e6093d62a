/**
 * Sums of many terms. Each addition rounds in proportion to the sum so far, so that a chain of n additions of
 * equal numbers may be off by n · 2⁻²⁶ of itself. Long chains are therefore cut: after {@linkcode CHAIN_TERMS}
 * additions they are added to totals of double floats, and start again from zero. However long, a sum of equal
 * numbers is then off by no more than 64 · 2⁻²⁶ of itself, 1e-6, and rounding the chains and the result; any
 * sum by no more than four times as much of the sum of absolute values. Chains of up to
 * {@linkcode SHORT_CHAIN} additions, twice that, are left alone: those of up to 2048 elements along the
 * vectors, or of up to 128 rows, or twice or four times that where there are few columns.
 *
 * @module
 */
import type { Axis } from "../../../ir/expression.ts";
import type { ReduceKernel } from "../../../loops/program.ts";
import { f64x2, type FunctionBuilder, type Local } from "../assembler/module.ts";
import { clearSums, narrow, pushWide } from "../matmul/sums.ts";
import type { Pause } from "./loops.ts";

/** Chains up to this length are left alone. */
const SHORT_CHAIN = 128;
/** Additions to a chain before it starts again. */
const CHAIN_TERMS = 64;

/** A sum whose chains are cut. */
export interface LongSum {
  /** Where, and what is done there. */
  readonly pause: Pause;
  /** Adds the totals to the first chain. */
  readonly finish: () => void;
}

/** The chains of a fold, and what is around an addition to one. */
export interface Chains {
  /** Each chain: some vectors of sums, which start from zero. */
  readonly sums: readonly (readonly Local[])[];
  /** Adds all chains to the first. */
  readonly foldChains: () => void;
  /** Loops and their rounds, innermost first. */
  readonly loops: readonly (readonly [axis: Axis, rounds: number])[];
}

/** Cuts the chains of a fold, if it is a sum of floats and they are long. */
export function longSum(
  code: FunctionBuilder,
  { operation, value: { dtype } }: ReduceKernel,
  chains: Chains,
): LongSum | undefined {
  if (operation !== "sum" || dtype !== "f32") return undefined;
  if (chains.loops.reduce((n, [, rounds]) => n * rounds, 1) <= SHORT_CHAIN) return undefined;
  // The innermost loop that goes on for too long pauses.
  let inside = 1;
  for (const [axis, rounds] of chains.loops) {
    if (inside * rounds > CHAIN_TERMS) {
      return cutChains(code, chains, axis, Math.floor(CHAIN_TERMS / inside));
    }
    inside *= rounds;
  }
  return undefined;
}

function cutChains(
  code: FunctionBuilder,
  { sums, foldChains }: Chains,
  axis: Axis,
  rounds: number,
): LongSum {
  const [first] = sums;
  const totals = first.map(() => code.locals("v128", 2));
  clearSums(code, totals.flat());
  const pushTotal = (v: number, half: 0 | 1) => {
    code.get(totals[v][half]);
    pushWide(code, first[v], half);
    code.op(f64x2.add);
  };
  const flush = () => {
    foldChains();
    totals.forEach((total, v) => {
      for (const half of [0, 1] as const) {
        pushTotal(v, half);
        code.set(total[half]);
      }
    });
    clearSums(code, sums.flat());
  };
  const finish = () =>
    first.forEach((sum, v) => {
      narrow(code, (half) => pushTotal(v, half));
      code.set(sum);
    });
  return { pause: { axis, rounds, flush }, finish };
}
