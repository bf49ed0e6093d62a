/**
 * The body of one WebAssembly function, written instruction by instruction.
 *
 * The style is that of the machine: operands are pushed, an instruction takes them and pushes its result.
 * What the builder adds is bookkeeping: locals that can be recycled (`locals.ts`), labels that are values
 * instead of nesting depths, and counted loops.
 *
 * @module
 */

import { ByteWriter } from "./byte_writer.ts";
import { type Local, LocalAllocator, type ValueType } from "./locals.ts";
import {
  type AtomicOpcode,
  i32,
  type LaneOpcode,
  load,
  type LoadLaneOpcode,
  type LoadOpcode,
  type PlainOpcode,
  type StoreLaneOpcode,
  type StoreOpcode,
} from "./opcodes.ts";

/** A structured block that can be branched to. */
export type Label = number;

/** How a counted loop runs; `from` and `to` may be constants or locals. */
export interface LoopOptions {
  /** First value of the counter. Default 0. */
  readonly from?: number | { readonly local: Local };
  /** The loop runs while the counter is below this. */
  readonly to: number | { readonly local: Local };
  /** What is added to the counter each time round; positive. Default 1. */
  readonly step?: number;
}

const FLOAT_BITS = new DataView(new ArrayBuffer(8));
const END = 0x0b;
const EMPTY_BLOCK = 0x40;

/** Writes the body of one function. Made by `ModuleBuilder.addFunction`. */
export class FunctionBuilder {
  /** Whether `multiplyAdd` may use the relaxed fused instructions. */
  readonly relaxed: boolean;

  readonly #code = new ByteWriter();
  readonly #prologue = new ByteWriter();
  readonly #constants: Map<number, Map<number, Local>> = new Map();
  readonly #locals: LocalAllocator;
  #depth = 0;

  constructor(parameters: readonly ValueType[], relaxed: boolean) {
    this.#locals = new LocalAllocator(parameters.length);
    this.relaxed = relaxed;
  }

  /** A local of the given type: a released one if there is one, else a new one. Its value is unspecified. */
  local(type: ValueType): Local {
    return this.#locals.take(type);
  }

  /** Several locals of one type. */
  locals(type: ValueType, count: number): Local[] {
    const locals: Local[] = [];
    while (locals.length < count) locals.push(this.#locals.take(type));
    return locals;
  }

  /** Runs `body`; the locals it takes are released when it ends. */
  scope<T>(body: () => T): T {
    return this.#locals.scope(body);
  }

  #opcode(code: number): void {
    if (code < 0x10000) this.#code.byte(code);
    else this.#code.pair(code >>> 16, code & 0xffff);
  }

  /** An instruction without immediates. */
  op(code: PlainOpcode): void {
    this.#opcode(code);
  }

  /** Pushes up to four locals, in order. */
  get(first: Local, second?: Local, third?: Local, fourth?: Local): void {
    this.#code.pair(0x20, first);
    if (second !== undefined) this.#code.pair(0x20, second);
    if (third !== undefined) this.#code.pair(0x20, third);
    if (fourth !== undefined) this.#code.pair(0x20, fourth);
  }

  /** Pops into a local. */
  set(local: Local): void {
    this.#code.pair(0x21, local);
  }

  /** Copies the top of the stack into a local. */
  tee(local: Local): void {
    this.#code.pair(0x22, local);
  }

  /** Pops into a new local of the given type. */
  take(type: ValueType): Local {
    const local = this.#locals.take(type);
    this.#code.pair(0x21, local);
    return local;
  }

  /** Drops the top of the stack. */
  drop(): void {
    this.#code.byte(0x1a);
  }

  /** `(a, b, condition)`: `a` if the condition is not zero, else `b`. Numbers only, not vectors. */
  select(): void {
    this.#code.byte(0x1b);
  }

  /** Pushes a 32-bit integer. */
  i32Const(value: number): void {
    this.#code.byte(0x41);
    this.#code.signed(value);
  }

  /** Pushes a 64-bit integer. */
  i64Const(value: bigint): void {
    this.#code.byte(0x42);
    this.#code.signed64(value);
  }

