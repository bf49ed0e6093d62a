/**
 * Vector arithmetic written as expressions instead of stack code.
 *
 * A `Term` pushes one vector when it is called. Terms nest; one that is used twice is first kept in a local.
 * This is for formulas: `v.add(v.mul(a, b), c)` reads better than five lines of stack code.
 *
 * @module
 */
import {
  f32x4,
  f64x2,
  type FunctionBuilder,
  i32x4,
  i64x2,
  type Local,
  type PlainOpcode,
  v128,
} from "../assembler/module.ts";

/** Emits code that pushes one vector. */
export type Term = () => void;

type Binary = (a: Term, b: Term) => Term;
type Unary = (a: Term) => Term;

/** Makes terms that write to one function. */
export class VectorExpressions {
  readonly #code: FunctionBuilder;

  constructor(code: FunctionBuilder) {
    this.#code = code;
  }

  /** The value of a local. */
  get(local: Local): Term {
    return () => this.#code.get(local);
  }

  /** Computes a term now and keeps it in a local, to be used more than once. */
  keep(term: Term): Term {
    term();
    return this.get(this.#code.take("v128"));
  }

  /** Computes terms by one of two formulas: the rare one if any bit of the mask is set. */
  choose(mask: Term, rare: () => readonly Term[], usual: () => readonly Term[]): Term[] {
    const locals: Local[] = [];
    const branch = (formula: () => readonly Term[]) => () =>
      formula().forEach((term, i) => {
        term();
        this.#code.set(locals[i] ??= this.#code.local("v128"));
      });
    mask();
    this.#code.op(v128.any_true);
    this.#code.if(branch(rare), branch(usual));
    return locals.map((local) => this.get(local));
  }

  /** A single float in all lanes. */
  number(value: number): Term {
    return () => this.#code.f32x4Const(value);
  }

  /** A double float in both lanes. */
  double(value: number): Term {
    return () => this.#code.f64x2Const(value);
  }

  /** A 32-bit integer, or a pattern of bits, in all lanes. */
  integer(value: number): Term {
    return () => this.#code.i32x4Const(value);
  }

  /** Any instruction on one vector. */
  unary(code: PlainOpcode, a: Term): Term {
    return () => {
      a();
      this.#code.op(code);
    };
  }

  /** Any instruction on two vectors. */
  binary(code: PlainOpcode, a: Term, b: Term): Term {
    return () => {
      a();
      b();
      this.#code.op(code);
    };
  }

  /** A shift of each 32-bit integer by a constant. */
  #shift(code: PlainOpcode, a: Term, bits: number): Term {
    return () => {
      a();
      this.#code.i32Const(bits);
      this.#code.op(code);
    };
  }

  /** `a + b`. */
  readonly add: Binary = (a, b) => this.binary(f32x4.add, a, b);
  /** `a - b`. */
  readonly sub: Binary = (a, b) => this.binary(f32x4.sub, a, b);
  /** `a * b`. */
  readonly mul: Binary = (a, b) => this.binary(f32x4.mul, a, b);
  /** `a / b`. */
  readonly div: Binary = (a, b) => this.binary(f32x4.div, a, b);
  /** `|a|`. */
  readonly abs: Unary = (a) => this.unary(f32x4.abs, a);

  /** `min(a, b)`, and `a` where it is NaN. */
  readonly atMost: Binary = (a, b) => this.binary(f32x4.pmin, a, b);
  /** `max(a, b)`, and `a` where it is NaN. */
  readonly atLeast: Binary = (a, b) => this.binary(f32x4.pmax, a, b);

  /** Bits of `a` and of `b`. */
  readonly and: Binary = (a, b) => this.binary(v128.and, a, b);
  /** Bits of `a` or of `b`. */
  readonly or: Binary = (a, b) => this.binary(v128.or, a, b);
  /** Bits of one of `a` and `b`. */
  readonly xor: Binary = (a, b) => this.binary(v128.xor, a, b);

  /** Integer sum. */
  readonly addIntegers: Binary = (a, b) => this.binary(i32x4.add, a, b);
  /** Integer difference. */
  readonly subIntegers: Binary = (a, b) => this.binary(i32x4.sub, a, b);

  /** `a * b + c`, fused where that is allowed. */
  multiplyAdd(a: Term, b: Term, c: Term): Term {
    return () => {
      a();
      b();
      this.#code.multiplyAdd(c);
    };
  }

  /** `c - a * b`, fused where that is allowed. */
  subtractProduct(a: Term, b: Term, c: Term): Term {
    return () => {
      if (this.#code.relaxed) {
        a();
        b();
        c();
        this.#code.op(f32x4.relaxed_nmadd);
      } else this.sub(c, this.mul(a, b))();
    };
  }

  /** The bits of `a` where the mask is one, those of `b` elsewhere. */
  select(mask: Term, a: Term, b: Term): Term {
    return () => {
      a();
      b();
      mask();
      this.#code.op(v128.bitselect);
    };
  }

  /** Shifts each 32-bit integer left. */
  shiftLeft(a: Term, bits: number): Term {
    return this.#shift(i32x4.shl, a, bits);
  }

  /** Shifts each 32-bit integer right, keeping its sign. */
  shiftRight(a: Term, bits: number): Term {
    return this.#shift(i32x4.shr_s, a, bits);
  }

  /** Four 32-bit words picked from the eight of `a` and `b`. */
  shuffle(
    a: Term,
    b: Term,
    words: readonly [number, number, number, number],
  ): Term {
    return () => {
      a();
      b();
      this.#code.shuffle(words);
    };
  }

  /** A polynomial in doubles by Horner's rule; `coefficients[0]` is the constant term. */
  doublePolynomial(x: Term, coefficients: readonly number[]): Term {
    const last = coefficients.length - 1;
    let result = this.double(coefficients[last]);
    for (let i = last - 1; i >= 0; i--) {
      result = this.binary(
        f64x2.add,
        this.binary(f64x2.mul, result, x),
        this.double(coefficients[i]),
      );
    }
    return result;
  }

  /** Subtracts 64-bit integers. */
  readonly subLongIntegers: Binary = (a, b) => this.binary(i64x2.sub, a, b);
}
