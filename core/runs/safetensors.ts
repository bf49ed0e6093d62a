/**
 * The safetensors format: named arrays in one file, read and written as bytes.
 *
 * A file is the length of the header (8 bytes, little endian), the header (JSON: name → dtype, shape and where the data
 * begin and end; strings under `__metadata__`), then the data, without gaps. See the format's description at
 * https://huggingface.co/docs/safetensors. Reading trusts nothing: whatever the bytes, it returns arrays that fit their
 * shapes, or throws one sentence. No file system is touched, so this runs in a browser too.
 *
 * @module
 */

/** The arrays that hold the elements of each dtype; 16-bit floats stay as their bits, booleans are bytes 0 and 1. */
export interface SafetensorsArrays {
  /** Bytes 0 and 1. */
  readonly BOOL: Uint8Array;
  /** Bytes. */
  readonly U8: Uint8Array;
  /** Bytes with a sign. */
  readonly I8: Int8Array;
  /** 16 bits. */
  readonly U16: Uint16Array;
  /** 16 bits with a sign. */
  readonly I16: Int16Array;
  /** The bits of IEEE half floats. */
  readonly F16: Uint16Array;
  /** The upper 16 bits of 32-bit floats. */
  readonly BF16: Uint16Array;
  /** 32 bits. */
  readonly U32: Uint32Array;
  /** 32 bits with a sign. */
  readonly I32: Int32Array;
  /** 32-bit floats. */
  readonly F32: Float32Array;
  /** 64 bits. */
  readonly U64: BigUint64Array;
  /** 64 bits with a sign. */
  readonly I64: BigInt64Array;
  /** 64-bit floats. */
  readonly F64: Float64Array;
}

/** Element types of the format that are known here. */
export type SafetensorsDType = keyof SafetensorsArrays;

/** One array of a file. */
export type StoredTensor = {
  readonly [DType in SafetensorsDType]: {
    readonly dtype: DType;
    /** Outermost dimension first; `[]` is a scalar. */
    readonly shape: readonly number[];
    /** The elements, row by row. */
    readonly data: SafetensorsArrays[DType];
  };
}[SafetensorsDType];

