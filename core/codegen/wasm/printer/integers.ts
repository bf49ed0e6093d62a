/**
 * Index arithmetic as code: plain integers, and the addresses of elements. An address is a sum whose parts
 * are kept at the loops that change them, so that inside a loop only its own part is added.
 *
 * @module
 */
import { type Buffer, type Expression, summandsOf } from "../../../ir/expression.ts";
import { rangeOf } from "../../../ir/range.ts";
import { type FunctionBuilder, i32, lane, load, type Local } from "../assembler/module.ts";
import type { Address } from "../matmul/matmul.ts";
import { bindingOf, type Frame, lookUp, lookUpAddress } from "./frame.ts";

const BYTES = 4;

/** A part of an index that is known at run time. */
interface Moving {
  readonly factor: Expression;
  readonly scale: number;
  /** Depth at which it is known. */
  readonly depth: number;
}

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
    const { frame } = this.#host;
    const own = this.#addressOf(buffer);
    let constant = own.offset;
    let isNegative = false;
    const moving: Moving[] = [];
    const summands = summandsOf(index);
    for (let i = 0; i < summands.length; i++) {
      const { term, factor, scale } = summands[i];
      if (term.kind === "constant") {
        constant += BYTES * term.value;
        continue;
      }
      if (factor.kind === "axis") {
        const bound = frame.axes.get(factor.axis);
        if (bound) constant += BYTES * scale * bound.constant;
        if (bound && bound.local === undefined) continue;
        isNegative ||= scale < 0;
        moving.push({ factor, scale, depth: bound?.localDepth ?? Infinity });
        continue;
      }
      isNegative ||= rangeOf(term).min < 0;
      moving.push({ factor, scale, depth: this.#host.depthOf(factor) });
    }
    // An address may only grow from its parts: what shrinks it is added to the base beforehand.
    const early = isNegative || constant < 0 ? constant : 0;
    let key = `${own.base}+${early}`;
    if (moving.length > 1) moving.sort((a, b) => a.depth - b.depth);
    let count = 0;
    let whole = key;
    for (; count < moving.length && moving[count].depth <= depth; count++) {
      whole += this.#keyOf(moving[count]);
    }
    let base = lookUpAddress(frame, whole);
    if (base === undefined) {
      base = early === 0 ? own.base : this.#offset(own.base, early, key);
      for (let i = 0; i < count; i++) {
        key += this.#keyOf(moving[i]);
        base = lookUpAddress(frame, key) ?? this.#moved(base, moving[i], key);
      }
    }
    return { base, offset: constant - early };
  }

  /** Makes a text that is equal for parts of equal value. */
  #keyOf({ factor, scale, depth }: Moving): string {
    return factor.kind === "axis"
      ? `L${this.#host.frame.axes.get(factor.axis)?.local}*${scale}`
      : `E${this.#identity(factor)}@${depth}*${scale}`;
  }

  #keep(key: string): Local {
    const local = this.code.take("i32");
    (this.#host.frame.addresses ??= new Map()).set(key, local);
    return local;
  }

  /** An address a constant further, computed if it is not known. */
  #offset(base: Local, bytes: number, key: string): Local {
    const known = lookUpAddress(this.#host.frame, key);
    if (known !== undefined) return known;
    const { code } = this;
    code.get(base);
    code.i32Const(bytes);
    code.op(i32.add);
    return this.#keep(key);
  }

  #moved(base: Local, part: Moving, key: string): Local {
    const { code } = this;
    code.get(base);
    code.get(this.#scaled(part));
    code.op(i32.add);
    return this.#keep(key);
  }

  /** Part of an index in bytes, computed if it is not known. An axis counts without the constant of its binding. */
  #scaled(part: Moving): Local {
    const { factor, scale } = part;
    const key = `S${this.#keyOf(part)}`;
    const known = lookUpAddress(this.#host.frame, key);
    if (known !== undefined) return known;
    const { code } = this;
    if (factor.kind === "axis") {
      const { local } = bindingOf(this.#host.frame, factor.axis);
      if (local === undefined) throw new Error("Cannot print an address: an axis is constant");
      code.get(local);
    } else this.push(factor);
    code.i32Const(scale * BYTES);
    code.op(i32.mul);
    return this.#keep(key);
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
