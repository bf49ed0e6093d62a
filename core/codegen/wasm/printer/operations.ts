/**
 * Each elementwise operation on vectors of four elements: operands on the stack, then the result.
 * Numbers are lanes of their type; a bool is a mask of ones or zeros.
 *
 * @module
 */
import type { DType } from "../../../ir/tensor_type.ts";
import { ELEMENTWISE } from "../../../language/primitives/elementwise.ts";
import type { ElementwiseName } from "../../../language/primitives/elementwise_rule.ts";
import {
  f32x4,
  type FunctionBuilder,
  i32,
  i32x4,
  lane,
  type Local,
  type PlainOpcode,
  v128,
} from "../assembler/module.ts";
import { VECTOR_FUNCTIONS, type VectorFunctionName } from "../math/vector_math.ts";

/** Instructions on floats that are the whole operation. */
const FLOAT: Readonly<Record<string, PlainOpcode>> = {
  add: f32x4.add,
  sub: f32x4.sub,
  mul: f32x4.mul,
  div: f32x4.div,
  max: f32x4.max,
  min: f32x4.min,
  neg: f32x4.neg,
  sqrt: f32x4.sqrt,
  abs: f32x4.abs,
  floor: f32x4.floor,
  eq: f32x4.eq,
  ne: f32x4.ne,
  lt: f32x4.lt,
  le: f32x4.le,
  gt: f32x4.gt,
  ge: f32x4.ge,
};

/** Instructions on integers and masks. */
const SIGNED: Readonly<Record<string, PlainOpcode>> = {
  add: i32x4.add,
  sub: i32x4.sub,
  mul: i32x4.mul,
  max: i32x4.max_s,
  min: i32x4.min_s,
  neg: i32x4.neg,
  abs: i32x4.abs,
  eq: i32x4.eq,
  ne: i32x4.ne,
  lt: i32x4.lt_s,
  le: i32x4.le_s,
  gt: i32x4.gt_s,
  ge: i32x4.ge_s,
  and: v128.and,
  or: v128.or,
  xor: v128.xor,
  not: v128.not,
};

const UNSIGNED: Readonly<Record<string, PlainOpcode>> = {
  ...SIGNED,
  max: i32x4.max_u,
  min: i32x4.min_u,
  lt: i32x4.lt_u,
  le: i32x4.le_u,
  gt: i32x4.gt_u,
  ge: i32x4.ge_u,
};

const SIGN_BIT = 0x80000000;
const FLOAT_ONE = 0x3f800000;

/** What an operation is given beside its operands. */
export interface OperationTypes {
  /** Type of the result. */
  readonly output: DType;
  /** Type of the operands; of `select`, of its values. */
  readonly input: DType;
}

/** Emits one operation; its operands are on the stack, in order. */
export function emitOperation(
  code: FunctionBuilder,
  operation: ElementwiseName,
  { input, output }: OperationTypes,
): void {
  const { wasm } = ELEMENTWISE[operation].spell;
  if (wasm === "copy") return;
  if (wasm === "cast") return emitCast(code, input, output);
  if (wasm === "select") {
    return code.scope(() => {
      const [no, yes, mask] = [code.take("v128"), code.take("v128"), code.take("v128")];
      code.get(yes, no, mask);
      code.op(v128.bitselect);
    });
  }
  if (wasm === "sign") return input === "f32" ? emitFloatSign(code) : emitIntegerSign(code);
  if (wasm === "shl") return emitShift(code, i32.shl);
  if (wasm === "shr") return emitShift(code, input === "u32" ? i32.shr_u : i32.shr_s);
  const table = input === "f32" ? FLOAT : input === "u32" ? UNSIGNED : SIGNED;
  if (wasm in table) return code.op(table[wasm]);
  if (wasm === "div" || wasm === "rem") return emitIntegerDivision(code, wasm, input);
  if (wasm in VECTOR_FUNCTIONS) return VECTOR_FUNCTIONS[wasm as VectorFunctionName].emit(code);
  throw new Error(`Cannot print ${operation} of ${input}: it has no instruction`);
}

function emitCast(code: FunctionBuilder, from: DType, to: DType): void {
  if (from === to) return;
  if (from === "bool") {
    code.i32x4Const(to === "f32" ? FLOAT_ONE : 1);
    return code.op(v128.and);
  }
  if (to === "bool") {
    code.i32x4Const(0);
    return code.op(from === "f32" ? f32x4.ne : i32x4.ne);
  }
  if (to === "f32") {
    return code.op(from === "i32" ? f32x4.convert_i32x4_s : f32x4.convert_i32x4_u);
  }
  if (from === "f32") {
    code.op(to === "i32" ? i32x4.trunc_sat_f32x4_s : i32x4.trunc_sat_f32x4_u);
  }
}

