/**
 * Sums as double floats: two vectors for the four lanes of a single one.
 *
 * @module
 */
import { f32x4, f64x2, type FunctionBuilder, type Local } from "./module.ts";

/** Pushes two lanes of a vector as double floats: the first two, or the last. */
export function pushWide(code: FunctionBuilder, vector: Local, half: 0 | 1): void {
  code.get(vector);
  if (half === 1) {
    code.get(vector);
    code.shuffle([2, 3, 2, 3]);
  }
  code.op(f64x2.promote_low_f32x4);
}

/** Makes a vector of single floats of double ones: `push` pushes the first two, and the last. */
export function narrow(code: FunctionBuilder, push: (half: 0 | 1) => void): void {
  for (const half of [0, 1] as const) {
    push(half);
    code.op(f32x4.demote_f64x2_zero);
  }
  code.shuffle([0, 1, 4, 5]);
}
