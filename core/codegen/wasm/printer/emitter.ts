/**
 * Expressions as code. Vectors of four elements lie along one axis, the vector axis; what does not
 * change along it is the same in all lanes. Indices of memory are plain integers.
 *
 * Everything computed is kept in a local and known to its frame, so that shared parts are computed once
 * and, by {@linkcode Emitter.hoist}, before the loops that do not change them.
 *
 * @module
 */
import {
  addIndex,
  axesIn,
  type Axis,
  type Buffer,
  type Expression,
  index as constantIndex,
  visitExpression,
} from "../../../ir/expression.ts";
import { rangeOf } from "../../../ir/range.ts";
import {
  f32x4,
  type FunctionBuilder,
  i32,
  i32x4,
  lane,
  load,
  loadLane,
  type Local,
  storeLane,
  v128,
} from "../assembler/module.ts";
import { isSlow } from "../../cpu/instructions.ts";
import type { VECTOR_FUNCTIONS } from "../math/vector_math.ts";
import { type Address, emitStoreLanes } from "../matmul/matmul_operand.ts";
import { compensationOf, type Store } from "../../../loops/program.ts";
import { axisDepth, type Binding, bindingOf, type Frame, lookUp, openFrame } from "./frame.ts";
import { ResultReaders, strideAlong } from "../../cpu/vector_axis.ts";
import { type IntegerHost, Integers } from "./integers.ts";
import { emitCompensated } from "./compensated.ts";
import { emitOperation, emitShiftBy, emitSmallDivision } from "./operations.ts";

const LANES = 4;
const BYTES = 4;
/** Integers up to this are divided through floats. */
const SMALL = 2 ** 21;

/** Writes the expressions of one function. */
export class Emitter implements IntegerHost {
  /** Where code goes. */
  readonly code: FunctionBuilder;
  /** The place where it goes. */
  frame: Frame = openFrame(undefined, []);
  /** The axis along which vectors lie, if any. */
  vectorAxis: Axis | undefined;
  readonly #addressOf: (buffer: Buffer) => Address;
  readonly #functions: typeof VECTOR_FUNCTIONS | undefined;
  readonly #integers: Integers;
  readonly #results = new ResultReaders();

  constructor(
    code: FunctionBuilder,
    addressOf: (buffer: Buffer) => Address,
    functions: typeof VECTOR_FUNCTIONS | undefined,
  ) {
    this.code = code;
    this.#functions = functions;
    this.#addressOf = addressOf;
    this.#integers = new Integers(code, this, addressOf);
  }

  /** Runs `body` with axes bound. Locals taken inside are free again afterwards. */
  within(axes: readonly (readonly [Axis, Binding])[], body: () => void, lanes?: number): void {
    const outer = this.frame;
    this.frame = openFrame(outer, axes, lanes);
    this.code.scope(body);
    this.frame = outer;
  }

  /** Runs `body` with another vector axis. */
  along(axis: Axis | undefined, body: () => void): void {
    const outer = this.vectorAxis;
    this.vectorAxis = axis;
    body();
    this.vectorAxis = outer;
  }

  /** Makes the value of an expression known here. */
  know(expression: Expression, local: Local): void {
    (this.frame.vectors ??= new Map()).set(expression, local);
  }

