/**
 * Sums in locals: setting them back to zero, and sums of double floats, two vectors for the four lanes of a
 * single one.
 *
 * @module
 */
import { f32x4, f64x2, type FunctionBuilder, lane, type Local } from "../assembler/module.ts";

/** Pushes two lanes of a vector as double floats: the first two, or the last. */
export function pushWide(code: FunctionBuilder, vector: Local, half: 0 | 1): void {
  code.get(vector);
  if (half === 1) {
    // Moves any eight bytes, in fewer than a shuffle.
    code.laneOp(lane.f64x2_extract, 1);
    code.op(f64x2.splat);
  }
  code.op(f64x2.promote_low_f32x4);
}

/** Pushes a vector of single floats made of double ones: `push` pushes the first two, and the last. */
export function narrow(code: FunctionBuilder, push: (half: 0 | 1) => void): void {
  for (const half of [0, 1] as const) {
    push(half);
    code.op(f32x4.demote_f64x2_zero);
  }
  code.laneOp(lane.f64x2_extract, 0);
  code.laneOp(lane.f64x2_replace, 1);
}

/** Sets locals to zero, with one constant for all, which takes less code. */
export function clearSums(code: FunctionBuilder, sums: readonly Local[]): void {
  code.i32x4Const(0);
  for (const sum of sums) code.tee(sum);
  code.drop();
}
