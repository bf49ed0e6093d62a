/**
 * Reductions as code. Vectors lie along an axis of the result, each lane a fold of its own; or along an
 * axis that is folded, where the lanes are folded at the end. Several folds run side by side, so that
 * they need not wait for each other, which also rounds better. Long sums are cut; see `long_sum.ts`.
 *
 * @module
 */
import type { Axis } from "../../../ir/expression.ts";
import type { ReduceKernel } from "../../../loops/program.ts";
import type { DType } from "../../../ir/tensor_type.ts";
import { f32x4, type FunctionBuilder, i32x4, type Local, v128 } from "../assembler/module.ts";
import { instructionsOf } from "../../cpu/instructions.ts";
import type { Emitter } from "./emitter.ts";
import { longSum } from "./long_sum.ts";
import { forPoints, forVectors, LANES, type Pause, repeatAxis } from "./loops.ts";
import { printMap } from "./map_kernel.ts";
import {
  chooseFoldAxis,
  LANES_COST,
  resultOfFold,
  unfoldedKernel,
} from "../../cpu/plain_kernels.ts";

/** Folds that run side by side. */
const CHAINS = 4;
/** Vectors of results that are folded together. */
const BLOCK = 8;

/** Emits a reduction. */
export function printReduce(emitter: Emitter, kernel: ReduceKernel): void {
  if (kernel.inner.length === 0 && kernel.operation !== "argmax") {
    return printMap(emitter, unfoldedKernel(kernel));
  }
  const { across, along } = chooseFoldAxis(kernel);
  if (along) printAlong(emitter, kernel, along);
  else printAcross(emitter, kernel, across);
}

/** What a fold starts from. */
function pushIdentity(code: FunctionBuilder, { operation, value: { dtype } }: ReduceKernel): void {
  if (operation === "sum") code.i32x4Const(0);
  else if (dtype === "f32") code.f32x4Const(-Infinity);
  else code.i32x4Const(dtype === "i32" ? -(2 ** 31) : 0);
}

/** Folds the vector on the stack into a local. */
function foldInto(code: FunctionBuilder, kernel: ReduceKernel, sum: Local): void {
  code.get(sum);
  if (kernel.operation === "max" && kernel.value.dtype === "f32") {
    // Engines make eight instructions of `max`, which knows of NaN; these are three.
    code.op(f32x4.pmax);
    code.get(sum, sum);
    code.op(f32x4.ne);
    code.op(v128.or);
  } else code.op(foldOperation(kernel.operation, kernel.value.dtype));
  code.set(sum);
}

function foldOperation(operation: string, dtype: DType) {
  if (operation === "sum") return dtype === "f32" ? f32x4.add : i32x4.add;
  return dtype === "f32" ? f32x4.max : dtype === "i32" ? i32x4.max_s : i32x4.max_u;
}

/** Vectors along an axis of the result, or single results if there is none to lie along. */
function printAcross(emitter: Emitter, kernel: ReduceKernel, axis: Axis | undefined): void {
  const { axes, inner, value, stores } = kernel;
  const { code } = emitter;
  const work = instructionsOf([value]) * inner.reduce((n, { extent }) => n * extent, 1);
  const hoist = () => {
    emitter.hoist([value]);
    emitter.hoistStores(stores);
  };
  const others = axes.filter((other) => other !== axis);
  emitter.along(axis, () => {
    forPoints(emitter, others, { work: work * (axis?.extent ?? 1), hoist }, () => {
      if (!axis) return emitter.within([], () => printBlock(emitter, kernel, undefined, [0]), 1);
      const vectors = Math.ceil(axis.extent / LANES);
      const whole = Math.floor(axis.extent / LANES);
      const block = kernel.operation === "argmax" ? 1 : Math.min(BLOCK, whole);
      let done = 0;
      if (block > 0 && Math.floor(whole / block) > 1) {
        done = Math.floor(whole / block) * block;
        code.repeat({ to: done * LANES, step: block * LANES }, (local) => {
          const starts = Array.from({ length: block }, (_, i) => i * LANES);
          emitter.within([[axis, { local, constant: 0 }]], () => {
            printBlock(emitter, kernel, { axis, local }, starts);
          });
        });
      }
      // What is left: whole vectors, then the shorter one, whose lanes must not be stored.
      const rest = Array.from({ length: vectors - done }, (_, i) => (done + i) * LANES);
      const size = kernel.operation === "argmax" ? 1 : BLOCK;
      for (let i = 0; i < rest.length; i += size) {
        emitter.within([], () => {
          printBlock(emitter, kernel, { axis }, rest.slice(i, i + size));
        });
      }
    });
  });
}