  /** Whether an expression changes along the vector axis. */
  isVector(expression: Expression): boolean {
    return this.vectorAxis !== undefined &&
      (axesIn(expression).has(this.vectorAxis) || this.#results.has(expression));
  }

  /** Depth at which all that an expression needs is there. */
  depthOf(expression: Expression): number {
    return this.#results.has(expression) ? Infinity : axisDepth(this.frame, expression);
  }

  /** Computes what can be computed here of expressions that are needed further inside. */
  hoist(expressions: Iterable<Expression>, seen = new Set<Expression>()): void {
    for (const expression of expressions) this.#hoist(expression, seen);
  }

  #hoist(part: Expression, seen: Set<Expression>): void {
    if (part.kind === "constant" || part.kind === "axis" || part.kind === "accumulator") return;
    if (seen.has(part)) return;
    seen.add(part);
    if (this.#knownVector(part) !== undefined) return;
    if (this.depthOf(part) <= this.frame.depth) this.vector(part);
    else if (part.kind === "load") this.hoistIndex(part.buffer, part.index, seen);
    else {
      const { inputs } = part;
      for (let i = 0; i < inputs.length; i++) this.#hoist(inputs[i], seen);
    }
  }

  /** Computes what can be computed here of the address of an element. */
  hoistIndex(buffer: Buffer, index: Expression, seen?: Set<Expression>): void {
    if (this.isVector(index) && this.#strideOf(index) === undefined) {
      // What was seen goes along: an index of an index is met on as many ways as there are loads.
      this.hoist([index], seen);
      return;
    }
    this.#integers.address(buffer, index, this.frame.depth);
  }

  /** What can be computed here of stores further inside. */
  hoistStores(stores: readonly Store[]): void {
    const seen = new Set<Expression>();
    for (let i = 0; i < stores.length; i++) this.#hoist(stores[i].value, seen);
    for (let i = 0; i < stores.length; i++) this.hoistIndex(stores[i].buffer, stores[i].index);
  }

  /** The value of an expression as a vector in a local. */
  vector(expression: Expression): Local {
    const known = this.#knownVector(expression);
    if (known !== undefined) return known;
    this.#compute(expression);
    const local = this.code.take("v128");
    (this.frame.vectors ??= new Map()).set(expression, local);
    return local;
  }

  #knownVector(expression: Expression): Local | undefined {
    return lookUp(this.frame, "vectors", expression);
  }

  /** Pushes the value of an expression as a vector. */
  push(expression: Expression): void {
    if (expression.kind !== "constant") return this.code.get(this.vector(expression));
    const { dtype, value } = expression;
    if (dtype === "f32") this.code.f32x4Const(value);
    else this.code.i32x4Const(dtype === "bool" ? (value ? -1 : 0) : value);
  }

