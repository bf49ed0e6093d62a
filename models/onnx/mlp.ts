/**
 * The multilayer perceptron as an ONNX graph.
 *
 * @module
 */
import type { MlpOptions } from "../mlp.ts";
import { tensorOf } from "./graph.ts";
import {
  activate,
  addInputs,
  linear,
  oneHot,
  type OnnxSource,
  outputValue,
  type Weight,
} from "./parts.ts";

/** Behind the last element. */
const END = Number.MAX_SAFE_INTEGER;

/** Adds a multilayer perceptron to a graph. */
export function addMlp({ graph, options, spec, weights, state }: OnnxSource<MlpOptions>): void {
  const vocabulary = spec.inputs.kind === "symbol" ? spec.inputs.vocabulary : 0;
  const size = spec.inputs.kind === "vector" ? spec.inputs.size : 0;
  const width = size || options.embedding || vocabulary;
  const paths = [...options.layers.keys()].map((layer) => `layers.${layer}`).concat("output");
  const context = (weights.get(`${paths[0]}.weight`) as Weight).shape[0] / width;
  const inputs = addInputs(graph, spec);

  // Blanks before the first input, or what was seen before.
  const window = {
    dtype: size > 0 ? "f32" : "i64",
    shape: [context - 1, "batch", ...size > 0 ? [size] : []],
  } as const;
  const start = () => {
    if (state) {
      return graph.input({
        ...window,
        name: "window_0",
        description: `The inputs before; at first ${size > 0 ? "zeros" : `${vocabulary}, a blank`}`,
      });
    }
    const batch = graph.node("Shape", [inputs], { start: { i: 1 }, end: { i: 2 } });
    const sizes = [graph.ints(context - 1), batch, ...size > 0 ? [graph.ints(size)] : []];
    const value = size > 0
      ? tensorOf("f32", [1], Float32Array.of(0))
      : tensorOf("i64", [1], BigInt64Array.of(BigInt(vocabulary)));
    const shape = graph.node("Concat", sizes, { axis: { i: 0 } });
    return graph.node("ConstantOfShape", [shape], { value: { t: value } });
  };
  const history = context === 1
    ? inputs
    : graph.node("Concat", [start(), inputs], { axis: { i: 0 } });

  // The vectors of each place of a window, side by side.
  const vectors = () => {
    if (size > 0) return history;
    const table = weights.get("embedding.weight");
    if (!table) return oneHot(graph, history, vocabulary);
    // A blank is a row of zeros behind the last symbol.
    const data = new Float32Array((vocabulary + 1) * width);
    data.set(table.data);
    const rows = graph.floats("embedding.weight", [vocabulary + 1, width], data);
    return graph.node("Gather", [rows, history]);
  };
  const x = vectors();
  const slice = (from: string, start: number, end: number) =>
    graph.node("Slice", [from, graph.ints(start), graph.ints(end || END), graph.ints(0)]);
  const places = Array.from(
    { length: context },
    (_, place) =>
      spec.outputs.at === "every"
        ? slice(x, place, place + 1 - context)
        : slice(x, place - context, place + 1 - context),
  );
  let h = graph.node("Concat", places, { axis: { i: 2 } });
  paths.forEach((path, layer) => {
    h = linear(graph, weights, path, layer === 0 ? h : activate(graph, options.activation, h));
  });
  const outputs = spec.outputs.at === "every" ? h : graph.node("Squeeze", [h, graph.ints(0)]);
  graph.output(outputValue(spec), outputs);
  if (!state || context === 1) return;
  graph.output(
    { ...window, name: "window_n", description: "What goes in as window_0 to go on" },
    slice(history, 1 - context, 0),
  );
}