/** Folds some vectors of results next to each other, and stores them. */
function printBlock(
  emitter: Emitter,
  kernel: ReduceKernel,
  at: { readonly axis: Axis; readonly local?: Local } | undefined,
  starts: readonly number[],
): void {
  const { inner, value, stores } = kernel;
  const { code } = emitter;
  const each = (body: (i: number) => void) =>
    starts.forEach((constant, i) => {
      if (!at) return emitter.within([], () => body(i));
      const lanes = at.local === undefined ? Math.min(LANES, at.axis.extent - constant) : LANES;
      emitter.within([[at.axis, { local: at.local, constant }]], () => body(i), lanes);
    });
  const result = resultOfFold(kernel);
  if (kernel.operation === "argmax") {
    return each(() => {
      emitter.know(result, printArgmax(emitter, kernel));
      emitter.emitStores(stores);
    });
  }
  const last = inner[inner.length - 1];
  const wanted = Math.max(1, Math.floor(2 * CHAINS / starts.length));
  const chains = Math.min(CHAINS, wanted, Math.max(1, last.extent));
  const sums = Array.from({ length: chains }, () => code.locals("v128", starts.length));
  for (const sum of sums.flat()) {
    pushIdentity(code, kernel);
    code.set(sum);
  }
  const hoist = () => emitter.hoist([value]);
  const step = (chain: number) =>
    each((i) => {
      emitter.push(value);
      foldInto(code, kernel, sums[chain][i]);
    });
  const work = instructionsOf([value]) * starts.length;
  const others = inner.slice(0, -1);
  const foldChains = () => {
    for (const chain of sums.slice(1)) {
      chain.forEach((sum, i) => {
        code.get(sum);
        foldInto(code, kernel, sums[0][i]);
      });
    }
  };
  const rounds = Math.ceil(last.extent / chains);
  const long = longSum(code, kernel, {
    sums,
    foldChains,
    loops: loopsAround(last, rounds, others),
  });
  const pause = long?.pause;
  forPoints(emitter, others, { work: work * last.extent, hoist, pause }, () => {
    forChains(emitter, last, { work, hoist, chains, pause }, step);
  });
  foldChains();
  long?.finish();
  each((i) => {
    emitter.know(result, sums[0][i]);
    emitter.emitStores(stores);
  });
}

/** The loops of a fold with their rounds, innermost first. */
function loopsAround(
  last: Axis,
  rounds: number,
  others: readonly Axis[],
): (readonly [Axis, number])[] {
  return [[last, rounds], ...others.toReversed().map((axis) => [axis, axis.extent] as const)];
}

/** A loop whose rounds go to several chains in turn. */
function forChains(
  emitter: Emitter,
  axis: Axis,
  { work, hoist, chains, pause }: {
    readonly work: number;
    readonly hoist: () => void;
    readonly chains: number;
    readonly pause: Pause | undefined;
  },
  step: (chain: number) => void,
): void {
  const straight = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      emitter.within([[axis, { constant: i }]], () => step((i - from) % chains));
    }
  };
  if (axis.extent * work <= 96 || axis.extent < 2 * chains) return straight(0, axis.extent);
  const whole = Math.floor(axis.extent / chains) * chains;
  repeatAxis(emitter.code, axis, { to: whole, step: chains, pause }, (local) => {
    emitter.within([[axis, { local, constant: 0 }]], () => {
      hoist();
      for (let c = 0; c < chains; c++) {
        emitter.within([[axis, { local, constant: c }]], () => step(c));
      }
    });
  });
  straight(whole, axis.extent);
}

