/**
 * From a cell, which is one step, to a model: the cell runs over time by `scan`, layers lie one upon
 * the other, inputs are embedded and normalised before, and a linear layer makes the outputs.
 *
 * @module
 */
import {
  broadcastTo,
  concatenate,
  fill,
  floor,
  foldIn,
  gather,
  iota,
  mapTree,
  matmul,
  mul,
  randomBernoulli,
  randomNormal,
  reshape,
  scan,
  scanInSegments,
  slice,
  splitKey,
  stopGradient,
  type Tensor,
  where,
  zeros,
} from "@unroll/core";
import {
  type ApplyContext,
  type LayerRow,
  type ModelInstance,
  outputSize,
  type TaskSpec,
} from "@unroll/core/plugin";
import { initializeBlocks, type InitializerName } from "./initializers.ts";
import {
  type InputParameters,
  inputParameters,
  type InputSettings,
  inputWidth,
  type LayerInput,
  readInputs,
  unsupportedInputs,
} from "./inputs.ts";
import { linear, type LinearParameters, linearParameters, plus } from "./linear.ts";
import type { RecurrentOptions } from "./recurrent_options.ts";

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

/**
 * Returns why a recurrent model cannot learn a task; `undefined` if it can.
 *
 * @param spec The task.
 * @param options The model's options.
 * @returns The end of a sentence.
 *
 * @example Usage
 * ```ts
 * import { modelCheckSpecs } from "@unroll/core/testing";
 * import { gru, type GruOptions, unsupportedReason } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const options = gru({ embedding: 3 }).options as GruOptions;
 * const [withoutInputs] = modelCheckSpecs();
 * strictEqual(
 *   unsupportedReason(withoutInputs, options),
 *   "it embeds symbols, and the task has no inputs",
 * );
 * ```
 */
export function unsupportedReason(spec: TaskSpec, options: RecurrentOptions): string | undefined {
  return unsupportedInputs(inputSettings(spec, options));
}

/**
 * Makes a model of layers of a cell.
 *
 * @param cell The cell.
 * @param options The model's options.
 * @param spec The task, which the model can learn.
 * @returns The model.
 *
 * @example A leaky sum of the inputs
 * ```ts
 * import { randomKey, tensor } from "@unroll/core";
 * import { recurrentModel, rnn, type RnnOptions } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const model = recurrentModel(
 *   {
 *     name: "leaky",
 *     state: ["h"],
 *     gates: ["h"],
 *     candidate: "h",
 *     start: (learned) => learned,
 *     step(_, { h }, x) {
 *       const next = h.mul(0.5).add(x);
 *       return { state: { h: next }, output: next };
 *     },
 *   },
 *   { ...rnn().options as RnnOptions, hidden: 1 },
 *   {
 *     inputs: { kind: "vector", size: 1 },
 *     outputs: { kind: "vector", size: 1, at: "every" },
 *     length: "variable",
 *     loss: { kind: "squared-error", reduction: "mean" },
 *     weighted: false,
 *     stateful: false,
 *   },
 * );
 * const one = tensor([[1]]);
 * const { outputs } = model.apply(
 *   { layers: [{ weight_ih: one, weight_hh: one }], output: { weight: one } },
 *   tensor([[[8]], [[0]], [[0]]]),
 *   { length: 3, batch: 1, state: [{ h: tensor([[0]]) }], training: false, key: randomKey(0) },
 * );
 * deepStrictEqual([...await outputs.data()], [8, 4, 2]);
 * ```
 */