  /** Pushes a single float. */
  f32Const(value: number): void {
    this.#code.byte(0x43);
    this.#code.float32(value);
  }

  /** Pushes a double float. */
  f64Const(value: number): void {
    this.#code.byte(0x44);
    this.#code.float64(value);
  }

  /** Pushes a vector of four 32-bit words. */
  v128Const(words: readonly [number, number, number, number]): void {
    this.#opcode(0xfd000c);
    this.#code.words(words);
  }

  /** Pushes a vector with the same 32-bit word in all lanes. */
  i32x4Const(value: number): void {
    this.#constant(value >>> 0, value >>> 0);
  }

  /** Pushes a vector with the same single float in all lanes. */
  f32x4Const(value: number): void {
    FLOAT_BITS.setFloat32(0, value, true);
    const word = FLOAT_BITS.getUint32(0, true);
    this.#constant(word, word);
  }

  /** Pushes a vector with the same double float in both lanes. */
  f64x2Const(value: number): void {
    FLOAT_BITS.setFloat64(0, value, true);
    this.#constant(FLOAT_BITS.getUint32(0, true), FLOAT_BITS.getUint32(4, true));
  }

  /**
   * Pushes a vector of twice the same two words. Engines make a vector constant in several instructions each
   * time it is met, so each is made once, at the start of the function, and lives in a local.
   */
  #constant(low: number, high: number): void {
    if (low === 0 && high === 0) {
      this.v128Const([0, 0, 0, 0]); // one instruction, cheaper than any local
      return;
    }
    let words = this.#constants.get(high);
    if (words === undefined) this.#constants.set(high, words = new Map());
    let local = words.get(low);
    if (local === undefined) {
      words.set(low, local = this.#locals.declare("v128"));
      this.#prologue.pair(0xfd, 12);
      this.#prologue.words([low, high, low, high]);
      this.#prologue.pair(0x21, local);
    }
    this.get(local);
  }

  /** Pushes what memory holds `offset` bytes after the address in a local. */
  loadFrom(code: LoadOpcode, base: Local, offset = 0): void {
    this.#code.pair(0x20, base);
    this.#memory(code, offset);
  }

  /** `(address, value)`: writes the value `offset` bytes after the address. */
  store(code: StoreOpcode, offset = 0): void {
    this.#memory(code, offset);
  }

  /** Writes a local `offset` bytes after the address in another. */
  storeTo(code: StoreOpcode, base: Local, offset: number, value: Local): void {
    this.#code.pair(0x20, base);
    this.#code.pair(0x20, value);
    this.#memory(code, offset);
  }

  /** `(address, vector)`: reads memory into one lane and gives the vector. */
  loadLane(code: LoadLaneOpcode, lane: number, offset = 0): void {
    this.#memory(code, offset);
    this.#code.byte(lane);
  }

  /** `(address, vector)`: writes one lane to memory. */
  storeLane(code: StoreLaneOpcode, lane: number, offset = 0): void {
    this.#memory(code, offset);
    this.#code.byte(lane);
  }

  /** An atomic instruction; its operands are on the stack. */
  atomic(code: AtomicOpcode, offset = 0): void {
    this.#opcode(code);
    this.#code.pair(2, offset); // atomics must state their natural alignment, here four bytes
  }