/** The first place of the greatest value, in each lane; NaN is greater than all, and stays. */
function printArgmax(emitter: Emitter, { inner: [axis], value }: ReduceKernel): Local {
  const { code } = emitter;
  const [best, place] = code.locals("v128", 2);
  if (value.dtype === "f32") code.f32x4Const(-Infinity);
  else code.i32x4Const(-(2 ** 31));
  code.set(best);
  code.i32x4Const(0);
  code.set(place);
  code.repeat({ to: axis.extent }, (local) => {
    emitter.within([[axis, { local, constant: 0 }]], () => {
      const found = emitter.vector(value);
      if (value.dtype === "f32") {
        code.get(best, best);
        code.op(f32x4.eq);
        code.get(found, best);
        code.op(f32x4.le);
        code.op(v128.andnot);
      } else {
        code.get(found, best);
        code.op(i32x4.gt_s);
      }
      const greater = code.take("v128");
      code.get(local);
      code.op(i32x4.splat);
      code.get(place, greater);
      code.op(v128.bitselect);
      code.set(place);
      code.get(found, best, greater);
      code.op(v128.bitselect);
      code.set(best);
    });
  });
  return place;
}

/** Vectors along an axis that is folded. */
function printAlong(emitter: Emitter, kernel: ReduceKernel, axis: Axis): void {
  const { axes, inner, value, stores } = kernel;
  const { code } = emitter;
  const work = instructionsOf([value]);
  const hoist = () => emitter.hoist([value]);
  const others = inner.filter((other) => other !== axis);
  const terms = inner.reduce((n, { extent }) => n * extent, 1);
  const vectors = Math.ceil(axis.extent / LANES);
  const chains = Math.min(CHAINS, vectors);
  const outside = () => {
    emitter.along(axis, hoist);
    emitter.hoistStores(stores);
  };
  forPoints(emitter, axes, { work: work * terms + LANES_COST, hoist: outside }, () => {
    const sums = code.locals("v128", chains);
    for (const sum of sums) {
      pushIdentity(code, kernel);
      code.set(sum);
    }
    const foldChains = () => {
      for (let half = chains; half > 1; half = Math.ceil(half / 2)) {
        for (let i = Math.ceil(half / 2); i < half; i++) {
          code.get(sums[i]);
          foldInto(code, kernel, sums[i - Math.ceil(half / 2)]);
        }
      }
    };
    const loops = loopsAround(axis, Math.ceil(vectors / chains), others);
    const long = longSum(code, kernel, { sums: sums.map((sum) => [sum]), foldChains, loops });
    const pause = long?.pause;
    emitter.along(axis, () => {
      forPoints(emitter, others, { work: work * vectors, hoist, pause }, () => {
        forVectors(emitter, axis, { work, hoist, unroll: chains, pause }, (position) => {
          emitter.push(value);
          keepLanes(code, kernel, emitter.frame.lanes);
          foldInto(code, kernel, sums[position]);
        });
      });
    });
    foldChains();
    long?.finish();
    foldLanes(code, kernel, sums[0]);
    emitter.within([], () => {
      emitter.know(resultOfFold(kernel), sums[0]);
      emitter.emitStores(stores);
    }, 1);
  });
}

/** Replaces lanes that do not count, of the vector on the stack, by what changes no fold. */
function keepLanes(code: FunctionBuilder, kernel: ReduceKernel, lanes: number): void {
  if (lanes === LANES) return;
  const word = (i: number) => i < lanes ? 0xffffffff : 0;
  const mask = () => code.v128Const([word(0), word(1), word(2), word(3)]);
  if (kernel.operation === "sum") {
    mask();
    return code.op(v128.and);
  }
  pushIdentity(code, kernel);
  mask();
  code.op(v128.bitselect);
}

/** Folds the lanes of a local; all of them get the result. */
function foldLanes(code: FunctionBuilder, kernel: ReduceKernel, sum: Local): void {
  for (const order of [[2, 3, 0, 1], [1, 0, 3, 2]] as const) {
    code.get(sum, sum);
    code.shuffle(order);
    foldInto(code, kernel, sum);
  }
}
