/**
 * A partition of numbers that is refined: elements are marked, and then each block is split into those
 * marked and the others, in time of the marks alone (Valmari and Lehtinen, 2008).
 *
 * @module
 */

/** A partition of the numbers from 0. */
export class Partition {
  /** The elements, those of a block side by side, the marked ones first. */
  readonly #elements: Int32Array;
  /** Where each element lies among them. */
  readonly #places: Int32Array;
  readonly #blocks: Int32Array;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #marked: number[] = [];
  /** Blocks with marks. */
  readonly #touched: number[] = [];

  /**
   * Makes one block for each class.
   *
   * @param classes A number from 0 for each element, none left out.
   */
  constructor(classes: Int32Array) {
    const size = classes.length;
    const order = Int32Array.from({ length: size }, (_, i) => i)
      .sort((a, b) => classes[a] - classes[b]);
    this.#elements = order;
    this.#places = new Int32Array(size);
    this.#blocks = classes.slice();
    order.forEach((element, place) => {
      this.#places[element] = place;
      const block = classes[element];
      this.#starts[block] ??= place;
      this.#ends[block] = place + 1;
      this.#marked[block] = 0;
    });
  }

  /** How many blocks there are. */
  get count(): number {
    return this.#starts.length;
  }

  /** The block that an element is in. */
  blockOf(element: number): number {
    return this.#blocks[element];
  }

  /** How many elements a block has. */
  sizeOf(block: number): number {
    return this.#ends[block] - this.#starts[block];
  }

  /** The block of most elements. */
  largest(): number {
    let best = 0;
    for (let block = 1; block < this.count; block++) {
      if (this.sizeOf(block) > this.sizeOf(best)) best = block;
    }
    return best;
  }

  /** The elements of a block, as they are now. */
  elements(block: number): Int32Array {
    return this.#elements.slice(this.#starts[block], this.#ends[block]);
  }

  /** Marks an element that is not marked yet, or does nothing. */
  mark(element: number): void {
    const block = this.#blocks[element];
    const place = this.#places[element];
    const end = this.#starts[block] + this.#marked[block];
    if (place < end) return;
    if (this.#marked[block] === 0) this.#touched.push(block);
    const other = this.#elements[end];
    this.#elements[end] = element;
    this.#elements[place] = other;
    this.#places[element] = end;
    this.#places[other] = place;
    this.#marked[block]++;
  }

  /**
   * Splits each block that has marked elements and others, and takes the marks away.
   *
   * @returns Pairs of a block that was there and the new one, which has the marked elements.
   */
  split(): [number, number][] {
    const pairs: [number, number][] = [];
    for (const block of this.#touched.splice(0)) {
      const start = this.#starts[block];
      const end = start + this.#marked[block];
      this.#marked[block] = 0;
      if (end === this.#ends[block]) continue;
      const added = this.count;
      this.#starts.push(start);
      this.#ends.push(end);
      this.#marked.push(0);
      this.#starts[block] = end;
      for (let place = start; place < end; place++) this.#blocks[this.#elements[place]] = added;
      pairs.push([block, added]);
    }
    return pairs;
  }
}
