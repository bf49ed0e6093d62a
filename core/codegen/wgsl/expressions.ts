/**
 * Scalar expressions as WGSL text. Shared parts are computed once, into a `let`; constants that WGSL
 * has no literal for, and operations that it leaves undefined somewhere, go through helper functions.
 *
 * @module
 */
import { ELEMENTWISE } from "../../language/primitives/elementwise.ts";
import type { ElementwiseName } from "../../ir/operation_names.ts";
import type { DType } from "../../ir/tensor_type.ts";
import type { Axis, Buffer, Expression } from "../../ir/expression.ts";
import { visitExpression } from "../../ir/expression.ts";
import { EXPONENTIALS } from "./exponentials.ts";
import { Constants } from "./regrouping.ts";
import { SINE } from "./sine.ts";
import type { Names, SourceWriter } from "./source.ts";

/** Returns the WGSL type that holds an element in memory: a bool is 0 or 1 in a u32. */
export function storageType(dtype: DType): "f32" | "i32" | "u32" {
  return dtype === "bool" ? "u32" : dtype;
}

/**
 * Functions that generated code may call. Each is printed only where it is used.
 *
 * WGSL lets an implementation assume that there are no infinities and NaNs, so they are made and
 * tested for by their bits (https://www.w3.org/TR/WGSL/#floating-point-evaluation), and whatever
 * would lose a NaN asks for it first. With a constant most of that is known when it is compiled.
 */
const HELPERS: Readonly<Record<string, string>> = {
  // A literal that overflows is an error, and so is a constant expression; a variable's bits are not.
  infinity: `fn infinity() -> f32 {
  var bits = 0x7f800000u;
  return bitcast<f32>(bits);
}`,
  not_a_number: `fn not_a_number() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}`,
  is_nan: `fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}`,
  ...EXPONENTIALS,
  ...SINE,
  // Operations `name` on real numbers are written `name_real` where there is such a function.
  max_real: `fn max_real(x: f32, y: f32) -> f32 {
  return select(select(max(x, y), y, is_nan(y)), x, is_nan(x));
}`,
  min_real: `fn min_real(x: f32, y: f32) -> f32 {
  return select(select(min(x, y), y, is_nan(y)), x, is_nan(x));
}`,
  sign_real: `fn sign_real(x: f32) -> f32 {
  return select(sign(x), x, is_nan(x));
}`,
  eq_real: comparison("eq", "=="),
  lt_real: comparison("lt", "<"),
  le_real: comparison("le", "<="),
  gt_real: comparison("gt", ">"),
  ge_real: comparison("ge", ">="),
  ne_real: `fn ne_real(x: f32, y: f32) -> bool {
  return !eq_real(x, y);
}`,
  // Whether x at place i goes before y at place j in an argmax: the first NaN, else the first greatest.
  comes_first: `fn comes_first(x: f32, i: i32, y: f32, j: i32) -> bool {
  if (is_nan(x) | is_nan(y)) { return is_nan(x) & (!is_nan(y) | (i < j)); }
  return (x > y) | ((x == y) & (i < j));
}`,
  // What x · 0 and x − x are, which compilers take to be 0 without looking at x.
  zero_of: `fn zero_of(x: f32) -> f32 {
  return bitcast<f32>(select(0u, 0x7fc00000u, (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u));
}`,
  // By a constant y, for which compilers multiply by 1 / y otherwise: that rounds twice, and is 0 for ∞.
  divide_real: `fn divide_real(x: f32, y: f32) -> f32 {
  return x / select(y, x, is_nan(x));
}`,
  divide_i32: `fn divide_i32(x: i32, y: i32) -> i32 {
  if (y == 0) { return 0; }
  if (y == -1) { return -x; }
  return x / y;
}`,
  divide_u32: `fn divide_u32(x: u32, y: u32) -> u32 {
  if (y == 0u) { return 0u; }
  return x / y;
}`,
  remainder_i32: `fn remainder_i32(x: i32, y: i32) -> i32 {
  if (y == 0 || y == -1) { return 0; }
  return x % y;
}`,
  remainder_u32: `fn remainder_u32(x: u32, y: u32) -> u32 {
  if (y == 0u) { return 0u; }
  return x % y;
}`,
  // Casts of real numbers round toward zero and saturate; NaN becomes 0.
  real_to_i32: `fn real_to_i32(x: f32) -> i32 {
  if (is_nan(x)) { return 0; }
  if (x >= 2147483648.0) { return 2147483647; }
  if (x <= -2147483648.0) { return -2147483647 - 1; }
  return i32(x);
}`,
  real_to_bool: `fn real_to_bool(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) != 0u;
}`,
  real_to_u32: `fn real_to_u32(x: f32) -> u32 {
  if (is_nan(x) || x <= 0.0) { return 0u; }
  if (x >= 4294967296.0) { return 4294967295u; }
  return u32(x);
}`,
};

