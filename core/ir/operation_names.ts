/**
 * Names of the operations that expressions and reductions are made of. Whoever computes or prints them
 * has a table with these keys, so that a missing entry is a type error.
 *
 * @module
 */
/** Names of the elementwise operations. */
export type ElementwiseName =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "sin"
  | "cos"
  | "tanh"
  | "sigmoid"
  | "abs"
  | "sign"
  | "floor"
  | "stop_gradient"
  | "not"
  | "cast"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "rem"
  | "pow"
  | "max"
  | "min"
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "and"
  | "or"
  | "xor"
  | "shift_left"
  | "shift_right"
  | "select";

/** What a reduction accumulates. `argmax` gives the first index (in i32) of the greatest value, NaN being the greatest. */
export type ReduceOperation = "sum" | "max" | "argmax";