  #compute(expression: Expression): void {
    const { code } = this;
    switch (expression.kind) {
      case "constant":
        return this.push(expression);
      case "axis":
        return this.#pushAxis(expression.axis);
      case "accumulator":
        throw new Error("Cannot print an expression: the result of a fold is read outside it");
      case "load":
        this.#pushLoad(expression.buffer, expression.index);
        if (expression.dtype === "bool") {
          code.i32x4Const(0);
          code.op(i32x4.ne);
        }
        return;
      case "apply":
        return this.#pushOperation(expression);
      default:
        return expression satisfies never;
    }
  }

  #pushAxis(axis: Axis): void {
    const { code } = this;
    const { local, constant } = bindingOf(this.frame, axis);
    const first = axis === this.vectorAxis ? constant : undefined;
    if (local === undefined) code.i32x4Const(constant);
    else {
      code.get(local);
      if (constant !== 0) {
        code.i32Const(constant);
        code.op(i32.add);
      }
      code.op(i32x4.splat);
    }
    if (first !== undefined) {
      code.v128Const([0, 1, 2, 3]);
      code.op(i32x4.add);
    }
  }

  #pushOperation(expression: Expression & { readonly kind: "apply" }): void {
    const { code } = this;
    const { operation, inputs, dtype } = expression;
    if (dtype === "f32" && this.#pushFused(operation, inputs)) return;
    const x = inputs[0];
    const y = inputs[1];
    if ((operation === "div" || operation === "rem") && dtype === "i32" && y.kind === "constant") {
      const { min, max } = rangeOf(x);
      // Lanes past the last one may be greater; what they give is not used.
      if (y.value > 0 && min >= 0 && max + LANES < SMALL) {
        this.push(x);
        return emitSmallDivision(code, operation, y.value);
      }
    }
    if ((operation === "shift_left" || operation === "shift_right") && y.kind === "constant") {
      this.push(x);
      return emitShiftBy(code, operation, dtype, y.value);
    }
    // Against a constant, which is never NaN, the cheap maximum is right.
    if ((operation === "max" || operation === "min") && dtype === "f32") {
      const constant = inputs.find(({ kind }) => kind === "constant");
      const other = inputs.find((input) => input !== constant);
      if (constant?.kind === "constant" && other && !Number.isNaN(constant.value)) {
        this.push(other);
        this.push(constant);
        return code.op(operation === "max" ? f32x4.pmax : f32x4.pmin);
      }
    }
    for (let i = 0; i < inputs.length; i++) this.push(inputs[i]);
    const value = inputs[operation === "select" ? 1 : 0];
    emitOperation(code, operation, { input: value.dtype, output: dtype }, this.#functions);
  }

  /** `a · b + c` and `c − a · b` in one rounding, where the product is not needed for itself. */
  #pushFused(operation: string, inputs: readonly Expression[]): boolean {
    const { code } = this;
    if (!code.relaxed || (operation !== "add" && operation !== "sub")) return false;
    const x = inputs[0];
    const y = inputs[1];
    if (x === y) return false;
    const product = this.#isOpenProduct(y) ? y : this.#isOpenProduct(x) ? x : undefined;
    if (product?.kind !== "apply" || (operation === "sub" && product === x)) return false;
    this.push(product.inputs[0]);
    this.push(product.inputs[1]);
    this.push(product === x ? y : x);
    code.op(operation === "add" ? f32x4.relaxed_madd : f32x4.relaxed_nmadd);
    return true;
  }

  /** Whether an expression is a product that has not been computed for itself. */
  #isOpenProduct(part: Expression): boolean {
    return part.kind === "apply" && part.operation === "mul" && part.dtype === "f32" &&
      this.#knownVector(part) === undefined;
  }

  readonly #varies = (part: Expression): boolean => this.isVector(part);

  /** Elements from lane to lane of an index; `undefined` if it does not step evenly. */
  #strideOf(index: Expression): number | undefined {
    return strideAlong(index, this.vectorAxis, this.#varies);
  }

  #pushLoad(buffer: Buffer, index: Expression): void {
    const { code } = this;
    const stride = this.#strideOf(index);
    if (stride === 0) {
      const { base, offset } = this.address(buffer, index);
      return code.loadFrom(load.v128_splat32, base, offset);
    }
    if (stride === 1) {
      const { base, offset } = this.address(buffer, index);
      return code.vector(base, offset);
    }
    if (stride === -1) {
      const { base, offset } = this.address(buffer, addIndex(index, constantIndex(-3)));
      code.vector(base, offset);
      code.get(this.code.take("v128"));
      return this.#reverseTop();
    }
    if (stride !== undefined) {
      // The lowest address comes first, so that constants are not negative.
      const { lanes } = this.frame;
      const shift = stride < 0 ? stride * (lanes - 1) : 0;
      const { base, offset } = this.address(buffer, addIndex(index, constantIndex(shift)));
      for (let i = 0; i < lanes; i++) {
        const at = offset + BYTES * (stride * i - shift);
        if (i === 0) code.loadFrom(load.v128_zero32, base, at);
        else {
          const vector = code.take("v128");
          code.get(base, vector);
          code.loadLane(loadLane.lane32, i, at);
        }
      }
      return;
    }
    this.#eachElement(buffer, index, (base, offset, i) => {
      if (i === 0) code.loadFrom(load.v128_zero32, base, offset);
      else {
        const vector = code.take("v128");
        code.get(base, vector);
        code.loadLane(loadLane.lane32, i, offset);
      }
    });
  }

  #reverseTop(): void {
    this.code.scope(() => {
      const vector = this.code.take("v128");
      this.code.get(vector, vector);
      this.code.shuffle([3, 2, 1, 0]);
    });
  }

  /** Visits the addresses of the lanes of an uneven index. Lanes that do not count are left out. */
  #eachElement(
    buffer: Buffer,
    index: Expression,
    visit: (base: Local, offset: number, lane: number) => void,
  ): void {
    const { code } = this;
    const indices = this.vector(index);
    const { base, offset } = this.#addressOf(buffer);
    const pointer = code.local("i32");
    for (let i = 0; i < this.frame.lanes; i++) {
      code.get(indices);
      code.laneOp(lane.i32x4_extract, i);
      code.i32Const(2);
      code.op(i32.shl);
      code.get(base);
      code.op(i32.add);
      code.set(pointer);
      visit(pointer, offset, i);
    }
  }

  /** The address of an element, at the first lane. */
  address(buffer: Buffer, index: Expression): Address {
    return this.#integers.address(buffer, index, Infinity);
  }

  /** Writes stores at the current point: all values first, so that none sees what another writes. */
  emitStores(stores: readonly Store[]): void {
    const values = stores.map(({ value }) => this.#storable(value));
    stores.forEach((one, i) => this.#emitStore(one, values[i]));
  }

  /**
   * Writes stores at several points at once. What takes long is computed for each point in turn before
   * what is made of it, so that the processor, which looks only so far ahead, need not wait for it.
   */
  emitStoresTogether(
    stores: readonly Store[],
    points: readonly (readonly (readonly [Axis, Binding])[])[],
  ): void {
    const outer = this.frame;
    const frames = points.map((axes) => openFrame(outer, axes));
    const forEach = (body: () => void) =>
      frames.forEach((frame) => {
        this.frame = frame;
        body();
      });
    this.code.scope(() => {
      const seen = new Set<Expression>();
      for (const { value } of stores) {
        visitExpression(value, (part) => isSlow(part) && forEach(() => this.vector(part)), seen);
      }
      forEach(() => this.emitStores(stores));
    });
    this.frame = outer;
  }

  /** A value as it lies in memory: bools are 0 or 1. */
  #storable(value: Expression): Local {
    const vector = this.vector(value);
    if (value.dtype !== "bool") return vector;
    this.code.get(vector);
    this.code.i32x4Const(1);
    this.code.op(v128.and);
    return this.code.take("v128");
  }

  #emitStore({ buffer, index, value, mode }: Store, vector: Local): void {
    const { code } = this;
    const stride = this.#strideOf(index);
    const lanes = stride === 0 ? 1 : this.frame.lanes;
    const storeWith = (
      write: (offset: number, value: Local) => void,
      read: (offset: number) => void,
      offset: number,
    ): void => {
      if (mode === "set") return write(offset, vector);
      if (mode === "compensate") {
        return emitCompensated(code, vector, { write, read }, [
          offset,
          offset + BYTES * compensationOf(buffer),
        ]);
      }
      read(offset);
      code.get(vector);
      code.op(value.dtype === "f32" ? f32x4.add : i32x4.add);
      write(offset, code.take("v128"));
    };
    if (stride === 0 || stride === 1) {
      const { base, offset } = this.address(buffer, index);
      const opcode = stride === 0 ? load.v128_splat32 : load.v128;
      return storeWith(
        (offset, value) => emitStoreLanes(code, base, offset, value, lanes),
        (offset) => code.loadFrom(opcode, base, offset),
        offset,
      );
    }
    const storeOne = (base: Local, offset: number, i: number): void =>
      storeWith(
        (offset, value) => {
          code.get(base, value);
          code.storeLane(storeLane.lane32, i, offset);
        },
        (offset) => code.loadFrom(load.v128_splat32, base, offset),
        offset,
      );
    if (stride === undefined) return this.#eachElement(buffer, index, storeOne);
    const shift = stride < 0 ? stride * (lanes - 1) : 0;
    const { base, offset } = this.address(buffer, addIndex(index, constantIndex(shift)));
    for (let i = 0; i < lanes; i++) storeOne(base, offset + BYTES * (stride * i - shift), i);
  }
}
