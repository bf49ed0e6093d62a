/**
 * All primitives, in reading order. The tests loop over this table.
 *
 * @module
 */
import { FILL, FOLD_IN, IOTA, RANDOM_BITS } from "./creation.ts";
import { ELEMENTWISE_PRIMITIVES } from "./elementwise.ts";
import { GATHER, SCATTER_ADD } from "./gather.ts";
import { BROADCAST, RESHAPE, REVERSE, TRANSPOSE } from "./layout.ts";
import { MATMUL } from "./matmul.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import { ARGMAX, REDUCE_MAX, REDUCE_SUM } from "./reduce.ts";
import { SCAN } from "./scan.ts";
import { CONCATENATE, PAD, SLICE, SPLIT } from "./slice.ts";

/** The primitives. */
export const PRIMITIVES: readonly DifferentiablePrimitive[] = [
  FILL,
  IOTA,
  RANDOM_BITS,
  FOLD_IN,
  ...Object.values(ELEMENTWISE_PRIMITIVES),
  REDUCE_SUM,
  REDUCE_MAX,
  ARGMAX,
  MATMUL,
  RESHAPE,
  TRANSPOSE,
  BROADCAST,
  REVERSE,
  SLICE,
  SPLIT,
  PAD,
  CONCATENATE,
  GATHER,
  SCATTER_ADD,
  SCAN,
];
