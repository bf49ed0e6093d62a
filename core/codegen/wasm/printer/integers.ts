/**
 * Index arithmetic as code: plain integers, and the addresses of elements. An address is a sum whose parts
 * are kept at the loops that change them, so that inside a loop only its own part is added.
 *
 * @module
 */
import { type Buffer, type Expression, type Summand, summandsOf } from "../../../ir/expression.ts";
import { rangeOf } from "../../../ir/range.ts";
import { type FunctionBuilder, i32, lane, load, type Local } from "../assembler/module.ts";
import type { Address } from "../matmul/matmul.ts";
import { bindingOf, type Frame, lookUp, lookUpAddress } from "./frame.ts";

const BYTES = 4;

/** What index arithmetic needs of the emitter it belongs to. */
export interface IntegerHost {
  /** The place where code goes. */
  readonly frame: Frame;
  /** Depth at which all that an expression needs is there. */
  depthOf(expression: Expression): number;
  /** Pushes an expression as a vector. */
  push(expression: Expression): void;
}

/** Writes integers and addresses. */
export class Integers {
  /** Where code goes. */
  readonly code: FunctionBuilder;
  readonly #host: IntegerHost;
  readonly #addressOf: (buffer: Buffer) => Address;

  constructor(
    code: FunctionBuilder,
    host: IntegerHost,
    addressOf: (buffer: Buffer) => Address,
  ) {
    this.code = code;
    this.#host = host;
    this.#addressOf = addressOf;
  }

  /** The address of an element as far as terms down to a depth go: a local, and constant bytes. */
  address(buffer: Buffer, index: Expression, depth: number): Address {
    const { code } = this;
    const { frame } = this.#host;
    const own = this.#addressOf(buffer);
    let constant = own.offset;
    let isNegative = false;
    const moving: (Summand & { readonly key: string; readonly depth: number })[] = [];
    for (const { term, factor, scale } of summandsOf(index)) {
      if (term.kind === "constant") {
        constant += BYTES * term.value;
        continue;
      }
      if (factor.kind === "axis") {
        const bound = frame.axes.get(factor.axis);
        if (bound) constant += BYTES * scale * bound.constant;
        if (bound && bound.local === undefined) continue;
        isNegative ||= scale < 0;
        const key = bound ? `L${bound.local}*${scale}` : "";
        moving.push({ term, factor, scale, key, depth: bound?.localDepth ?? Infinity });
        continue;
      }
      isNegative ||= rangeOf(term).min < 0;
      const depth = this.#host.depthOf(factor);
      const key = `E${this.#identity(factor)}@${depth}*${scale}`;
      moving.push({ term, factor, scale, key, depth });
    }
    // An address may only grow from its parts: what shrinks it is added to the base beforehand.
    const early = isNegative || constant < 0 ? constant : 0;
    let key = `${own.base}+${early}`;
    let base = own.base;
    if (early !== 0) {
      base = this.#known(key, () => {
        code.get(own.base);
        code.i32Const(early);
        code.op(i32.add);
      });
    }
    moving.sort((a, b) => a.depth - b.depth);
    for (let i = 0; i < moving.length; i++) {
      const { factor, scale, key: own, depth: needed } = moving[i];
      if (needed > depth) break;
      key += own;
      const before = base;
      base = this.#known(key, () => {
        code.get(before);
        code.get(this.#scaled(factor, scale * BYTES, own));
        code.op(i32.add);
      });
    }
    return { base, offset: constant - early };
  }

  /** An address by its key, computed if it is not known. */
  #known(key: string, compute: () => void): Local {
    const known = lookUpAddress(this.#host.frame, key);
    if (known !== undefined) return known;
    compute();
    const local = this.code.take("i32");
    (this.#host.frame.addresses ??= new Map()).set(key, local);
    return local;
  }

  /** Part of an index in bytes. An axis counts without the constant of its binding. */
  #scaled(factor: Expression, bytes: number, key: string): Local {
    const { code } = this;
    return this.#known(`S${key}`, () => {
      if (factor.kind === "axis") {
        const { local } = bindingOf(this.#host.frame, factor.axis);
        if (local === undefined) throw new Error("Cannot print an address: an axis is constant");
        code.get(local);
      } else this.push(factor);
      code.i32Const(bytes);
      code.op(i32.mul);
    });
  }

  readonly #identities = new Map<Expression, number>();

  #identity(expression: Expression): number {
    let id = this.#identities.get(expression);
    if (id === undefined) this.#identities.set(expression, id = this.#identities.size);
    return id;
  }

  /** Pushes an i32 expression that is the same in all lanes, or that of the first lane. */
  push(expression: Expression): void {
    const { code } = this;
    if (expression.kind === "constant") return code.i32Const(expression.value);
    if (expression.kind === "axis") {
      const { local, constant } = bindingOf(this.#host.frame, expression.axis);
      if (local === undefined) return code.i32Const(constant);
      code.get(local);
      if (constant !== 0) {
        code.i32Const(constant);
        code.op(i32.add);
      }
      return;
    }
    const known = lookUp(this.#host.frame, "integers", expression);
    if (known !== undefined) return code.get(known);
    if (expression.kind === "load" && expression.dtype !== "bool") {
      const { base, offset } = this.address(expression.buffer, expression.index, Infinity);
      code.loadFrom(load.i32, base, offset);
    } else if (!this.#pushOperation(expression)) {
      this.#host.push(expression);
      code.laneOp(lane.i32x4_extract, 0);
    }
    const local = code.take("i32");
    (this.#host.frame.integers ??= new Map()).set(expression, local);
    code.get(local);
  }

  #pushOperation(expression: Expression): boolean {
    const { code } = this;
    if (expression.kind !== "apply" || expression.dtype !== "i32") return false;
    const [x, y] = expression.inputs;
    switch (expression.operation) {
      case "add":
      case "sub":
      case "mul":
        this.push(x);
        this.push(y);
        code.op(i32[expression.operation]);
        return true;
      case "max":
      case "min":
        for (const read of [0, 1]) {
          this.push(x);
          this.push(y);
          if (read === 1) code.op(expression.operation === "max" ? i32.gt_s : i32.lt_s);
        }
        code.select();
        return true;
      case "div":
      case "rem":
        if (y.kind !== "constant" || y.value <= 0) return false;
        this.push(x);
        code.i32Const(y.value);
        code.op(expression.operation === "div" ? i32.div_s : i32.rem_s);
        return true;
      default:
        return false;
    }
  }
}
