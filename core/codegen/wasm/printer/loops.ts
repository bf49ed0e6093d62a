/**
 * Prints loops over axes: counted, or written out where they are short.
 *
 * @module
 */
import type { Axis } from "../../../ir/expression.ts";
import { type FunctionBuilder, i32, type Local } from "../assembler/module.ts";
import type { Binding } from "./frame.ts";

/** What loops need of the emitter that writes their bodies. */
export interface LoopHost {
  /** Where code goes. */
  readonly code: FunctionBuilder;
  /** Runs `body` with axes bound. */
  within(axes: readonly (readonly [Axis, Binding])[], body: () => void, lanes?: number): void;
}

/** Floats in a vector. */
export const LANES = 4;
/** Work, in instructions, that may be written out instead of looped over. */
const STRAIGHT_LINE = 96;
/** Work of a loop's body that hides the loop itself. */
const BODY = 24;

/** What is done now and then in a loop. */
export interface Pause {
  /** The axis that the loop is over. */
  readonly axis: Axis;
  /** Rounds of it from one time to the next. */
  readonly rounds: number;
  /** What is done. */
  readonly flush: () => void;
}

/** Emits a counted loop over an axis, up to a constant; with pauses if it is the axis that has them. */
export function repeatAxis(
  code: FunctionBuilder,
  axis: Axis,
  { to, step = 1, pause }: {
    readonly to: number;
    readonly step?: number;
    readonly pause?: Pause;
  },
  body: (local: Local) => void,
): void {
  const block = pause?.axis === axis ? pause.rounds * step : to;
  if (to <= block) return code.repeat({ to, step }, body);
  code.repeat({ to, step: block }, (from) => {
    code.get(from);
    code.i32Const(block);
    code.op(i32.add);
    const end = code.take("i32");
    if (to % block > 0) {
      code.get(end);
      code.i32Const(to);
      code.get(end);
      code.i32Const(to);
      code.op(i32.lt_s);
      code.select();
      code.set(end);
    }
    code.repeat({ from: { local: from }, to: { local: end }, step }, body);
    pause?.flush();
  });
}

/**
 * Visits vectors of elements along an axis, the last one perhaps shorter. Several vectors next to each
 * other may be visited in one round of the loop; `body` is told which of them it is.
 */
export function forVectors(
  emitter: LoopHost,
  axis: Axis,
  options: {
    readonly work: number;
    readonly hoist: () => void;
    readonly unroll?: number;
    readonly pause?: Pause;
    /** Visits all vectors of a round at once. */
    readonly together?: (points: readonly (readonly [Axis, Binding])[][]) => void;
  },
  body: (position: number) => void,
): void {
  const vectors = Math.ceil(axis.extent / LANES);
  const unroll = options.unroll ?? Math.max(1, Math.min(4, Math.floor(BODY / options.work)));
  const straight = (from: number) => {
    for (let v = from; v < vectors; v++) {
      const lanes = Math.min(LANES, axis.extent - v * LANES);
      emitter.within(
        [[axis, { constant: v * LANES }]],
        () => body((v - from) % unroll),
        lanes,
      );
    }
  };
  const whole = Math.floor(axis.extent / (LANES * unroll)) * unroll;
  if (vectors <= unroll || vectors * options.work <= STRAIGHT_LINE || whole <= unroll) {
    return straight(0);
  }
  const bounds = { to: whole * LANES, step: unroll * LANES, pause: options.pause };
  repeatAxis(emitter.code, axis, bounds, (local) => {
    emitter.within([[axis, { local, constant: 0 }]], () => {
      if (unroll === 1) return body(0);
      options.hoist();
      const points = Array.from({ length: unroll }, (_, u): (readonly [Axis, Binding])[] => [
        [axis, { local, constant: u * LANES }],
      ]);
      if (options.together) return options.together(points);
      points.forEach((point, u) => emitter.within(point, () => body(u)));
    });
  });
  straight(whole);
}

/** Visits all points of some axes, outermost first; `hoist` is called before each loop. */
export function forPoints(
  emitter: LoopHost,
  axes: readonly Axis[],
  options: { readonly work: number; readonly hoist: () => void; readonly pause?: Pause },
  body: () => void,
): void {
  options.hoist();
  const [axis, ...rest] = axes;
  if (!axis) return body();
  const inside = () => forPoints(emitter, rest, options, body);
  const all = rest.reduce((n, { extent }) => n * extent, options.work);
  if (axis.extent * all <= STRAIGHT_LINE) {
    for (let i = 0; i < axis.extent; i++) emitter.within([[axis, { constant: i }]], inside);
    return;
  }
  repeatAxis(emitter.code, axis, { to: axis.extent, pause: options.pause }, (local) => {
    emitter.within([[axis, { local, constant: 0 }]], inside);
  });
}
