/**
 * Packing for matrix products: copies of an operand in the order in which the register tiles read it, so that
 * they read memory straight ahead.
 *
 * A packed operand is a row of panels; a panel is `k` groups of `width` floats that belong to one `k`.
 *
 * @module
 */
import type { FunctionBuilder, Local } from "../assembler/module.ts";
import { load, loadLane, store } from "../assembler/module.ts";
import { transpose } from "../transpose.ts";
import { type Address, FLOAT_BYTES, LANES, VECTOR_BYTES } from "./matmul_operand.ts";

/** Steps along `k` in one round of a packing loop. */
const PACK_UNROLL = 4;

/** What to copy: `count` elements (a few rows of `x` or columns of `y`) for each of `k` steps. */
export interface PackOptions {
  /** First element. */
  readonly from: Address;
  /** Bytes between elements that belong to one `k`. */
  readonly elementBytes: number;
  /** Bytes between one `k` and the next. */
  readonly kBytes: number;
  /** Elements that exist. */
  readonly count: number;
  /** Floats in a group of the panel; at least `count`. The excess is garbage. */
  readonly width: number;
  /** Number of groups. */
  readonly k: number;
  /** Where the panel goes; up to 12 bytes after its end are overwritten too. */
  readonly to: Address;
}

/** Emits the packing of one panel. */
export function emitPackPanel(
  code: FunctionBuilder,
  options: PackOptions,
): void {
  const { k, kBytes, width, from, to } = options;
  code.scope(() => {
    const source = code.local("i32");
    const destination = code.local("i32");
    code.get(from.base);
    code.set(source);
    code.get(to.base);
    code.set(destination);
    const packGroups = options.elementBytes === FLOAT_BYTES
      ? copyGroups
      : kBytes === FLOAT_BYTES
      ? transposeGroups
      : gatherGroups;
    const rounds = Math.floor(k / PACK_UNROLL);
    code.repeat({ to: rounds }, () => {
      packGroups(code, options, source, destination, PACK_UNROLL);
      code.increment(source, PACK_UNROLL * kBytes);
      code.increment(destination, PACK_UNROLL * width * FLOAT_BYTES);
    });
    const rest = k - rounds * PACK_UNROLL;
    const packRest = packGroups === transposeGroups ? gatherGroups : packGroups;
    packRest(code, options, source, destination, rest);
  });
}

type PackGroups = (
  code: FunctionBuilder,
  options: PackOptions,
  source: Local,
  destination: Local,
  groups: number,
) => void;

/** Elements of one `k` are next to each other: copies vectors. */
const copyGroups: PackGroups = (
  code,
  { from, to, kBytes, width },
  source,
  destination,
  groups,
) => {
  for (let group = 0; group < groups; group++) {
    for (let element = 0; element < width; element += LANES) {
      code.get(destination);
      code.vector(source, from.offset + group * kBytes + element * FLOAT_BYTES);
      // A width that is no multiple of four spills into the next group, which is written after it.
      code.store(
        store.v128,
        to.offset + (group * width + element) * FLOAT_BYTES,
      );
    }
  }
};

/** Successive `k` are next to each other: transposes blocks of four by four. */
const transposeGroups: PackGroups = (code, options, source, destination) => {
  const { from, to, width, count, elementBytes } = options;
  code.scope(() => {
    const rows = code.locals("v128", LANES);
    const columns: Local[][] = [];
    for (let element = 0; element < width; element += LANES) {
      for (let i = 0; i < LANES; i++) {
        // Elements past the last are copies of it, so that no address lies outside the operand.
        const existing = Math.min(element + i, count - 1);
        code.vector(source, from.offset + existing * elementBytes);
        code.set(rows[i]);
      }
      columns.push(transpose(code, rows));
    }
    // Groups are stored in order, because a width that is no multiple of four spills into the next.
    for (let group = 0; group < LANES; group++) {
      columns.forEach((column, i) => {
        const offset = to.offset + (group * width + i * LANES) * FLOAT_BYTES;
        code.storeTo(store.v128, destination, offset, column[group]);
      });
    }
  });
};

/** Any strides: element by element. */
const gatherGroups: PackGroups = (
  code,
  options,
  source,
  destination,
  groups,
) => {
  const { from, to, kBytes, width, count, elementBytes } = options;
  for (let group = 0; group < groups; group++) {
    for (let element = 0; element < width; element += LANES) {
      const offsetOf = (i: number): number =>
        from.offset + group * kBytes +
        Math.min(element + i, count - 1) * elementBytes;
      code.get(destination);
      code.scope(() => {
        code.loadFrom(load.v128_zero32, source, offsetOf(0));
        for (let i = 1; i < LANES; i++) {
          const gathered = code.take("v128");
          code.get(source, gathered);
          code.loadLane(loadLane.lane32, i, offsetOf(i));
        }
      });
      code.store(
        store.v128,
        to.offset + (group * width + element) * FLOAT_BYTES,
      );
    }
  }
};

/** Bytes of a packed operand, the slack after it included. */
export function packedBytes(
  k: number,
  elements: number,
  width: number,
): number {
  const wholePanels = Math.floor(elements / width);
  const rest = Math.ceil((elements - wholePanels * width) / LANES) * LANES;
  return k * (wholePanels * width + rest) * FLOAT_BYTES + VECTOR_BYTES;
}