  #memory(code: number, offset: number): void {
    this.#opcode(code);
    this.#code.pair(0, offset); // the alignment hint: none; engines ignore it
  }

  /** An instruction that names a lane. */
  laneOp(code: LaneOpcode, lane: number): void {
    this.#opcode(code);
    this.#code.byte(lane);
  }

  /** `(a, b)`: four words picked from the eight of `a` (0 to 3) and `b` (4 to 7). */
  shuffle(words: readonly [number, number, number, number]): void {
    this.#opcode(0xfd000d);
    this.#code.words(words.map((word) => 0x03020100 + word * 0x04040404));
  }

  /** `(a, b)`: `a * b + c` in four lanes, `c` in a local or pushed; fused where the module may use relaxed instructions. */
  multiplyAdd(c: Local | (() => void)): void {
    // Without fusion the sum needs its operand after the product.
    if (!this.relaxed) this.#opcode(0xfd00e6);
    if (typeof c === "number") this.#code.pair(0x20, c);
    else c();
    this.#opcode(this.relaxed ? 0xfd0105 : 0xfd00e4);
  }

  /** `(destination, byte value, bytes)`: fills memory. */
  memoryFill(): void {
    this.#opcode(0xfc000b);
    this.#code.byte(0);
  }

  /** Calls a function by its index; its arguments are on the stack. */
  call(index: number): void {
    this.#code.pair(0x10, index);
  }

  /** Leaves the function; its results are on the stack. */
  return(): void {
    this.#code.byte(0x0f);
  }

  /** A block; a branch to its label leaves it. */
  block(body: (exit: Label) => void): void {
    this.#structured(0x02, body);
  }

  /** A loop; a branch to its label starts it again, falling off its end leaves it. */
  loop(body: (again: Label) => void): void {
    this.#structured(0x03, body);
  }

  /** Pops a condition; runs one of two bodies. */
  if(then: (exit: Label) => void, otherwise?: (exit: Label) => void): void {
    this.#code.pair(0x04, EMPTY_BLOCK);
    this.#depth++;
    then(this.#depth);
    if (otherwise !== undefined) {
      this.#code.byte(0x05);
      otherwise(this.#depth);
    }
    this.#depth--;
    this.#code.byte(END);
  }

  #structured(code: number, body: (label: Label) => void): void {
    this.#code.pair(code, EMPTY_BLOCK);
    this.#depth++;
    body(this.#depth);
    this.#depth--;
    this.#code.byte(END);
  }

  /** Branches to a label. */
  branch(label: Label): void {
    this.#code.pair(0x0c, this.#depth - label);
  }

  /** Pops a condition; branches to a label if it is not zero. */
  branchIf(label: Label): void {
    this.#code.pair(0x0d, this.#depth - label);
  }

  /**
   * A counted loop. With constant bounds the body runs at least once or is not emitted at all, and the test is
   * at the end; a bound in a local costs one test before the loop. The body must leave the counter alone.
   */
  repeat(options: LoopOptions, body: (counter: Local) => void): void {
    const { from = 0, to, step = 1 } = options;
    const isConstant = typeof from === "number" && typeof to === "number";
    if (isConstant && from >= to) return;
    this.scope(() => {
      const counter = this.local("i32");
      this.#pushBound(from);
      this.set(counter);
      this.block((exit) => {
        if (!isConstant) {
          this.get(counter);
          this.#pushBound(to);
          this.op(i32.ge_s);
          this.branchIf(exit);
        }
        this.loop((again) => {
          body(counter);
          this.get(counter);
          this.i32Const(step);
          this.op(i32.add);
          this.tee(counter);
          this.#pushBound(to);
          this.op(i32.lt_s);
          this.branchIf(again);
        });
      });
    });
  }

  #pushBound(bound: number | { readonly local: Local }): void {
    if (typeof bound === "number") this.i32Const(bound);
    else this.get(bound.local);
  }

  /** Adds a constant to an i32 local. */
  increment(local: Local, amount: number): void {
    if (amount === 0) return;
    this.get(local);
    this.i32Const(amount);
    this.op(i32.add);
    this.set(local);
  }

  /** Pushes `base + index * scale + offset`, the address of an element; `index` in a local. */
  address(base: Local, index: Local, scale: number, offset = 0): void {
    this.get(base, index);
    this.i32Const(scale);
    this.op(i32.mul);
    this.op(i32.add);
    if (offset !== 0) {
      this.i32Const(offset);
      this.op(i32.add);
    }
  }

  /** Pushes four words at an address in a local: `load.v128`, spelled short because it is everywhere. */
  vector(base: Local, offset = 0): void {
    this.loadFrom(load.v128, base, offset);
  }

  /** Appends the finished body (locals, code, end) to the code section. */
  writeTo(section: ByteWriter): void {
    const body = new ByteWriter();
    this.#locals.writeTo(body);
    body.append(this.#prologue);
    body.append(this.#code);
    body.byte(END);
    section.framed(body);
  }
}
