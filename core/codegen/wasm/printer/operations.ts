/**
 * Each elementwise operation on vectors of four elements: operands on the stack, then the result.
 * Numbers are lanes of their type; a bool is a mask of ones or zeros.
 *
 * @module
 */
import type { DType } from "../../../ir/tensor_type.ts";
import type { ElementwiseName } from "../../../ir/operation_names.ts";
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
import type { VECTOR_FUNCTIONS, VectorFunctionName } from "../math/vector_math.ts";

const SIGN_BIT = 0x80000000;
const FLOAT_ONE = 0x3f800000;

/** What an operation is given beside its operands. */
export interface OperationTypes {
  /** Type of the result. */
  readonly output: DType;
  /** Type of the operands; of `select`, of its values. */
  readonly input: DType;
}

/** Writes an operation into a function: operands on the stack, in order, then the result. */
type Emit = (code: FunctionBuilder, types: OperationTypes) => void;

/** One instruction, whatever the type: for operations on numbers of one kind. */
function instruction(opcode: PlainOpcode): Emit {
  return (code) => code.op(opcode);
}

/** One instruction of each type; that of signed integers serves masks, and unsigned ones if left out. */
function instructions(float: PlainOpcode, signed: PlainOpcode, unsigned = signed): Emit {
  return (code, { input }) =>
    code.op(input === "f32" ? float : input === "u32" ? unsigned : signed);
}

/** The operations that no vector function is. */
const OPERATIONS: Readonly<Record<Exclude<ElementwiseName, VectorFunctionName>, Emit>> = {
  neg: instructions(f32x4.neg, i32x4.neg),
  sqrt: instruction(f32x4.sqrt),
  abs: instructions(f32x4.abs, i32x4.abs),
  sign: (code, { input }) => input === "f32" ? emitFloatSign(code) : emitIntegerSign(code),
  floor: instruction(f32x4.floor),
  stop_gradient: () => {},
  not: instruction(v128.not),
  cast: (code, { input, output }) => emitCast(code, input, output),
  add: instructions(f32x4.add, i32x4.add),
  sub: instructions(f32x4.sub, i32x4.sub),
  mul: instructions(f32x4.mul, i32x4.mul),
  div: (code, { input }) =>
    input === "f32" ? code.op(f32x4.div) : emitIntegerDivision(code, "div", input),
  rem: (code, { input }) => emitIntegerDivision(code, "rem", input),
  max: instructions(f32x4.max, i32x4.max_s, i32x4.max_u),
  min: instructions(f32x4.min, i32x4.min_s, i32x4.min_u),
  eq: instructions(f32x4.eq, i32x4.eq),
  ne: instructions(f32x4.ne, i32x4.ne),
  lt: instructions(f32x4.lt, i32x4.lt_s, i32x4.lt_u),
  le: instructions(f32x4.le, i32x4.le_s, i32x4.le_u),
  gt: instructions(f32x4.gt, i32x4.gt_s, i32x4.gt_u),
  ge: instructions(f32x4.ge, i32x4.ge_s, i32x4.ge_u),
  and: instruction(v128.and),
  or: instruction(v128.or),
  xor: instruction(v128.xor),
  shift_left: (code) => emitShift(code, i32.shl),
  shift_right: (code, { input }) => emitShift(code, input === "u32" ? i32.shr_u : i32.shr_s),
  select: (code) =>
    code.scope(() => {
      const [no, yes, mask] = [code.take("v128"), code.take("v128"), code.take("v128")];
      code.get(yes, no, mask);
      code.op(v128.bitselect);
    }),
};

/** Returns whether an operation is one of the vector functions. */
export function isVectorFunction(operation: ElementwiseName): operation is VectorFunctionName {
  return !Object.hasOwn(OPERATIONS, operation);
}

/** Emits one operation; its operands are on the stack, in order. */
export function emitOperation(
  code: FunctionBuilder,
  operation: ElementwiseName,
  types: OperationTypes,
  functions: typeof VECTOR_FUNCTIONS | undefined,
): void {
  if (!isVectorFunction(operation)) return OPERATIONS[operation](code, types);
  if (!functions) throw new Error(`Cannot print ${operation}: the part for functions is not there`);
  functions[operation].emit(code);
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

/** Emits the exact quotient of integers from 0 to 2^21 by a positive constant, through floats. */
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