export function recurrentModel<Prepared extends CellParameters = CellParameters>(
  cell: Cell<Prepared>,
  options: RecurrentOptions,
  spec: TaskSpec,
): ModelInstance<RecurrentParameters, RecurrentState> {
  const { hidden, layers, dropout, outputDropout, stateNoise, snap } = options;
  const settings = inputSettings(spec, options);
  const learned = options.initialState === "learned" ||
    options.initialState === "auto" && spec.inputs.kind === "none";

  return {
    parameters(key) {
      const [inputKey, outputKey, startKey, ...layerKeys] = splitKey(key, 3 + layers);
      return {
        ...inputParameters(inputKey, settings),
        layers: layerKeys.map((key, layer) =>
          cellParameters(cell, key, layer === 0 ? inputWidth(settings) : hidden, options)
        ),
        ...(learned ? { initial: learnedStart(cell, startKey, options) } : {}),
        output: linearParameters(outputKey, {
          from: hidden,
          to: outputSize(spec),
          initializer: options.outputInit,
          std: options.std,
          bias: options.bias !== "none",
        }),
      };
    },

    initialState({ initial }, batch) {
      return Array.from({ length: layers }, (_, layer) => {
        if (!initial) {
          return Object.fromEntries(cell.state.map((part) => [part, zeros([batch, hidden])]));
        }
        return mapTree((part) => broadcastTo(part, [batch, hidden]), cell.start(initial[layer]));
      });
    },

    apply(parameters, inputs, { length, batch, state, training, key, capture = false }) {
      const everyStep = spec.outputs.at === "every";
      const run = (input: LayerInput, start: RecurrentState, length: number, key: Tensor) =>
        runLayers(cell, parameters, input, {
          start,
          length,
          capture,
          drop: (h, layer) => training ? drop(h, dropout, foldIn(key, layer)) : h,
          settling: (layer) => ({
            snap,
            ...(training && stateNoise > 0
              ? { noise: { std: stateNoise, key: foldIn(key, layers + 1 + layer) } }
              : {}),
          }),
        });
      const readOut = (h: Tensor, key: Tensor) =>
        linear(parameters.output, training ? drop(h, outputDropout, foldIn(key, layers)) : h);
      if (options.recompute === 0 || length <= options.recompute || capture) {
        const { input, updates } = readInputs(parameters, inputs, settings, training);
        const [last, { output: hidden, parts }] = run(input, state, length, key);
        const outputs = readOut(everyStep ? hidden : lastStep(hidden), key);
        return { outputs, state: last, hidden, parts, ...(updates ? { updates } : {}) };
      }
      // What belongs to one step is computed in its segment; a batch is normalised as a whole.
      const whole = settings.norm === "batch"
        ? readInputs(parameters, inputs, settings, training)
        : undefined;
      const sequences = {
        x: whole ? (whole.input as { readonly x: Tensor }).x : inputs,
        time: iota([length], 0, "u32"),
      };
      const [{ state: last, top }, { outputs, hidden }] = scanInSegments(
        ({ state }, { x, time }, length) => {
          const input: LayerInput = whole
            ? { kind: "vectors", x: x as Tensor }
            : readInputs(parameters, x, settings, training).input;
          // Other segments drop others.
          const own = training && dropout + outputDropout + stateNoise > 0
            ? foldIn(key, slice(time, 0, 0, 1))
            : key;
          const [last, { output: hidden }] = run(input, state, length, own);
          const outputs = everyStep ? readOut(hidden, own) : undefined;
          return [{ state: last, top: lastStep(hidden) }, { outputs, hidden }];
        },
        { state, top: zeros([batch, options.hidden]) },
        sequences,
        { length, steps: options.recompute },
      );
      return {
        outputs: outputs ?? readOut(top, key),
        state: last,
        hidden,
        ...(whole?.updates ? { updates: whole.updates } : {}),
      };
    },

    layers: describeLayers(cell, options, spec, learned),
  };
}

/** What a layer makes of all steps, f32[time, batch, hidden] each: its output, and its parts where they are wanted. */
type Steps = Pick<CellResult, "output" | "parts">;

/** Runs the layers, one upon the other: their states after the last step, and what the top makes of all steps. */
function runLayers<Prepared extends CellParameters>(
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
  const side = inputSide(weights, input);
  const x = cell.input ? cell.input(side) : side;
  const { snap, noise } = settling;
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
          cell.state.map((part) => [part, settle(made[part], snap, noise?.[part])]),
        )
        : made;
      const read = snap ? settled.h : output;
      return [settled, capture && parts ? { output: read, parts } : { output: read }];
    },
    start,
    sequences,
    { length },
  );
}

/**
 * Adds noise to a state and rounds it to whole numbers, with the gradient of the state as it was: the
 * straight-through estimator of Bengio, Léonard & Courville (2013). Without noise the difference is
 * exact in floating point (Sterbenz, 1974), and so is the sum.
 */
function settle(state: Tensor, snap: boolean, noise?: Tensor): Tensor {
  const noisy = noise ? state.add(noise) : state;
  return snap ? state.add(stopGradient(floor(noisy.add(0.5)).sub(state))) : noisy;
}

/** `x · weight_ih + bias_ih` of all steps. */
function inputSide({ weight_ih, weight_hh, bias_ih }: CellParameters, input: LayerInput): Tensor {
  switch (input.kind) {
    case "none":
      return bias_ih ?? zeros([weight_hh.shape[1]]);
    case "one-hot":
      // A one-hot vector times a matrix is a row of it.
      return plus(gather(weight_ih as Tensor, input.indices), bias_ih);
    case "vectors":
      return plus(matmul(input.x, weight_ih as Tensor), bias_ih);
  }
}

