/**
 * The local variables of a function: declared by type, and used again when they are released.
 *
 * @module
 */
import type { ByteWriter } from "./byte_writer.ts";

/** The type of a local, a parameter or a result. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** The byte that stands for each value type. */
export const VALUE_TYPE_BYTE: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** A local variable of a function, by its index. */
export type Local = number;

/** Gives out the locals of one function. */
export class LocalAllocator {
  readonly #parameters: number;
  readonly #types: ValueType[] = [];
  readonly #free: Readonly<Record<ValueType, Local[]>> = {
    i32: [],
    i64: [],
    f32: [],
    f64: [],
    v128: [],
  };
  #scope: Local[] | undefined;

  /** Begins after the parameters, which are locals too. */
  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  /** Takes a local: a released one if there is one, else a new one. */
  take(type: ValueType): Local {
    const local = this.#free[type].pop() ?? this.declare(type);
    this.#scope?.push(local);
    return local;
  }

  /** Declares a new local, which no scope releases. */
  declare(type: ValueType): Local {
    this.#types.push(type);
    return this.#parameters + this.#types.length - 1;
  }

  /** Runs `body`; the locals it takes are released when it ends. */
  scope<T>(body: () => T): T {
    const outer = this.#scope;
    const taken: Local[] = [];
    this.#scope = taken;
    try {
      return body();
    } finally {
      this.#scope = outer;
      // The last one taken is the next one given, so that nearby code reuses the same few.
      for (let i = taken.length - 1; i >= 0; i--) {
        this.#free[this.#types[taken[i] - this.#parameters]].push(taken[i]);
      }
    }
  }

  /** Writes the declarations: runs of locals of one type. */
  writeTo(body: ByteWriter): void {
    const runs: [number, ValueType][] = [];
    for (const type of this.#types) {
      const last = runs[runs.length - 1];
      if (last !== undefined && last[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    body.unsigned(runs.length);
    for (const [count, type] of runs) {
      body.unsigned(count);
      body.byte(VALUE_TYPE_BYTE[type]);
    }
  }
}