/** A comparison that is false where a number is NaN, also when it is negated. */
function comparison(name: string, operator: string): string {
  return `fn ${name}_real(x: f32, y: f32) -> bool {
  return (x ${operator} y) & !(is_nan(x) | is_nan(y));
}`;
}

/** Collects the helper functions that a text calls, those that they call included. */
export function helpersFor(text: string): string {
  const used = new Set<string>();
  const find = (source: string) => {
    for (const [name, helper] of Object.entries(HELPERS)) {
      if (used.has(name) || !new RegExp(`\\b${name}\\(`).test(source)) continue;
      used.add(name);
      find(helper);
    }
  };
  find(text);
  return Object.keys(HELPERS).filter((name) => used.has(name)).map((name) => HELPERS[name])
    .join("\n\n");
}

/** Formats a constant as WGSL text. */
export function literal(dtype: DType, value: number): string {
  switch (dtype) {
    case "bool":
      return value === 0 ? "false" : "true";
    case "u32":
      return `${value >>> 0}u`;
    case "i32":
      return value === -2147483648 ? "(-2147483647 - 1)" : value < 0 ? `(${value})` : `${value}`;
    case "f32": {
      const rounded = Math.fround(value);
      if (Number.isNaN(rounded)) return "not_a_number()";
      if (!Number.isFinite(rounded)) return rounded > 0 ? "infinity()" : "(-infinity())";
      const text = shortest(rounded);
      const real = /[.e]/.test(text) ? text : `${text}.0`;
      return rounded < 0 || Object.is(rounded, -0) ? `(${real})` : real;
    }
    default:
      return dtype satisfies never;
  }
}

/** The greatest finite 32-bit real number. */
const GREATEST = (2 - 2 ** -23) * 2 ** 127;

/**
 * The shortest decimal that rounds to a 32-bit real number. It is not beyond the greatest of them, which
 * is an error in WGSL even if it rounds to that (https://www.w3.org/TR/WGSL/#floating-point-evaluation).
 */
function shortest(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    const read = Number(text);
    if (Math.fround(read) === value && Math.abs(read) <= GREATEST) return text;
  }
  return String(value);
}

/** Where generated code finds things. */
export interface Bindings {
  /** Text of an element of a buffer in memory, in its storage type; `at` is the text of its index. */
  element(buffer: Buffer, at: string): string;
}

/** Applications that are dearer to name than to repeat, or that cannot be named. */
function isAtom(expression: Expression): boolean {
  return expression.kind === "constant" || expression.kind === "axis" ||
    expression.kind === "accumulator";
}

/** Writes expressions into a block of code. */
export class ExpressionWriter {
  readonly #uses = new Map<Expression, number>();
  readonly #texts = new Map<Expression, string>();
  readonly #constants = new Constants();
  readonly #source: SourceWriter;
  readonly #names: Names;
  readonly #axes: ReadonlyMap<Axis, string>;
  readonly #bindings: Bindings;
  readonly #accumulators: readonly string[];

  /**
   * @param source Where `let`s go.
   * @param names Gives them names.
   * @param axes Text of each loop variable.
   * @param bindings Finds buffers.
   * @param accumulators Text of each result of the kernel's reduction.
   */
  constructor(
    source: SourceWriter,
    names: Names,
    axes: ReadonlyMap<Axis, string>,
    bindings: Bindings,
    accumulators: readonly string[] = [],
  ) {
    this.#source = source;
    this.#names = names;
    this.#axes = axes;
    this.#bindings = bindings;
    this.#accumulators = accumulators;
  }