function cellParameters(
  cell: Cell,
  key: Tensor,
  from: number | undefined,
  options: RecurrentOptions,
): CellParameters {
  const { hidden, std, bias, inputInit, recurrentInit } = options;
  const [inputKey, recurrentKey] = splitKey(key);
  const input = cell.gates.map((gate) =>
    gate === cell.candidate ? cell.candidateInit ?? inputInit : inputInit
  );
  const recurrent = cell.gates.map((gate) =>
    recurrentInit === "identity" && gate !== cell.candidate ? inputInit : recurrentInit
  );
  return {
    ...(from === undefined ? {} : {
      weight_ih: initializeBlocks(input, inputKey, [from, hidden], { std }),
    }),
    weight_hh: initializeBlocks(recurrent, recurrentKey, [hidden, hidden], { std }),
    ...(bias === "none" ? {} : { bias_ih: startBias(cell, hidden) }),
    ...(bias === "both" ? { bias_hh: zeros([cell.gates.length * hidden]) } : {}),
  };
}

function startBias(cell: Cell, hidden: number): Tensor {
  const values = cell.gates.map((gate) => cell.startBias?.[gate] ?? 0);
  if (values.every((value) => value === 0)) return zeros([values.length * hidden]);
  return concatenate(values.map((value) => fill([hidden], value)));
}

function learnedStart(cell: Cell, key: Tensor, options: RecurrentOptions): CellState[] {
  const { hidden, layers, std } = options;
  const keys = splitKey(key, layers * cell.state.length);
  return Array.from(
    { length: layers },
    (_, layer) =>
      Object.fromEntries(cell.state.map((part, i) => [
        part,
        mul(randomNormal(keys[layer * cell.state.length + i], [hidden]), std),
      ])),
  );
}

/** Dropout: the rest is scaled up, so that sums stay as large on average; Srivastava et al. (2014). */
function drop(x: Tensor, rate: number, key: Tensor): Tensor {
  if (rate === 0) return x;
  return where(randomBernoulli(key, x.shape, 1 - rate), x.div(1 - rate), 0);
}

/** f32[time, batch, n] → f32[batch, n] */
function lastStep(x: Tensor): Tensor {
  const [time, batch, n] = x.shape;
  return reshape(slice(x, 0, time - 1, time), [batch, n]);
}

function inputSettings(spec: TaskSpec, options: RecurrentOptions): InputSettings {
  const { embedding, embeddingStd, inputNorm } = options;
  return { spec: spec.inputs, embedding, embeddingStd, norm: inputNorm };
}

function describeLayers(
  cell: Cell,
  options: RecurrentOptions,
  spec: TaskSpec,
  learned: boolean,
): LayerRow[] {
  const { hidden, layers, embedding, inputNorm, bias } = options;
  const settings = inputSettings(spec, options);
  const width = inputWidth(settings);
  const time = spec.length === "variable" ? "time" : spec.length;
  const rows: LayerRow[] = [];
  if (embedding > 0 && spec.inputs.kind === "symbol") {
    rows.push({
      name: "embedding",
      output: `[${time}, batch, ${embedding}]`,
      parameters: spec.inputs.vocabulary * embedding,
    });
  }
  if (inputNorm !== "none" && width !== undefined) {
    rows.push({
      name: `${inputNorm} norm`,
      output: `[${time}, batch, ${width}]`,
      parameters: 2 * width,
    });
  }
  const columns = cell.gates.length * hidden;
  const biases = { input: 1, both: 2, none: 0 }[bias];
  for (let layer = 0; layer < layers; layer++) {
    const from = layer === 0 ? width ?? 0 : hidden;
    const outputs = layer < layers - 1 || spec.outputs.at === "every";
    rows.push({
      name: layers === 1 ? cell.name : `${cell.name} ${layer + 1}`,
      output: outputs ? `[${time}, batch, ${hidden}]` : `[batch, ${hidden}]`,
      parameters: (from + hidden + biases) * columns + (learned ? cell.state.length * hidden : 0),
    });
  }
  const classes = outputSize(spec);
  rows.push({
    name: "output",
    output: spec.outputs.at === "every" ? `[${time}, batch, ${classes}]` : `[batch, ${classes}]`,
    parameters: hidden * classes + (biases > 0 ? classes : 0),
  });
  return rows;
}
