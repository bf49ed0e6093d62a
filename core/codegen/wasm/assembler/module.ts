/**
 * A WebAssembly module, written as bytes: types, imports, one imported memory, functions, exports.
 *
 * No text format and no syntax tree: functions are appended to growable buffers as they are generated
 * (`FunctionBuilder`), and `finish` frames them into sections. Encoding a training step takes a few
 * milliseconds; the engine's own compilation is what costs.
 *
 * @module
 */

import { ByteWriter } from "./byte_writer.ts";
import { FunctionBuilder } from "./function_builder.ts";
import { VALUE_TYPE_BYTE, type ValueType } from "./locals.ts";
import { detectFeatures } from "./features.ts";

export * from "./opcodes.ts";
export { FunctionBuilder, type Label, type LoopOptions } from "./function_builder.ts";
export type { Local, ValueType } from "./locals.ts";

/** Parameters and results of a function. */
export interface FunctionType {
  /** Types of the parameters, which are the function's first locals. */
  readonly parameters: readonly ValueType[];
  /** Types of the results. Default none. */
  readonly results?: readonly ValueType[];
}

/** The memory a module imports as `env.memory`. */
export interface MemoryImport {
  /** Smallest size, in pages of 64 KiB. */
  readonly minimumPages: number;
  /** Largest size, in pages of 64 KiB. Required when shared. */
  readonly maximumPages?: number;
  /** Whether threads share it. Default false. */
  readonly shared?: boolean;
}

/** What a module is made for. */
export interface ModuleOptions {
  /** The memory to import, if the module needs one. */
  readonly memory?: MemoryImport;
  /** Whether fused multiply-add may be used. Default: whether this engine has it. */
  readonly relaxed?: boolean;
}

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const SECTION = {
  type: 1,
  import: 2,
  function: 3,
  export: 7,
  code: 10,
} as const;
const FUNCTION_TYPE = 0x60;
const EXTERNAL = { function: 0x00, memory: 0x02 } as const;

/**
 * Builds one WebAssembly module.
 *
 * @example Usage
 * ```ts ignore
 * const module = new ModuleBuilder();
 * module.addFunction({ parameters: ["i32", "i32"], results: ["i32"], exportAs: "add" }, (code) => {
 *   code.get(0, 1);
 *   code.op(i32.add);
 * });
 * const { add } = new WebAssembly.Instance(new WebAssembly.Module(module.finish())).exports;
 * ```
 */
export class ModuleBuilder {
  /** Whether functions of this module may use the relaxed fused instructions. */
  readonly relaxed: boolean;

  readonly #memory: MemoryImport | undefined;
  readonly #types: string[] = [];
  readonly #typeSection = new ByteWriter();
  readonly #importSection = new ByteWriter();
  #importCount = 0;
  readonly #functionTypes: number[] = [];
  #importedFunctions = 0;
  readonly #exportSection = new ByteWriter();
  #exportCount = 0;
  readonly #codeSection = new ByteWriter();

  constructor(options: ModuleOptions = {}) {
    this.relaxed = options.relaxed ?? detectFeatures().relaxedSimd;
    this.#memory = options.memory;
    if (options.memory !== undefined) this.#importMemory(options.memory);
  }

  #importMemory(
    { minimumPages, maximumPages, shared = false }: MemoryImport,
  ): void {
    if (shared && maximumPages === undefined) {
      throw new TypeError(
        "Cannot import a shared memory: wanted a maximum of pages, found none",
      );
    }
    const section = this.#importSection;
    section.name("env");
    section.name("memory");
    section.byte(EXTERNAL.memory);
    section.byte((maximumPages === undefined ? 0 : 1) | (shared ? 2 : 0));
    section.unsigned(minimumPages);
    if (maximumPages !== undefined) section.unsigned(maximumPages);
    this.#importCount++;
  }

  /** Index of a function type, new or known. */
  #typeIndex({ parameters, results = [] }: FunctionType): number {
    const key = `${parameters.join()}:${results.join()}`;
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    this.#types.push(key);
    this.#typeSection.byte(FUNCTION_TYPE);
    for (const list of [parameters, results]) {
      this.#typeSection.unsigned(list.length);
      for (const type of list) this.#typeSection.byte(VALUE_TYPE_BYTE[type]);
    }
    return this.#types.length - 1;
  }

  /**
   * Imports a function as `env.NAME`; all imports come before the first function of the module's own.
   *
   * @returns Its index, for `FunctionBuilder.call`.
   * @throws {TypeError} If a function was added before.
   */
  importFunction(name: string, type: FunctionType): number {
    if (this.#functionTypes.length > 0) {
      throw new TypeError(
        `Cannot import function "${name}": wanted imports before functions, found functions`,
      );
    }
    this.#importSection.name("env");
    this.#importSection.name(name);
    this.#importSection.byte(EXTERNAL.function);
    this.#importSection.unsigned(this.#typeIndex(type));
    this.#importCount++;
    return this.#importedFunctions++;
  }

  /**
   * Adds a function; `body` writes its code.
   *
   * @returns Its index, for `FunctionBuilder.call`.
   */
  addFunction(
    options: FunctionType & { readonly exportAs?: string },
    body: (code: FunctionBuilder) => void,
  ): number {
    const code = new FunctionBuilder(options.parameters, this.relaxed);
    body(code);
    code.writeTo(this.#codeSection);
    const index = this.#importedFunctions + this.#functionTypes.length;
    this.#functionTypes.push(this.#typeIndex(options));
    if (options.exportAs !== undefined) {
      this.#exportSection.name(options.exportAs);
      this.#exportSection.byte(EXTERNAL.function);
      this.#exportSection.unsigned(index);
      this.#exportCount++;
    }
    return index;
  }

  /** The bytes of the module. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    for (const byte of PREAMBLE) out.byte(byte);
    const functionSection = new ByteWriter();
    for (const type of this.#functionTypes) functionSection.unsigned(type);
    const sections: [number, number, ByteWriter][] = [
      [SECTION.type, this.#types.length, this.#typeSection],
      [SECTION.import, this.#importCount, this.#importSection],
      [SECTION.function, this.#functionTypes.length, functionSection],
      [SECTION.export, this.#exportCount, this.#exportSection],
      [SECTION.code, this.#functionTypes.length, this.#codeSection],
    ];
    for (const [id, count, content] of sections) {
      if (count === 0) continue;
      const section = new ByteWriter();
      section.unsigned(count);
      section.append(content);
      out.byte(id);
      out.framed(section);
    }
    return out.finish();
  }

  /** A fresh memory that fits the import. */
  createMemory(): WebAssembly.Memory {
    const { minimumPages, maximumPages, shared } = this.#memory ??
      { minimumPages: 1 };
    return new WebAssembly.Memory({
      initial: minimumPages,
      maximum: maximumPages,
      shared,
    });
  }
}
