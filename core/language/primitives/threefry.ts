/**
 * Threefry-2x32-20: a hash of a two-word counter by a two-word key (Salmon et al., 2011). Written
 * once over any arithmetic, so that the interpreter and the code generators share it.
 *
 * @module
 */

/** 32-bit arithmetic on words of type `T`. */
export interface WordArithmetic<T> {
  /** A word. */
  constant(value: number): T;
  /** Sum modulo 2³². */
  add(a: T, b: T): T;
  /** Bitwise exclusive or. */
  xor(a: T, b: T): T;
  /** Rotates to the left. */
  rotate(a: T, by: number): T;
}

const ROTATIONS = [[13, 15, 26, 6], [17, 29, 16, 24]];
const PARITY = 0x1bd11bda;

/** Hashes a counter by a key; returns two words. */
export function threefry<T>(
  { constant, add, xor, rotate }: WordArithmetic<T>,
  key0: T,
  key1: T,
  counter0: T,
  counter1: T,
): [T, T] {
  const keys = [key0, key1, xor(xor(key0, key1), constant(PARITY))];
  let a = add(counter0, keys[0]);
  let b = add(counter1, keys[1]);
  for (let group = 0; group < 5; group++) {
    for (const by of ROTATIONS[group % 2]) {
      a = add(a, b);
      b = xor(rotate(b, by), a);
    }
    a = add(a, keys[(group + 1) % 3]);
    b = add(add(b, keys[(group + 2) % 3]), constant(group + 1));
  }
  return [a, b];
}
