/**
 * Parts of graphs that all models have: inputs, linear layers, activations.
 *
 * @module
 */
import { outputSize, type TaskSpec } from "@unroll/core/plugin";
import type { ActivationName } from "../activations.ts";
import type { OnnxGraph, Value } from "./graph.ts";

/** A parameter on the host. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Parameters by their paths. */
export type Weights = ReadonlyMap<string, Weight>;

/** What a graph is made of. */
export interface OnnxSource<Options> {
  readonly graph: OnnxGraph;
  readonly options: Options;
  readonly spec: TaskSpec;
  readonly weights: Weights;
  /** Whether the state goes in and comes out. */
  readonly state: boolean;
}

/** Adds a parameter as a constant. */
export function weight(graph: OnnxGraph, weights: Weights, path: string): string {
  const { shape, data } = weights.get(path) as Weight;
  return graph.floats(path, shape, data);
}

/** Adds the input of a task that has one. */
export function addInputs(graph: OnnxGraph, { inputs }: TaskSpec): string {
  const name = "inputs";
  return inputs.kind === "vector"
    ? graph.input({
      name,
      dtype: "f32",
      shape: ["time", "batch", inputs.size],
      description: "Vectors, by time",
    })
    : graph.input({
      name,
      dtype: "i64",
      shape: ["time", "batch"],
      description: `Symbols by time, from 0 to before ${
        inputs.kind === "symbol" ? inputs.vocabulary : 0
      }`,
    });
}

/** One-hot vectors; symbols out of the range, such as blanks, are zeros. */
export function oneHot(graph: OnnxGraph, symbols: string, vocabulary: number): string {
  const values = graph.floats("off_on", [2], Float32Array.of(0, 1));
  return graph.node("OneHot", [symbols, graph.ints(vocabulary), values], { axis: { i: -1 } });
}

/** The linear layer at a path. */
export function linear(graph: OnnxGraph, weights: Weights, path: string, x: string): string {
  const product = graph.node("MatMul", [x, weight(graph, weights, `${path}.weight`)]);
  return weights.has(`${path}.bias`)
    ? graph.node("Add", [product, weight(graph, weights, `${path}.bias`)])
    : product;
}

/** The type of the outputs. */
export function outputValue(spec: TaskSpec): Value {
  const size = outputSize(spec);
  return {
    name: "outputs",
    dtype: "f32",
    shape: spec.outputs.at === "every" ? ["time", "batch", size] : ["batch", size],
    description: spec.outputs.kind === "class" ? "Logits" : "Answers",
  };
}

/** √(2/π) */
const GELU_SCALE = Math.sqrt(2 / Math.PI);

/** An activation between layers, of nodes. */
export function activate(graph: OnnxGraph, name: ActivationName, x: string): string {
  const op = (name: string, ...inputs: string[]) => graph.node(name, inputs);
  switch (name) {
    case "linear":
      return x;
    case "silu":
      return op("Mul", x, op("Sigmoid", x));
    case "gelu": {
      const cube = op("Mul", op("Mul", x, x), op("Mul", x, graph.scalar(0.044715)));
      const inner = op("Mul", op("Add", x, cube), graph.scalar(GELU_SCALE));
      const outer = op("Add", op("Tanh", inner), graph.scalar(1));
      return op("Mul", op("Mul", x, graph.scalar(0.5)), outer);
    }
    default:
      // The slopes and limits of ONNX by default are those of here.
      return op(OPERATORS[name], x);
  }
}

/** Activations that are operators of ONNX, also within its recurrent ones. */
export const OPERATORS: Readonly<Record<Exclude<ActivationName, "silu" | "gelu">, string>> = {
  tanh: "Tanh",
  relu: "Relu",
  sigmoid: "Sigmoid",
  "hard-sigmoid": "HardSigmoid",
  "leaky-relu": "LeakyRelu",
  elu: "Elu",
  softplus: "Softplus",
  linear: "Affine",
};
