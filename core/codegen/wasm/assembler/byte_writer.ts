/**
 * A growable run of bytes: the one buffer behind the WebAssembly encoder.
 *
 * Everything is appended in place; nothing is built as a string or an array of numbers on the way,
 * because a compiled training step may be hundreds of kilobytes of code.
 *
 * @module
 */

const INITIAL_CAPACITY = 256;

const FLOAT = new DataView(new ArrayBuffer(8));
/** Bytes that one instruction of two small numbers may take. */
const MOST_BYTES = 6;

/** Appends bytes, LEB128 integers, floats and names to a buffer that doubles when it is full. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_CAPACITY);
  #length = 0;

  /** Number of bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Makes room for `extra` more bytes. */
  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** Appends one byte; only the low eight bits count. */
  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Appends an unsigned LEB128 integer below 2^32. */
  unsigned(value: number): void {
    if (this.#length + MOST_BYTES > this.#bytes.length) this.#reserve(MOST_BYTES);
    this.#length = putUnsigned(this.#bytes, this.#length, value);
  }

  /** Appends a byte and an unsigned LEB128 integer below 2^32: an instruction and its operand. */
  pair(first: number, value: number): void {
    if (this.#length + MOST_BYTES > this.#bytes.length) this.#reserve(MOST_BYTES);
    this.#bytes[this.#length] = first;
    if (value < 0x80) {
      this.#bytes[this.#length + 1] = value;
      this.#length += 2;
    } else this.#length = putUnsigned(this.#bytes, this.#length + 1, value);
  }

  /** Appends a signed LEB128 integer of 32 bits. */
  signed(value: number): void {
    let rest = value | 0;
    while (rest < -0x40 || rest >= 0x40) {
      this.byte(rest | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** Appends a signed LEB128 integer of 64 bits. */
  signed64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    while (rest < -0x40n || rest >= 0x40n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest & 0x7fn));
  }

  /** Appends an IEEE 754 float of 32 bits, little endian. */
  float32(value: number): void {
    FLOAT.setFloat32(0, value, true);
    this.words([FLOAT.getUint32(0, true)]);
  }

  /** Appends an IEEE 754 float of 64 bits, little endian. */
  float64(value: number): void {
    FLOAT.setFloat64(0, value, true);
    this.words([FLOAT.getUint32(0, true), FLOAT.getUint32(4, true)]);
  }

  /** Appends little-endian words of 32 bits. */
  words(values: readonly number[]): void {
    this.#reserve(4 * values.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      bytes[at++] = value;
      bytes[at++] = value >>> 8;
      bytes[at++] = value >>> 16;
      bytes[at++] = value >>> 24;
    }
    this.#length = at;
  }

  /** Appends what another writer holds. */
  append(other: ByteWriter): void {
    this.#reserve(other.#length);
    this.#bytes.set(other.#bytes.subarray(0, other.#length), this.#length);
    this.#length += other.#length;
  }

  /** Appends what another writer holds, after its length: how sections and function bodies are framed. */
  framed(other: ByteWriter): void {
    this.unsigned(other.#length);
    this.append(other);
  }

  /** Appends a name: its length in UTF-8, then its bytes. */
  name(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.unsigned(encoded.length);
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#length);
    this.#length += encoded.length;
  }

  /** A copy of the bytes written so far. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Writes an unsigned LEB128 integer below 2^32; returns where it ends. */
function putUnsigned(bytes: Uint8Array, at: number, value: number): number {
  let rest = value >>> 0;
  while (rest >= 0x80) {
    bytes[at++] = rest | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}
