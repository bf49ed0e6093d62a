/**
 * The recurrent models as ONNX graphs, of the operators `RNN`, `GRU` and `LSTM`.
 *
 * @module
 */
import type { ActivationName } from "../activations.ts";
import type { GruOptions } from "../gru.ts";
import type { LstmOptions } from "../lstm.ts";
import type { RecurrentOptions } from "../recurrent_options.ts";
import type { RnnOptions } from "../rnn.ts";
import type { Attribute, OnnxGraph } from "./graph.ts";
import {
  addInputs,
  linear,
  oneHot,
  type OnnxSource,
  OPERATORS,
  outputValue,
  type Weight,
  weight,
  type Weights,
} from "./parts.ts";

/** A recurrent operator of ONNX. */
interface Operator {
  readonly name: string;
  /** Of each of its blocks of weights, the place among the blocks here. */
  readonly blocks: readonly number[];
  readonly activations: readonly ActivationName[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Names of its states. */
  readonly state: readonly string[];
}

const OPERATOR_OF: Readonly<Record<string, (options: RecurrentOptions) => Operator>> = {
  rnn(options) {
    const { activation } = options as RnnOptions;
    return { name: "RNN", blocks: [0], activations: [activation], state: ["h"] };
  },
  // r, z, n here; there z, r, h.
  gru(options) {
    const { activation, gateActivation, reset } = options as GruOptions;
    return {
      name: "GRU",
      blocks: [1, 0, 2],
      activations: [gateActivation, activation],
      attributes: { linear_before_reset: { i: reset === "after" ? 1 : 0 } },
      state: ["h"],
    };
  },
  // i, f, g, o here; there i, o, f, c.
  lstm(options) {
    const { activation, gateActivation } = options as LstmOptions;
    return {
      name: "LSTM",
      blocks: [0, 3, 1, 2],
      activations: [gateActivation, activation, activation],
      state: ["h", "c"],
    };
  },
};

/** Returns what of a recurrent model ONNX cannot say; `undefined` if it can say all. */
export function unsupportedInOnnx(options: RecurrentOptions): string | undefined {
  const { activation, inputActivation = "none", snap } = options as RnnOptions;
  if (snap) return "its recurrent operators do not round states, as the option snap asks";
  if (inputActivation !== "none") {
    return "its operator RNN has one activation, and the option inputActivation asks for two";
  }
  if (Object.hasOwn(OPERATORS, activation)) return undefined;
  return `its recurrent operators know the activations ${
    Object.keys(OPERATORS).join(", ")
  }, found ${activation}`;
}

/** Where sequences start, by the name of a state: f32[layers, 1, hidden]; absent for zeros. */
export type Starts = ReadonlyMap<string, Float32Array>;

/** Adds a recurrent model to a graph. */
export function addRecurrent(
  kind: string,
  { graph, options, spec, weights, state }: OnnxSource<RecurrentOptions>,
  starts: Starts,
): void {
  const { hidden, layers } = options;
  const operator = OPERATOR_OF[kind](options);
  const { x: first, batch } = readInputs({ graph, options, spec, weights, state });
  const shape = [layers, "batch", hidden] as const;
  const given = state
    ? operator.state.map((name) =>
      graph.input({ name: `${name}_0`, dtype: "f32", shape, description: "State to begin with" })
    )
    : [];
  if (state) {
    for (const [name, start] of starts) graph.metadata(`${name}_0`, JSON.stringify([...start]));
  }
  const startOf = (layer: number, part: number) => {
    if (state) {
      return graph.node("Slice", [
        given[part],
        graph.ints(layer),
        graph.ints(layer + 1),
        graph.ints(0),
      ]);
    }
    const name = operator.state[part];
    const start = starts.get(name)?.slice(layer * hidden, (layer + 1) * hidden);
    if (!start) return "";
    const sizes = [graph.ints(1), batch, graph.ints(hidden)];
    return graph.node("Expand", [
      graph.floats(`initial.${layer}.${name}`, [1, 1, hidden], start),
      graph.node("Concat", sizes, { axis: { i: 0 } }),
    ]);
  };

  let x = first;
  const ends: (readonly string[])[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const [all, ...end] = graph.nodes(
      operator.name,
      [
        x,
        ...layerWeights(graph, weights, layer, operator),
        "",
        ...operator.state.map((_, part) => startOf(layer, part)),
      ],
      1 + operator.state.length,
      {
        hidden_size: { i: hidden },
        ...activationAttributes(operator.activations),
        ...operator.attributes,
      },
    );
    // One direction of one, [time, 1, batch, hidden].
    x = graph.node("Squeeze", [all, graph.ints(1)]);
    ends.push(end);
  }
  const top = spec.outputs.at === "every"
    ? x
    : graph.node("Squeeze", [ends[layers - 1][0], graph.ints(0)]);
  graph.output(outputValue(spec), linear(graph, weights, "output", top));
  if (!state) return;
  operator.state.forEach((name, part) =>
    graph.output(
      { name: `${name}_n`, dtype: "f32", shape, description: "State after the last step" },
      graph.node("Concat", ends.map((end) => end[part]), { axis: { i: 0 } }),
    )
  );
}

/** The numbers α and β of activations that have some; those of `Affine`, α x + β, are 0 by default. */
const SCALES: Readonly<Partial<Record<ActivationName, readonly [number, number?]>>> = {
  "leaky-relu": [0.01],
  "hard-sigmoid": [0.2, 0.5],
  elu: [1],
  linear: [1, 0],
};

function activationAttributes(names: readonly ActivationName[]): Record<string, Attribute> {
  const scales = names.map((name) => SCALES[name] ?? []);
  return {
    activations: { strings: names.map((name) => OPERATORS[name as keyof typeof OPERATORS]) },
    // One after the other, of those that have any.
    activation_alpha: { floats: scales.flatMap(([alpha]) => alpha ?? []) },
    activation_beta: { floats: scales.flatMap(([, beta]) => beta ?? []) },
  };
}

/** What the first layer reads, f32[time, batch, n], and the number of sequences, i64[1]. */
function readInputs(
  { graph, options, spec, weights }: OnnxSource<RecurrentOptions>,
): { readonly x: string; readonly batch: string } {
  if (spec.inputs.kind === "none") {
    const [time, batch] = (["time", "batch"] as const).map((name) =>
      graph.input({
        name,
        dtype: "i64",
        shape: [1],
        description: name === "time" ? "Number of steps" : "Number of sequences",
      })
    );
    // One number a step that is zero, as the operators must read something.
    const shape = graph.node("Concat", [time, batch, graph.ints(1)], { axis: { i: 0 } });
    return { x: graph.node("ConstantOfShape", [shape]), batch };
  }
  const inputs = addInputs(graph, spec);
  const batch = graph.node("Shape", [inputs], { start: { i: 1 }, end: { i: 2 } });
  let x = inputs;
  if (spec.inputs.kind === "symbol") {
    x = weights.has("embedding.weight")
      ? graph.node("Gather", [weight(graph, weights, "embedding.weight"), inputs])
      : oneHot(graph, inputs, spec.inputs.vocabulary);
  }
  return { x: normalize(graph, options, weights, x), batch };
}

/** As in PyTorch, and in the models here. */
const EPSILON = 1e-5;

function normalize(
  graph: OnnxGraph,
  { inputNorm }: RecurrentOptions,
  weights: Weights,
  x: string,
): string {
  const named = (name: string) => weight(graph, weights, `input_norm.${name}`);
  if (inputNorm === "none") return x;
  if (inputNorm === "layer") {
    return graph.node("LayerNormalization", [x, named("weight"), named("bias")], {
      axis: { i: -1 },
      epsilon: { f: EPSILON },
    });
  }
  // `BatchNormalization` wants the vectors on the second axis; here they are on the last.
  const of = (name: string) => (weights.get(`input_norm.${name}`) as Weight).data;
  const variance = of("running_var");
  const scale = of("weight").map((w, i) => w / Math.sqrt(variance[i] + EPSILON));
  const centred = graph.node("Sub", [x, named("running_mean")]);
  const scaled = graph.node("Mul", [
    centred,
    graph.floats("input_norm.scale", [scale.length], scale),
  ]);
  return graph.node("Add", [scaled, named("bias")]);
}

/** W [1, blocks · hidden, in], R [1, blocks · hidden, hidden] and B [1, 2 · blocks · hidden] of a layer. */
function layerWeights(
  graph: OnnxGraph,
  weights: Weights,
  layer: number,
  { blocks }: Operator,
): string[] {
  const path = `layers.${layer}`;
  const recurrent = weights.get(`${path}.weight_hh`) as Weight;
  const [hidden, columns] = recurrent.shape;
  // Row by row of what comes out, in ONNX's order.
  const column = (row: number) => blocks[Math.floor(row / hidden)] * hidden + row % hidden;
  const matrix = (name: string, { shape: [rows], data }: Weight) =>
    graph.floats(
      `${path}.${name}`,
      [1, columns, rows],
      Float32Array.from(
        { length: rows * columns },
        (_, i) => data[(i % rows) * columns + column(Math.floor(i / rows))],
      ),
    );
  const nothing = { shape: [1, columns], data: new Float32Array(columns) };
  const biases = ["bias_ih", "bias_hh"].map((name) => weights.get(`${path}.${name}`));
  const hasBias = biases.some((bias) => bias !== undefined);
  const both = biases.flatMap((bias) =>
    Array.from({ length: columns }, (_, row) => bias?.data[column(row)] ?? 0)
  );
  return [
    matrix("weight_ih", weights.get(`${path}.weight_ih`) ?? nothing),
    matrix("weight_hh", recurrent),
    hasBias ? graph.floats(`${path}.bias`, [1, 2 * columns], Float32Array.from(both)) : "",
  ];
}
