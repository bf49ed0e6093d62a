/**
 * Prints loops over axes: counted, or written out where they are short.
 *
 * @module
 */
import type { Axis } from "../../../ir/expression.ts";
import type { FunctionBuilder } from "../assembler/module.ts";
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
  const { code } = emitter;
  code.repeat({ to: whole * LANES, step: unroll * LANES }, (local) => {
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
  options: { readonly work: number; readonly hoist: () => void },
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
  emitter.code.repeat({ to: axis.extent }, (local) => {
    emitter.within([[axis, { local, constant: 0 }]], inside);
  });
}