  /** Announces what will be written, so that parts met twice are found. */
  announce(roots: readonly Expression[]): void {
    const seen = new Set<Expression>();
    const use = (part: Expression) => this.#uses.set(part, (this.#uses.get(part) ?? 0) + 1);
    for (const root of roots) {
      use(root);
      visitExpression(root, (part) => {
        if (part.kind === "load") use(part.index);
        else if (part.kind === "apply") part.inputs.forEach(use);
      }, seen);
    }
  }

  /** Text of an expression; writes the `let`s that it needs. */
  text(expression: Expression): string {
    const known = this.#texts.get(expression);
    if (known !== undefined) return known;
    let text = this.#print(expression);
    const shared = (this.#uses.get(expression) ?? 0) > 1;
    if (!isAtom(expression) && !isSimple(text) && (shared || text.length > 90)) {
      text = this.name(expression, text);
    }
    this.#texts.set(expression, text);
    return text;
  }

  /** Text of a number that is added up with its like. */
  term(expression: Expression): string {
    const text = this.text(expression);
    return expression.dtype === "f32" ? this.#constants.asTerm(expression, text) : text;
  }

  /** Gives an expression a `let`, for values that must be read before something is written. */
  bind(expression: Expression): string {
    const text = this.text(expression);
    if (isSimple(text) || expression.kind === "constant") return text;
    const name = this.name(expression, text);
    this.#texts.set(expression, name);
    return name;
  }

  /** Writes a `let` for a text. */
  private name(expression: Expression, text: string): string {
    const wish = expression.kind === "load"
      ? `${expression.buffer.name}_value`
      : expression.kind === "apply"
      ? `${expression.operation}_value`
      : "value";
    const name = this.#names.unique(wish);
    this.#source.line(`let ${name} = ${text};`);
    return name;
  }

  #print(expression: Expression): string {
    switch (expression.kind) {
      case "constant":
        return literal(expression.dtype, expression.value);
      case "axis": {
        const text = this.#axes.get(expression.axis);
        if (text === undefined) {
          throw new TypeError(`Cannot print WGSL: no loop binds the axis ${expression.axis.name}`);
        }
        return text;
      }
      case "accumulator":
        return this.#accumulators[expression.position];
      case "load": {
        const element = this.#bindings.element(expression.buffer, this.text(expression.index));
        return expression.dtype === "bool" ? `(${element} != 0u)` : element;
      }
      case "apply":
        return this.#apply(expression);
      default:
        return expression satisfies never;
    }
  }

