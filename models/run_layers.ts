/**
 * Layers of cells over time: each by `scan`, one upon the other.
 *
 * @module
 */
import {
  floor,
  foldIn,
  maximum,
  minimum,
  mul,
  randomNormal,
  scan,
  stopGradient,
  type Tensor,
} from "@unroll/core";
import type { ApplyContext } from "@unroll/core/plugin";
import type {
  Cell,
  CellParameters,
  CellResult,
  CellState,
  RecurrentParameters,
  RecurrentState,
} from "./cell.ts";
import { inputSide, type LayerInput } from "./inputs.ts";

/** What a layer makes of all steps, f32[time, batch, hidden] each: its output, and its parts where they are wanted. */
type Steps = Pick<CellResult, "output" | "parts">;

/** Runs the layers, one upon the other: their states after the last step, and what the top makes of all steps. */
export function runLayers<Prepared extends CellParameters>(
  cell: Cell<Prepared>,
  { layers }: RecurrentParameters,
  first: LayerInput,
  { start, length, capture, drop, settling }: {
    readonly start: RecurrentState;
    readonly length: number;
    readonly capture: boolean;
    readonly drop: (h: Tensor, layer: number) => Tensor;
    readonly settling: (layer: number) => Settling;
  },
): [RecurrentState, Steps] {
  let input = first;
  const last: CellState[] = [];
  let steps: Steps | undefined;
  layers.forEach((weights, layer) => {
    if (steps) input = { kind: "vectors", x: drop(steps.output, layer) };
    // Parts of the lower layers are computed for nobody, and so not at all.
    const [end, made] = runCell(cell, weights, input, {
      start: start[layer],
      length,
      capture,
      settling: settling(layer),
    });
    last.push(end);
    steps = made;
  });
  return [last, steps as Steps];
}

/** What is done to states after each step. */
interface Settling {
  /** Whether they are rounded. */
  readonly snap: boolean;
  /** Whether gradients must go through that. */
  readonly training: boolean;
  /** Noise that is added before. */
  readonly noise?: { readonly std: number; readonly key: Tensor };
}

/** Runs one layer over all steps: the state after the last, and what it makes of each. */
function runCell<Prepared extends CellParameters>(
  cell: Cell<Prepared>,
  weights: CellParameters,
  input: LayerInput,
  { start, length, capture, settling }: Pick<ApplyContext, "length" | "capture"> & {
    readonly start: CellState;
    readonly settling: Settling;
  },
): [CellState, Steps] {
  // The input side needs no state, so it is one product for all steps.
  const side = inputSide(weights, input, weights.weight_hh.shape[1]);
  const x = cell.input ? cell.input(side) : side;
  const { snap, training, noise } = settling;
  const sequences = {
    x: input.kind === "none" ? undefined : x,
    noise: noise && Object.fromEntries(cell.state.map((part, i) => {
      const draws = randomNormal(foldIn(noise.key, i), [length, ...start[part].shape]);
      return [part, mul(draws, noise.std)];
    })),
  };
  const prepared = cell.prepare ? cell.prepare(weights) : weights as Prepared;
  return scan(
    (state: CellState, { x: slice, noise }: typeof sequences) => {
      const { state: made, output, parts } = cell.step(prepared, state, slice ?? x);
      const settled = snap || noise
        ? Object.fromEntries(
          cell.state.map((part) => {
            const noisy = noise ? made[part].add(noise[part]) : made[part];
            return [part, snap ? round(made[part], training, noisy) : noisy];
          }),
        )
        : made;
      const read = snap ? settled[cell.state[0]] : output;
      if (!capture || !parts) return [settled, { output: read }];
      // Of the memory what is kept.
      const shown = snap && settled.c ? { ...parts, cell: settled.c } : parts;
      return [settled, { output: read, parts: shown }];
    },
    start,
    sequences,
    { length },
  );
}

/**
 * Rounds to −1, 0 or 1. In training the gradient is that of the state as it was, the straight-through
 * estimator of Bengio, Léonard & Courville (2013); its sum need not be whole in the last place, as the
 * state's own product may be fused with the difference.
 */
function round(state: Tensor, training: boolean, noisy: Tensor): Tensor {
  const rounded = maximum(-1, minimum(1, floor(noisy.add(0.5))));
  return training ? state.add(stopGradient(rounded.sub(state))) : rounded;
}
