/**
 * All primitives, in reading order, and what the tests feed them. The tests loop over this table.
 *
 * @module
 */
import type { Params, RandomSource, Sample, Samples } from "../../ir/primitive.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import * as creation from "./creation.ts";
import { ELEMENTWISE, ELEMENTWISE_PRIMITIVES } from "./elementwise.ts";
import { elementwiseSamples } from "./elementwise_primitive.ts";
import * as gather from "./gather.ts";
import * as layout from "./layout.ts";
import { MATMUL, matmulSamples } from "./matmul.ts";
import * as reduce from "./reduce.ts";
import { SCAN, scanSamples } from "./scan.ts";
import * as slice from "./slice.ts";

type Row = readonly [DifferentiablePrimitive, Samples];

/** A primitive and its samples, which agree on their parameters. */
function row<P extends Params>(primitive: DifferentiablePrimitive<P>, samples: Samples<P>): Row {
  return [primitive as DifferentiablePrimitive, samples as Samples];
}

const ROWS: readonly Row[] = [
  row(creation.FILL, creation.fillSamples),
  row(creation.IOTA, creation.iotaSamples),
  row(creation.RANDOM_BITS, creation.randomBitsSamples),
  row(creation.FOLD_IN, creation.foldInSamples),
  ...Object.entries(ELEMENTWISE_PRIMITIVES).map(([name, primitive]) =>
    row(primitive, elementwiseSamples(ELEMENTWISE[name as keyof typeof ELEMENTWISE]))
  ),
  row(reduce.REDUCE_SUM, reduce.reduceSumSamples),
  row(reduce.REDUCE_MAX, reduce.reduceMaxSamples),
  row(reduce.ARGMAX, reduce.argmaxSamples),
  row(MATMUL, matmulSamples),
  row(layout.RESHAPE, layout.reshapeSamples),
  row(layout.TRANSPOSE, layout.transposeSamples),
  row(layout.BROADCAST, layout.broadcastSamples),
  row(layout.REVERSE, layout.reverseSamples),
  row(slice.SLICE, slice.sliceSamples),
  row(slice.SPLIT, slice.splitSamples),
  row(slice.PAD, slice.padSamples),
  row(slice.CONCATENATE, slice.concatenateSamples),
  row(gather.GATHER, gather.gatherSamples),
  row(gather.SCATTER_ADD, gather.scatterAddSamples),
  row(SCAN, scanSamples),
];

/** The primitives. */
export const PRIMITIVES: readonly DifferentiablePrimitive[] = ROWS.map(([primitive]) => primitive);

const SAMPLES = new Map(ROWS);

/** Makes the cases that the tests feed a primitive of the table. */
export function samplesOf(primitive: DifferentiablePrimitive, random: RandomSource): Sample[] {
  return SAMPLES.get(primitive)!(random);
}
