/**
 * Each elementwise operation on vectors as C text. Numbers are vectors of their type; a bool is a vector of
 * whole numbers, all of whose bits are zeros or ones.
 *
 * @module
 */
import type { ElementwiseName } from "../../ir/operation_names.ts";
import type { DType } from "../../ir/tensor_type.ts";

/** Returns the letter of the vectors that hold a type. */
export function letterOf(dtype: DType): "f" | "i" | "u" {
  return dtype === "f32" ? "f" : dtype === "u32" ? "u" : "i";
}

/** An operation: its operands as text, the type of the operands and of the result, numbers a vector. */
type Print = (operands: readonly string[], from: DType, to: DType, width: number) => string;

const infix = (sign: string): Print => ([x, y]) => `(${x} ${sign} ${y})`;
const prefix = (sign: string): Print => ([x]) => `(${sign}${x})`;
/** A function of the prelude. */
const call = (name: string): Print => (operands, from, _, width) =>
  `${name}_${letterOf(from)}${width}(${operands.join(", ")})`;
const shift = (sign: string): Print => ([x, y]) => `(${x} ${sign} (${y} & 31))`;

/** The operations. */
const OPERATIONS: Readonly<Record<ElementwiseName, Print>> = {
  neg: prefix("-"),
  exp: call("exp"),
  log: call("log"),
  sqrt: call("sqrt"),
  sin: call("sin"),
  cos: call("cos"),
  tanh: call("tanh"),
  sigmoid: call("sigmoid"),
  abs: (operands, from, to, width) =>
    from === "u32" ? operands[0] : call("abs")(operands, from, to, width),
  sign: call("sign"),
  floor: call("floor"),
  stop_gradient: ([x]) => x,
  not: prefix("~"),
  cast: ([x], from, to, width) => castText(x, from, to, width),
  add: infix("+"),
  sub: infix("-"),
  mul: infix("*"),
  div: (operands, from, to, width) =>
    (from === "f32" ? infix("/") : call("div"))(operands, from, to, width),
  rem: call("rem"),
  pow: call("pow"),
  max: call("max"),
  min: call("min"),
  eq: infix("=="),
  ne: infix("!="),
  lt: infix("<"),
  le: infix("<="),
  gt: infix(">"),
  ge: infix(">="),
  and: infix("&"),
  or: infix("|"),
  xor: infix("^"),
  shift_left: shift("<<"),
  shift_right: shift(">>"),
  select: ([mask, yes, no], from, _, width) =>
    `pick_${letterOf(from)}${width}(${mask}, ${yes}, ${no})`,
};

/** Prints an operation; for `select`, `from` is the type of its values. */
export function printOperation(
  operation: ElementwiseName,
  operands: readonly string[],
  types: { readonly from: DType; readonly to: DType },
  width: number,
): string {
  return OPERATIONS[operation](operands, types.from, types.to, width);
}

function castText(x: string, from: DType, to: DType, width: number): string {
  if (from === to) return x;
  if (from === "bool") {
    return to === "f32"
      ? `((f${width})(${x} & 0x3f800000))`
      : `((${letterOf(to)}${width})(${x} & 1))`;
  }
  if (to === "bool") return `(${x} != 0)`;
  if (to === "f32") return `__builtin_convertvector(${x}, f${width})`;
  return from === "f32" ? `to_${letterOf(to)}${width}(${x})` : `((${letterOf(to)}${width})${x})`;
}
