/**
 * The metrics of a run that is written just now: each time only what was added is read.
 *
 * @module
 */

import type { MetricsLine } from "@unroll/core/runs";

/** Lines that are kept, about: of more every second one is left out, so that old ones are sparser in the end. */
const MOST = 20_000;

/** Metrics that are followed. */
export class MetricsTail {
  readonly #path: string;
  #file: number | null = null;
  #offset = 0;
  /** Bytes of a line that is not written to its end. */
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array();
  #lines: MetricsLine[] = [];

  /** Follows a file; nothing is read yet. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Reads what was added.
   *
   * @returns All lines, or of very many some; the last one and the last of the best are among them.
   * @throws {RangeError} When a line is not a JSON object with an event.
   */
  async read(): Promise<readonly MetricsLine[]> {
    using file = await openIfThere(this.#path);
    if (file === undefined) return [];
    const { size, ino } = await file.stat();
    // A run that is resumed is written anew up to where it goes on.
    if (ino !== this.#file || size < this.#offset) {
      this.#file = ino;
      this.#offset = 0;
      this.#rest = new Uint8Array();
      this.#lines = [];
    }
    await file.seek(this.#offset, Deno.SeekMode.Start);
    const buffer = new Uint8Array(1 << 16);
    for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
      this.#offset += count;
      this.#take(buffer.subarray(0, count));
    }
    return this.#lines;
  }

  #take(bytes: Uint8Array): void {
    const end = bytes.lastIndexOf(10) + 1;
    const whole = new Uint8Array([...this.#rest, ...bytes.subarray(0, end)]);
    if (end === 0) {
      this.#rest = new Uint8Array([...this.#rest, ...bytes]);
      return;
    }
    this.#rest = bytes.slice(end);
    for (const line of new TextDecoder().decode(whole).split("\n").slice(0, -1)) {
      this.#lines.push(this.#parse(line));
    }
    if (this.#lines.length > MOST) {
      const last = this.#lines.length - 1;
      const best = this.#lines.findLast(({ best }) => best === true);
      this.#lines = this.#lines.filter((line, i) => i % 2 === last % 2 || line === best);
    }
  }

  #parse(line: string): MetricsLine {
    try {
      const value = JSON.parse(line);
      if (typeof value.event === "string") return value as MetricsLine;
    } catch {
      // Told below, like a line without an event.
    }
    throw new RangeError(
      `Cannot read metrics ${this.#path}: a line is not a JSON object with an event`,
    );
  }
}

async function openIfThere(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
