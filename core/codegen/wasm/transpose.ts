/**
 * Transposes blocks in registers.
 *
 * @module
 */
import type { FunctionBuilder, Local } from "./assembler/module.ts";

/** Transposes four vectors of four floats; `rows` is overwritten. */
export function transpose(code: FunctionBuilder, rows: readonly Local[]): Local[] {
  const interleave = (
    a: Local,
    b: Local,
    words: readonly [number, number, number, number],
  ): Local => {
    code.get(a, b);
    code.shuffle(words);
    return code.take("v128");
  };
  const low01 = interleave(rows[0], rows[1], [0, 4, 1, 5]);
  const low23 = interleave(rows[2], rows[3], [0, 4, 1, 5]);
  const high01 = interleave(rows[0], rows[1], [2, 6, 3, 7]);
  const high23 = interleave(rows[2], rows[3], [2, 6, 3, 7]);
  return [
    interleave(low01, low23, [0, 1, 4, 5]),
    interleave(low01, low23, [2, 3, 6, 7]),
    interleave(high01, high23, [0, 1, 4, 5]),
    interleave(high01, high23, [2, 3, 6, 7]),
  ];
}