/** One with the sign of a number; of zero and of what is no number, itself. */
function emitFloatSign(code: FunctionBuilder): void {
  code.scope(() => {
    const x = code.take("v128");
    code.get(x);
    code.i32x4Const(SIGN_BIT);
    code.op(v128.and);
    code.i32x4Const(FLOAT_ONE);
    code.op(v128.or);
    code.get(x);
    code.get(x);
    code.op(f32x4.abs);
    code.i32x4Const(0);
    code.op(f32x4.gt);
    code.op(v128.bitselect);
  });
}

function emitIntegerSign(code: FunctionBuilder): void {
  code.i32x4Const(1);
  code.op(i32x4.min_s);
  code.i32x4Const(-1);
  code.op(i32x4.max_s);
}

/** Shifts by distances that may differ from lane to lane. */
function emitShift(
  code: FunctionBuilder,
  shift: typeof i32.shl | typeof i32.shr_s | typeof i32.shr_u,
) {
  eachLane(code, (x, distance) => {
    code.get(x, distance);
    code.op(shift);
  });
}

/** Shifts all lanes by one distance. */
export function emitShiftBy(
  code: FunctionBuilder,
  operation: "shift_left" | "shift_right",
  dtype: DType,
  distance: number,
): void {
  code.i32Const(distance);
  code.op(operation === "shift_left" ? i32x4.shl : dtype === "u32" ? i32x4.shr_u : i32x4.shr_s);
}

/** Division of integers, lane by lane, which no divisor makes trap. */
function emitIntegerDivision(code: FunctionBuilder, word: "div" | "rem", dtype: DType): void {
  eachLane(code, (x, y) => {
    const safe = code.local("i32");
    const unsigned = dtype === "u32";
    // A divisor of 0 gives 0; −1 is left to a subtraction, because −2³¹ / −1 would trap.
    code.i32Const(1);
    code.get(y);
    code.get(y);
    if (!unsigned) {
      code.i32Const(1);
      code.op(i32.add);
      code.i32Const(2);
      code.op(i32.lt_u);
    } else code.op(i32.eqz);
    code.select();
    code.set(safe);
    code.get(x, safe);
    if (word === "div") code.op(unsigned ? i32.div_u : i32.div_s);
    else code.op(unsigned ? i32.rem_u : i32.rem_s);
    // By 1 the remainder is 0, which is right for 0 and −1 too; the quotient is x: times y it is right.
    if (word === "div") {
      const quotient = code.take("i32");
      code.get(quotient, y);
      code.op(i32.mul);
      code.get(quotient, y, safe);
      code.op(i32.ne);
      code.select();
    }
  });
}

/** Exact quotient of integers from 0 to 2^21 by a positive constant, through floats. */
export function emitSmallDivision(
  code: FunctionBuilder,
  operation: "div" | "rem",
  divisor: number,
): void {
  code.scope(() => {
    const x = code.take("v128");
    code.get(x);
    code.op(f32x4.convert_i32x4_s);
    code.f32x4Const(0.5);
    code.op(f32x4.add);
    code.f32x4Const(1 / divisor);
    code.op(f32x4.mul);
    code.op(i32x4.trunc_sat_f32x4_s);
    if (operation === "div") return;
    const quotient = code.take("v128");
    code.get(x, quotient);
    code.i32x4Const(divisor);
    code.op(i32x4.mul);
    code.op(i32x4.sub);
  });
}

/** Two vectors on the stack: combines their lanes one by one. */
function eachLane(code: FunctionBuilder, combine: (x: Local, y: Local) => void): void {
  code.scope(() => {
    const [ys, xs] = [code.take("v128"), code.take("v128")];
    const [x, y] = code.locals("i32", 2);
    const result = code.local("v128");
    for (let i = 0; i < 4; i++) {
      for (const [vector, scalar] of [[xs, x], [ys, y]]) {
        code.get(vector);
        code.laneOp(lane.i32x4_extract, i);
        code.set(scalar);
      }
      if (i === 0) {
        combine(x, y);
        code.op(i32x4.splat);
      } else {
        code.get(result);
        combine(x, y);
        code.laneOp(lane.i32x4_replace, i);
      }
      code.set(result);
    }
    code.get(result);
  });
}
