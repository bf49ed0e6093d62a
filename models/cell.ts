/**
 * What a cell of a recurrent model is: one step, and the weights and states around it.
 *
 * @module
 */
import type { Tensor } from "@unroll/core";
import type { InitializerName } from "./initializers.ts";
import type { InputParameters } from "./inputs.ts";
import type { LinearParameters } from "./linear.ts";

/** Weights of one layer; blocks of `hidden` columns for each gate, in the order of the cell. */
export interface CellParameters {
  /** f32[in, gates · hidden]; absent where a layer reads nothing. */
  readonly weight_ih?: Tensor;
  /** f32[hidden, gates · hidden] */
  readonly weight_hh: Tensor;
  /** f32[gates · hidden]; where a layer reads nothing, it is all there is on the input side. */
  readonly bias_ih?: Tensor;
  /** f32[gates · hidden] */
  readonly bias_hh?: Tensor;
}

/** What a cell hands from step to step, by the names of its paper: f32[batch, hidden] each. */
export type CellState = Readonly<Record<string, Tensor>>;

/** What a cell makes of one step. */
export interface CellResult {
  /** For the next step. */
  readonly state: CellState;
  /** What the layer above sees, f32[batch, hidden]. */
  readonly output: Tensor;
  /** For people to look at, f32[batch, hidden] each: gates by their names, and the memory as `cell`. */
  readonly parts?: CellState;
}

/** A kind of recurrent layer: one step of it. `Prepared` is what each step reads of the weights. */
export interface Cell<Prepared extends CellParameters = CellParameters> {
  /** Its name in summaries. */
  readonly name: string;
  /** What its state consists of. */
  readonly state: readonly string[];
  /** Its blocks of weights, in order. */
  readonly gates: readonly string[];
  /** Which block makes what the state becomes; `identity` weights are for this one alone. */
  readonly candidate: string;
  /** How that block's weights from the input start, if not as those of the others. */
  readonly candidateInit?: InitializerName;
  /** What a bias on the input side starts at, for each block; 0 where left out. */
  readonly startBias?: Readonly<Record<string, number>>;
  /** Done to the weights once, before the steps: what parts of them each step reads. */
  readonly prepare?: (weights: CellParameters) => Prepared;
  /** Done to the input side of all steps at once, after the weights and bias. */
  readonly input?: (x: Tensor) => Tensor;
  /** Brings a learned start, which may be anything, to where states are. */
  start(learned: CellState): CellState;
  /**
   * One step.
   *
   * @param parameters Weights of the layer, prepared.
   * @param state Of the step before.
   * @param x The input side `x_t · weight_ih + bias_ih`, f32[batch, gates · hidden]; f32[gates · hidden]
   * where the layer reads nothing.
   */
  step(parameters: Prepared, state: CellState, x: Tensor): CellResult;
}

/** Weights of a recurrent model. */
export interface RecurrentParameters extends InputParameters {
  /** Of each layer, the lowest first. */
  readonly layers: readonly CellParameters[];
  /** Where each layer starts, before {@linkcode Cell.start}: f32[hidden] each; where it is learned. */
  readonly initial?: readonly CellState[];
  /** Of the output layer. */
  readonly output: LinearParameters;
}

/** States of the layers, the lowest first. */
export type RecurrentState = readonly CellState[];