/** What a file holds. */
export interface SafetensorsContents {
  /** Name → array, in the order of the file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The strings under `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface ArrayClass {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): SafetensorsArrays[SafetensorsDType];
}

const ARRAYS: Readonly<Record<SafetensorsDType, ArrayClass>> = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  U32: Uint32Array,
  I32: Int32Array,
  F32: Float32Array,
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
};

const METADATA = "__metadata__";
/** Where headers end is padded to this, so that data may be mapped in place. */
const ALIGNMENT = 8;
/** The format's own bound on headers, against files that are something else. */
const LONGEST_HEADER = 100_000_000;

/**
 * Writes arrays and strings as the bytes of a safetensors file.
 *
 * Wide elements are laid before narrow ones, so that each array is aligned to its elements.
 *
 * @param tensors Name → array; shape and data must agree.
 * @param metadata Strings to keep with them.
 * @returns The bytes of the file.
 * @throws {TypeError} When an array has not as many elements as its shape, or is of another class than its dtype.
 * @throws {RangeError} When a boolean is neither 0 nor 1.
 *
 * @example Usage
 * ```ts
 * import { decodeSafetensors, encodeSafetensors } from "@unroll/core/runs";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const bytes = encodeSafetensors(
 *   new Map([["bias", { dtype: "F32", shape: [2], data: new Float32Array([1, 2]) }]]),
 *   { note: "two biases" },
 * );
 *
 * deepStrictEqual(decodeSafetensors(bytes).metadata, { note: "two biases" });
 * ```
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  for (const [name, tensor] of tensors) checkStored(name, tensor);
  const laid = [...tensors].sort(([, a], [, b]) =>
    b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT
  );
  // Written out by hand: an object would reorder names like "0" and lose one called "__proto__".
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) {
    fields.push(`"${METADATA}":${JSON.stringify(metadata)}`);
  }
  let end = 0;
  for (const [name, { dtype, shape, data }] of laid) {
    const entry = { dtype, shape, data_offsets: [end, end += data.byteLength] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  const start = 8 + Math.ceil(header.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(header, 8);
  let position = start;
  for (const [, { data }] of laid) {
    bytes.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      position,
    );
    position += data.byteLength;
  }
  return bytes;
}

function checkStored(name: string, { dtype, shape, data }: StoredTensor): void {
  const type = `${dtype}[${shape.join(",")}]`;
  if (name === METADATA) {
    throw new TypeError(
      `Cannot store a tensor as "${name}": the name is the format's own`,
    );
  }
  if (!(data instanceof ARRAYS[dtype])) {
    throw new TypeError(
      `Cannot store "${name}" as ${type}: a ${ARRAYS[dtype].name} is needed, found a ${
        (data as object).constructor.name
      }`,
    );
  }
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  if (!shape.every(isSize) || count !== data.length) {
    throw new TypeError(
      `Cannot store "${name}" as ${type}: ${count} elements are needed, found ${data.length}`,
    );
  }
  const other = dtype === "BOOL" ? (data as Uint8Array).find((byte) => byte > 1) : undefined;
  if (other !== undefined) {
    throw new RangeError(
      `Cannot store "${name}" as ${type}: bytes 0 and 1 are needed, found ${other}`,
    );
  }
}

/**
 * Reads the bytes of a safetensors file.
 *
 * @param bytes The whole file.
 * @returns Its arrays, copied out, and its strings.
 * @throws {RangeError} When the bytes are cut short, are no such file, or contradict themselves.
 *
 * @example Usage
 * ```ts
 * import { decodeSafetensors } from "@unroll/core/runs";
 * import { throws } from "node:assert/strict";
 *
 * throws(() => decodeSafetensors(new Uint8Array(3)), {
 *   message: "Cannot read safetensors: at least 8 bytes are needed, found 3",
 * });
 * ```
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsContents {
  const end = 8 + headerLength(bytes, bytes.length);
  const { entries, metadata } = readLayout(bytes.subarray(8, end), bytes.length - end);
  // Not a part of `bytes`: where they are a Buffer, as Node reads files, its `slice` would not copy.
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + end, bytes.length - end);
  const tensors = new Map<string, StoredTensor>();
  for (const entry of entries) {
    // A copy: the file's bytes need not be aligned to the elements, nor be kept.
    tensors.set(entry.name, tensorOf(entry, data.slice(entry.begin, entry.end).buffer));
  }
  return { tensors, metadata };
}

/** Where an array lies in a file. */
export interface SafetensorsEntry {
  /** Its name. */
  readonly name: string;
  /** Its element type. */
  readonly dtype: SafetensorsDType;
  /** Its shape. */
  readonly shape: readonly number[];
  /** Where it begins, from the end of the header on. */
  readonly begin: number;
  /** Where it ends. */
  readonly end: number;
}

/**
 * Reads how long the header is, before anything else of a file is read.
 *
 * @param bytes The first 8 bytes, or more.
 * @param size Bytes of the whole file.
 * @returns The bytes of the header, which follow those 8.
 * @throws {RangeError} When the file cannot have such a header.
 */
export function headerLength(bytes: Uint8Array, size: number): number {
  if (size < 8) throw unreadable(`at least 8 bytes are needed, found ${size}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > LONGEST_HEADER) {
    throw unreadable(
      `a header of ${length} bytes is too long, this is another kind of file`,
    );
  }
  if (8 + length > size) {
    throw unreadable(
      `a header of ${length} bytes is announced, found ${size - 8}: the file is cut short`,
    );
  }
  return length;
}

/**
 * Reads the header.
 *
 * @param header Its bytes.
 * @param size Bytes of the data that follow it.
 * @returns Where each array lies, in the order of the header, and the strings.
 * @throws {RangeError} When it is no header, or contradicts itself or the size.
 */
export function readLayout(
  header: Uint8Array,
  size: number,
): Pick<SafetensorsContents, "metadata"> & { readonly entries: readonly SafetensorsEntry[] } {
  const { fields, names } = readHeader(header);
  const entries = names.filter((name) => name !== METADATA).map((name) => {
    const entry = { name, ...readEntry(name, fields[name]) };
    if (entry.end <= size) return entry;
    throw unreadable(
      `${
        shown(name)
      } ends at byte ${entry.end} of the data, found ${size} bytes: the file is cut short`,
    );
  });
  checkRanges([...entries], size);
  return { entries, metadata: readMetadata(fields[METADATA]) };
}

/**
 * Makes an array of its bytes.
 *
 * @param entry What the header says of it.
 * @param buffer Its bytes and no others.
 * @returns The array, in that memory.
 * @throws {RangeError} When a boolean is neither 0 nor 1.
 */
export function tensorOf(
  { name, dtype, shape }: SafetensorsEntry,
  buffer: ArrayBuffer,
): StoredTensor {
  const data = new ARRAYS[dtype](buffer);
  if (dtype === "BOOL" && (data as Uint8Array).some((byte) => byte > 1)) {
    throw unreadable(`${shown(name)} is BOOL and has a byte that is neither 0 nor 1`);
  }
  return { dtype, shape, data } as StoredTensor;
}

function readHeader(bytes: Uint8Array): {
  readonly fields: Readonly<Record<string, unknown>>;
  /** Names of the fields in the order of the file, which an object does not keep. */
  readonly names: readonly string[];
} {
  let text: string;
  let fields: unknown;
  try {
    // A byte order mark is part of the text, and not JSON.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    fields = JSON.parse(text);
  } catch (error) {
    throw unreadable("the header is not JSON", error);
  }
  if (!isRecord(fields)) throw unreadable("the header is not a JSON object");
  if (text[0] !== "{") throw unreadable(`the header must begin with {`);
  return { fields, names: readNames(text) };
}

/** Lists the names of an object's fields in the order of its JSON, and refuses one that is there twice at any depth. */
function readNames(json: string): string[] {
  const open: Set<string>[] = [];
  let names: readonly string[] = [];
  // Strings are not part of the pattern, which would call itself for each of their characters.
  const token = /["{}]/g;
  for (let found = token.exec(json); found !== null; found = token.exec(json)) {
    if (found[0] === "{") open.push(new Set());
    else if (found[0] === "}") names = [...open.pop() ?? []];
    else {
      const end = stringEnd(json, found.index);
      token.lastIndex = end;
      COLON.lastIndex = end;
      if (!COLON.test(json)) continue;
      const name: string = JSON.parse(json.slice(found.index, end));
      const others = open[open.length - 1];
      if (others.has(name)) throw unreadable(`the header has ${shown(name)} twice in one object`);
      others.add(name);
    }
  }
  // The last object to end is the whole.
  return [...names];
}

const COLON = /\s*:/y;

/** Finds where a string of JSON ends: after the first quote that no backslash, or an even number of them, precedes. */
function stringEnd(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1);; quote = json.indexOf('"', quote + 1)) {
    let backslash = quote;
    while (json[backslash - 1] === "\\") backslash--;
    if ((quote - backslash) % 2 === 0) return quote + 1;
  }
}

/** Writes what a file says, as much as a sentence bears of it. */
function shown(value: unknown): string {
  if (typeof value !== "object" || value === null) return cut(JSON.stringify(value) ?? "none");
  if (!Array.isArray(value)) return "{…}";
  // Lists in lists may be more than the stack is deep.
  const parts = value.slice(0, 100).map((part) => Array.isArray(part) ? "[…]" : shown(part));
  return cut(`[${parts}]`);
}

function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

function readEntry(name: string, entry: unknown): {
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
} {
  if (!isRecord(entry)) {
    throw unreadable(
      `the header's entry for ${shown(name)} is not an object`,
    );
  }
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(ARRAYS, dtype)) {
    throw unreadable(
      `${shown(name)} has dtype ${shown(dtype)}, known dtypes are ${
        Object.keys(ARRAYS).join(", ")
      }`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw unreadable(
      `${shown(name)} has shape ${shown(shape)}, a list of sizes is needed`,
    );
  }
  if (
    !Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) ||
    offsets[0] > offsets[1]
  ) {
    throw unreadable(
      `${shown(name)} has data_offsets ${shown(offsets)}, [begin, end] is needed`,
    );
  }
  const [begin, end]: number[] = offsets;
  const known = dtype as SafetensorsDType;
  const size = shape.reduce(
    (product, dimension) => product * dimension,
    ARRAYS[known].BYTES_PER_ELEMENT,
  );
  if (end - begin !== size) {
    throw unreadable(
      `${shown(name)} is ${dtype}${shown(shape)}, ${size} bytes are needed, found ${end - begin}`,
    );
  }
  return { dtype: known, shape, begin, end };
}

/** Checks that the arrays lie side by side and fill the data: no overlap, no gap, nothing after. */
function checkRanges(
  ranges: {
    readonly name: string;
    readonly begin: number;
    readonly end: number;
  }[],
  length: number,
): void {
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of ranges) {
    if (begin !== position) {
      throw unreadable(
        `${shown(name)} begins at byte ${begin} of the data, ${position} is needed`,
      );
    }
    position = end;
  }
  if (position !== length) {
    throw unreadable(`the tensors take ${position} bytes, found ${length}`);
  }
}

function readMetadata(metadata: unknown): Readonly<Record<string, string>> {
  if (metadata === undefined || metadata === null) return {};
  if (
    !isRecord(metadata) ||
    !Object.values(metadata).every((value) => typeof value === "string")
  ) {
    throw unreadable(`${METADATA} must hold strings`);
  }
  return metadata as Readonly<Record<string, string>>;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function unreadable(problem: string, cause?: unknown): RangeError {
  return new RangeError(`Cannot read safetensors: ${problem}`, { cause });
}
