/**
 * Sums of many terms. Each addition rounds a sum in proportion to its size, so that a chain of n additions of
 * equal numbers may be off by n · 2⁻²⁶ of itself. Chains are therefore short: after some rounds of a loop they
 * are added to totals of double floats, and start again from zero. However long, a sum of equal numbers is off
 * by no more than {@linkcode CHAIN_TERMS} · 2⁻²⁶ = 1e-6 of itself, and the last rounding; any sum by no more
 * than four times that of the sum of absolute values.
 *
 * @module
 */
import type { Axis } from "../expression.ts";
import type { ReduceKernel } from "../kernel.ts";
import { f64x2, type FunctionBuilder, type Local } from "../wasm/module.ts";
import { narrow, pushWide } from "../wasm/wide_sums.ts";
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
  let terms = chains.loops.reduce((n, [, rounds]) => n * rounds, 1);
  if (terms <= SHORT_CHAIN) return undefined;
  terms = 1;
  for (const [axis, rounds] of chains.loops) {
    if (terms * rounds > CHAIN_TERMS) {
      return cutChains(code, chains, axis, Math.floor(CHAIN_TERMS / terms));
    }
    terms *= rounds;
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
  const clear = (locals: readonly Local[]) => {
    for (const local of locals) {
      code.i32x4Const(0);
      code.set(local);
    }
  };
  clear(totals.flat());
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
    clear(sums.flat());
  };
  const finish = () =>
    first.forEach((sum, v) => {
      narrow(code, (half) => pushTotal(v, half));
      code.set(sum);
    });
  return { pause: { axis, rounds, flush }, finish };
}
