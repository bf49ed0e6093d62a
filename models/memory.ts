/**
 * From one step with a memory, which is no cell of `hidden` numbers, to a model: inputs are embedded, the steps run over
 * time by `scan`, and a linear layer makes the outputs.
 *
 * @module
 */
import { scan, splitKey, type Tensor, zeros } from "@unroll/core";
import { type LayerRow, type ModelInstance, outputSize, type TaskSpec } from "@unroll/core/plugin";
import { initialize } from "./initializers.ts";
import {
  describeInputs,
  type InputParameters,
  inputParameters,
  inputSide,
  inputWidth,
  lastStep,
  readInputs,
  unsupportedInputs,
} from "./inputs.ts";
import { linear, type LinearParameters, linearParameters } from "./linear.ts";
import type { RecurrentOptions } from "./recurrent_options.ts";

/** What a step hands to the next by names, [batch, …] each. */
export type MemoryState = Readonly<Record<string, Tensor>>;

/** One step of a model with a memory. */
export interface MemoryCell {
  /** Its name in summaries. */
  readonly name: string;
  /** Shapes of what it has beside the weights of a simple network: matrices start as Glorot's, biases at 0. */
  readonly weights: Readonly<Record<string, readonly [number, number] | readonly [number]>>;
  /** The state before the first step. */
  start(batch: number): MemoryState;
  /**
   * One step, of which the output, f32[batch, hidden], goes to the output layer. `weight_hh` is among the weights; `x` is
   * the input side, f32[batch, hidden], or f32[hidden] where there are no inputs.
   */
  step(weights: MemoryState, state: MemoryState, x: Tensor): readonly [MemoryState, Tensor];
}

/** Weights of a model with a memory. */
export interface MemoryParameters extends InputParameters {
  /** From the input, f32[in, hidden]; absent where there is none. */
  readonly weight_ih?: Tensor;
  /** f32[hidden] */
  readonly bias_ih: Tensor;
  /** From state to state, f32[hidden, hidden]. */
  readonly weight_hh: Tensor;
  /** Of the cell, by its own names. */
  readonly memory: MemoryState;
  /** Of the output layer. */
  readonly output: LinearParameters;
}

/** What all models with a memory share. */
export type MemoryOptions = Pick<RecurrentOptions, "hidden" | "embedding">;

/** Returns why a model with a memory cannot learn a task; `undefined` if it can. */
export function unsupportedMemory(spec: TaskSpec, options: MemoryOptions): string | undefined {
  return unsupportedInputs(settingsOf(spec, options));
}

/** Makes a model of a cell. */
export function memoryModel(
  cell: MemoryCell,
  options: MemoryOptions,
  spec: TaskSpec,
): ModelInstance<MemoryParameters, MemoryState> {
  const { hidden } = options;
  const settings = settingsOf(spec, options);
  const from = inputWidth(settings);
  const everyStep = spec.outputs.at === "every";
  return {
    parameters(key) {
      const names = Object.keys(cell.weights);
      const [inputKey, sideKey, stateKey, outputKey, ...keys] = splitKey(key, 4 + names.length);
      return {
        ...inputParameters(inputKey, settings),
        ...(from === undefined
          ? {}
          : { weight_ih: initialize("glorot-uniform", sideKey, [from, hidden]) }),
        bias_ih: zeros([hidden]),
        weight_hh: initialize("orthogonal", stateKey, [hidden, hidden]),
        memory: Object.fromEntries(names.map((name, i) => {
          const shape = cell.weights[name];
          return [
            name,
            shape.length === 1 ? zeros(shape) : initialize("glorot-uniform", keys[i], shape),
          ];
        })),
        output: linearParameters(outputKey, {
          from: hidden,
          to: outputSize(spec),
          initializer: "glorot-uniform",
        }),
      };
    },
    initialState: (_, batch) => cell.start(batch),
    apply(parameters, inputs, { length, state, training }) {
      const { input } = readInputs(parameters, inputs, settings, training);
      const side = inputSide(parameters, input, hidden);
      const weights = { weight_hh: parameters.weight_hh, ...parameters.memory };
      const [last, steps] = scan(
        (state: MemoryState, x: Tensor | undefined) => cell.step(weights, state, x ?? side),
        state,
        input.kind === "none" ? undefined : side,
        { length },
      );
      const top = everyStep ? steps : lastStep(steps);
      return { outputs: linear(parameters.output, top), state: last, hidden: steps };
    },
    layers: describe(),
  };

  function describe(): LayerRow[] {
    const time = spec.length === "variable" ? "time" : spec.length;
    const at = everyStep ? `${time}, batch` : "batch";
    const own = Object.values(cell.weights)
      .reduce((sum, shape) => sum + shape.reduce((product, n) => product * n, 1), 0);
    const classes = outputSize(spec);
    return [
      ...describeInputs(settings, time),
      {
        name: cell.name,
        output: `[${at}, ${hidden}]`,
        parameters: ((from ?? 0) + 1 + hidden) * hidden + own,
      },
      { name: "output", output: `[${at}, ${classes}]`, parameters: (hidden + 1) * classes },
    ];
  }
}

function settingsOf({ inputs }: TaskSpec, { embedding }: MemoryOptions) {
  return { spec: inputs, embedding, norm: "none" } as const;
}
