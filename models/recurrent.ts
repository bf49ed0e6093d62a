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
  foldIn,
  iota,
  mapTree,
  mul,
  randomBernoulli,
  randomNormal,
  scanInSegments,
  slice,
  splitKey,
  type Tensor,
  where,
  zeros,
} from "@unroll/core";
import { type LayerRow, type ModelInstance, outputSize, type TaskSpec } from "@unroll/core/plugin";
import type {
  Cell,
  CellParameters,
  CellState,
  RecurrentParameters,
  RecurrentState,
} from "./cell.ts";
import { initializeBlocks } from "./initializers.ts";
import {
  describeInputs,
  inputParameters,
  type InputSettings,
  inputWidth,
  lastStep,
  type LayerInput,
  readInputs,
  unsupportedInputs,
} from "./inputs.ts";
import { linear, linearParameters } from "./linear.ts";
import type { RecurrentOptions } from "./recurrent_options.ts";
import { runLayers } from "./run_layers.ts";

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
            training,
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
  const { hidden, layers, bias } = options;
  const settings = inputSettings(spec, options);
  const width = inputWidth(settings);
  const time = spec.length === "variable" ? "time" : spec.length;
  const rows = describeInputs(settings, time);
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
