/**
 * Additions to memory that compensate what rounding does.
 *
 * @module
 */
import {
  f32x4,
  type FunctionBuilder,
  type Local,
  type PlainOpcode,
  v128,
} from "../assembler/module.ts";

/** How memory at an offset is read, to the top of the stack, and written. */
export interface Memory {
  /** Pushes what is there. */
  readonly read: (offset: number) => void;
  /** Stores a vector. */
  readonly write: (offset: number, value: Local) => void;
}

/**
 * Adds a term to the sum at the first offset; what was added too much before is at the second, and is taken
 * off the term. However many terms there are, the sum is off by at most about 2⁻²³ of that of their absolute
 * values, and by 2⁻⁴⁸ of it for each term (Higham, "Accuracy and stability of numerical algorithms", 4.3).
 */
export function emitCompensated(
  code: FunctionBuilder,
  term: Local,
  { read, write }: Memory,
  [sum, excess]: readonly [number, number],
): void {
  const take = (op: PlainOpcode) => {
    code.op(op);
    return code.take("v128");
  };
  read(sum);
  const before = code.take("v128");
  code.get(term);
  read(excess);
  const added = take(f32x4.sub);
  code.get(before, added);
  const after = take(f32x4.add);
  code.get(after, before);
  code.op(f32x4.sub);
  code.get(added);
  const tooMuch = take(f32x4.sub);
  // Of infinities nothing can be told: x − x is x = x for what is finite alone.
  code.get(tooMuch, tooMuch);
  const finite = take(f32x4.sub);
  code.get(finite, finite);
  code.op(f32x4.eq);
  code.get(tooMuch);
  const kept = take(v128.and);
  write(sum, after);
  write(excess, kept);
}
