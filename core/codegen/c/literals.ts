/**
 * Numbers as C text.
 *
 * @module
 */
import type { DType } from "../../ir/tensor_type.ts";

/** A double as C text. */
export function cDouble(value: number): string {
  if (Number.isNaN(value)) return '__builtin_nan("")';
  if (!Number.isFinite(value)) return value > 0 ? "__builtin_inf()" : "(-__builtin_inf())";
  const text = Object.is(value, -0) ? "-0" : `${value}`;
  const real = /[.e]/.test(text) ? text : `${text}.0`;
  return text.startsWith("-") ? `(${real})` : real;
}

/** A float as C text. */
export function cFloat(value: number): string {
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) return '__builtin_nanf("")';
  if (!Number.isFinite(rounded)) return rounded > 0 ? "__builtin_inff()" : "(-__builtin_inff())";
  return cDouble(rounded).replace(/(\)?)$/, "f$1");
}

/** A constant as C text; a bool is a mask. */
export function cConstant(dtype: DType, value: number): string {
  if (dtype === "f32") return cFloat(value);
  if (dtype === "u32") return `${value >>> 0}u`;
  if (dtype === "bool") return value === 0 ? "0" : "-1";
  return value === -2147483648 ? "(-2147483647 - 1)" : value < 0 ? `(${value})` : `${value}`;
}
