/**
 * The simple recurrent network (Elman, 1990).
 *
 * @module
 */
import {
  defineModel,
  type ModelPlugin,
  type OptionsSchema,
  randomNormal,
  splitKey,
  type TaskSpec,
  type Tensor,
  zeros,
} from "@unroll/core";
import * as z from "zod";
import { initializer, INITIALIZER_NAMES, type InitializerName } from "./initializers.ts";
import { type Reading, refuseEmbedding } from "./inputs.ts";
import { type Cell, recurrentModel, startState, sumOf } from "./recurrent.ts";

/** Options of {@linkcode rnn}. */
export interface RnnOptions {
  /** Hidden units. */
  readonly hidden: number;
  /** Layers of them, one above the other. */
  readonly layers: number;
  /** Function of each hidden unit. */
  readonly activation: "tanh" | "relu" | "sigmoid";
  /** State before the first step; if left out, learned where the task has no inputs, else zero. */
  readonly initial?: "learned" | "zero";
  /** Length of the learned vector of each symbol; 0 for one-hot vectors. */
  readonly embedding: number;
  /** Start of the weights from the inputs. */
  readonly inputWeights: InitializerName;
  /** Start of the weights from state to state. */
  readonly recurrentWeights: InitializerName;
  /** Start of the weights to the outputs. */
  readonly outputWeights: InitializerName;
  /** Standard deviation of weights that start `normal`. */
  readonly weightScale: number;
  /** Whether there are biases. */
  readonly bias: boolean;
  /** Share of the numbers between layers that training leaves out. */
  readonly dropout: number;
}

/** The schema of {@linkcode RnnOptions}. */
export const RNN_OPTIONS: OptionsSchema<RnnOptions> = z.object({
  hidden: z.int().min(1).max(65536).default(16).describe("Hidden units"),
  layers: z.int().min(1).max(64).default(1).describe("Layers, one above the other"),
  activation: z.enum(["tanh", "relu", "sigmoid"]).default("tanh").describe(
    "Function of each hidden unit",
  ),
  initial: z.enum(["learned", "zero"]).optional().describe(
    "State before the first step; learned where the task has no inputs, else zero",
  ),
  embedding: z.int().min(0).max(65536).default(0).describe(
    "Length of the learned vector of each symbol, 0 for one-hot",
  ),
  inputWeights: z.enum(INITIALIZER_NAMES).default("glorot").describe(
    "Start of the weights from the inputs",
  ),
  recurrentWeights: z.enum(INITIALIZER_NAMES).default("orthogonal").describe(
    "Start of the weights from state to state",
  ),
  outputWeights: z.enum(INITIALIZER_NAMES).default("glorot").describe(
    "Start of the weights to the outputs",
  ),
  weightScale: z.number().positive().default(0.1).describe(
    "Standard deviation of weights that start normal",
  ),
  bias: z.boolean().default(true).describe("Whether there are biases"),
  dropout: z.number().min(0).lt(1).default(0).describe(
    "Share of the numbers between layers that training leaves out",
  ),
});

/** Parameters of one layer. */
interface RnnParameters {
  /** [features, hidden] */
  readonly wx?: Tensor;
  /** [hidden, hidden] */
  readonly wh: Tensor;
  /** [hidden] */
  readonly b?: Tensor;
  /** [hidden] */
  readonly initial?: Tensor;
}

/** `h′ = f(x·wx + h·wh + b)`; the learned start is `f(initial)`. */
function rnnCell(options: RnnOptions, learned: boolean): Cell<RnnParameters, Tensor> {
  const { hidden, weightScale } = options;
  const f = (x: Tensor) => x[options.activation]();
  return {
    name: "rnn",
    hidden,
    parameters(key, features) {
      const [kx, kh, k0] = splitKey(key, 3);
      return {
        ...(features > 0
          ? { wx: initializer(options.inputWeights, weightScale)(kx, [features, hidden]) }
          : {}),
        wh: initializer(options.recurrentWeights, weightScale)(kh, [hidden, hidden]),
        ...(options.bias ? { b: zeros([hidden]) } : {}),
        ...(learned ? { initial: randomNormal(k0, [hidden]).mul(0.1) } : {}),
      };
    },
    initialState: ({ initial }, batch) => startState(initial && f(initial), batch, hidden),
    step: ({ wx, wh, b }, h: Tensor, x: Reading | undefined) =>
      f(sumOf(h.matmul(wh), x && wx && x.matmul(wx), b)),
    output: (h) => h,
  };
}

/** Whether the state before the first step is learned. */
export function learnsInitial(options: Pick<RnnOptions, "initial">, spec: TaskSpec): boolean {
  return (options.initial ?? (spec.inputs.kind === "none" ? "learned" : "zero")) === "learned";
}

/** The simple recurrent network: `h′ = f(x·wx + h·wh + b)`, answers `h·w + b`. */
export const rnn: ModelPlugin<RnnOptions> = defineModel({
  name: "rnn",
  summary: "Simple recurrent network (Elman, 1990): tanh, ReLU or sigmoid units",
  options: RNN_OPTIONS,
  refuses: (spec, { embedding }) => refuseEmbedding(spec, embedding),
  create: (options, spec) =>
    recurrentModel(
      Array.from({ length: options.layers }, () => rnnCell(options, learnsInitial(options, spec))),
      spec,
      { ...options, outputWeights: initializer(options.outputWeights, options.weightScale) },
    ),
});