  #apply(expression: Expression & { readonly kind: "apply" }): string {
    const { operation, inputs, dtype } = expression;
    const rule = ELEMENTWISE[operation];
    const [first, second] = inputs;
    const from = inputs[operation === "select" ? 1 : 0].dtype;
    if (operation !== "cast" && inputs.every((input) => input.kind === "constant")) {
      const [x, y, z] = inputs.map((input) => input.value);
      return literal(dtype, rule.evaluate(x, y, z, from));
    }
    if (operation === "cast") {
      return first.kind === "constant"
        ? literal(dtype, castConstant(first.value, first.dtype, dtype))
        : castText(this.text(first), first.dtype, dtype);
    }
    if (from !== "f32" && second?.kind === "constant") {
      // Index arithmetic, the way one would write it by hand.
      const { value } = second;
      const x = this.text(first);
      if (operation === "div" && value > 0) return `(${x} / ${literal(from, value)})`;
      if (operation === "rem" && value > 0) return `(${x} % ${literal(from, value)})`;
      if (operation === "shift_left" || operation === "shift_right") {
        return rule.wgsl(x, literal(from, value & 31), "", from);
      }
      if (operation === "add" && from === "i32" && value < 0 && value > -2147483648) {
        return `(${x} - ${-value})`;
      }
    }
    const kept = from === "f32" ? this.#keptAsWritten(operation, first, second) : undefined;
    if (kept) return kept;
    const texts = inputs.map((input) => this.text(input));
    const [x, y, z] = from === "f32" ? this.#constants.keepApart(expression, texts) : texts;
    if (from === "f32" && `${operation}_real` in HELPERS) {
      return `${operation}_real(${y === undefined ? x : `${x}, ${y}`})`;
    }
    return rule.wgsl(x, y, z, from);
  }

  /** Arithmetic that compilers shorten to something that is no longer the same; `undefined` for other. */
  #keptAsWritten(
    operation: ElementwiseName,
    x: Expression,
    y: Expression | undefined,
  ): string | undefined {
    if (!y) return undefined;
    if (operation === "mul" && isZero(y)) return `zero_of(${this.text(x)})`;
    if (operation === "mul" && isZero(x)) return `zero_of(${this.text(y)})`;
    if (operation === "div" && isZero(x)) return `zero_of(1.0 / ${this.text(y)})`;
    if (operation === "div" && isZero(y)) {
      return `(${this.text(x)} * ${literal("f32", 1 / y.value)})`;
    }
    if (operation === "div" && y.kind === "constant" && !hasExactReciprocal(y.value)) {
      return `divide_real(${this.text(x)}, ${this.text(y)})`;
    }
    if (operation !== "add" && operation !== "sub") return undefined;
    const right = signedTerms(y, operation === "add" ? 1 : -1);
    const lost = signedTerms(x, 1).filter(([term, sign]) =>
      term.kind !== "constant" && right.some(([other, own]) => term === other && own === -sign)
    );
    if (lost.length === 0) return undefined;
    const kept = lost.map(([term]) => `zero_of(${this.text(term)})`);
    const [first, second] = [x, y].map((input) => this.text(input));
    return `(${[`${first} ${operation === "add" ? "+" : "-"} ${second}`, ...kept].join(" + ")})`;
  }
}

/** What is added up in an expression, with its sign, as deep as compilers look for what cancels. */
function signedTerms(expression: Expression, sign: number, depth = 2): [Expression, number][] {
  if (expression.kind !== "apply" || depth === 0) return [[expression, sign]];
  const { operation, inputs: [x, y] } = expression;
  if (operation === "neg") return signedTerms(x, -sign, depth - 1);
  if (operation !== "add" && operation !== "sub") return [[expression, sign]];
  return [
    ...signedTerms(x, sign, depth - 1),
    ...signedTerms(y, operation === "add" ? sign : -sign, depth - 1),
  ];
}

/** Whether a number is a power of two whose reciprocal is neither subnormal nor infinite. */
function hasExactReciprocal(value: number): boolean {
  const exponent = Math.log2(Math.abs(value));
  return Number.isInteger(exponent) && Math.abs(exponent) <= 126;
}

/** Whether an expression is the constant 0, of whatever sign. */
function isZero(
  expression: Expression,
): expression is Expression & { readonly kind: "constant" } {
  return expression.kind === "constant" && expression.value === 0;
}

/** Whether a text is a name or a literal. */
function isSimple(text: string): boolean {
  return /^[\w.]+$/.test(text);
}

/** What a cast makes of a constant: WGSL refuses `u32(-1)`. */
function castConstant(value: number, from: DType, to: DType): number {
  if (to === "f32") return value;
  if (to === "bool") return Number(value !== 0);
  if (from !== "f32") return to === "i32" ? value | 0 : value >>> 0;
  const [min, max] = to === "i32" ? [-2147483648, 2147483647] : [0, 4294967295];
  return Number.isNaN(value) ? 0 : Math.trunc(Math.min(Math.max(value, min), max));
}

function castText(x: string, from: DType, to: DType): string {
  if (from === to) return x;
  switch (to) {
    case "f32":
      return `f32(${x})`;
    case "bool":
      return from === "f32" ? `real_to_bool(${x})` : `(${x} != ${literal(from, 0)})`;
    case "i32":
    case "u32":
      return from === "f32" ? `real_to_${to}(${x})` : `${to}(${x})`;
    default:
      return to satisfies never;
  }
}

/** Makes the text that stores a value of a type. */
export function storedText(dtype: DType, text: string): string {
  return dtype === "bool" ? `u32(${text})` : text;
}
