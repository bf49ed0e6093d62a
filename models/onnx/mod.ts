/**
 * Models as ONNX files, for ONNX Runtime and whatever else reads them.
 *
 * @module
 */
import { type Tree, treeEntries } from "@unroll/core";
import type { Model, ModelPlugin, TaskSpec } from "@unroll/core/plugin";
import { gru } from "../gru.ts";
import { lstm } from "../lstm.ts";
import { mlp, type MlpOptions } from "../mlp.ts";
import type { CellState } from "../cell.ts";
import type { RecurrentOptions } from "../recurrent_options.ts";
import { rnn } from "../rnn.ts";
import { OnnxGraph } from "./graph.ts";
import { addMlp } from "./mlp.ts";
import type { Weights } from "./parts.ts";
import { addRecurrent, type Starts, unsupportedInOnnx } from "./recurrent.ts";

/** Options of {@linkcode exportOnnx}. */
export interface OnnxOptions {
  /** Whether the state goes in and comes out, so that a sequence can be gone on with; no if left out. */
  readonly state?: boolean;
}

/** The models that are made of operators of ONNX. */
const EXPORTED: readonly ModelPlugin[] = [mlp, rnn, gru, lstm];

/**
 * Writes a built-in model with its parameters as an ONNX file, of operator set 17.
 *
 * Data lead with time, and the numbers of steps and sequences are free. Inputs are `inputs`, i64[time,
 * batch] for symbols or f32[time, batch, size] for vectors; where a task has none, `time` and `batch`,
 * i64[1], say how many. The output is `outputs`, f32[time, batch, n], or f32[batch, n] after the last
 * step alone; logits for classes. With `state` there are also `h_0` (and `c_0`) f32[layers, batch,
 * hidden] to begin with, and `h_n` (and `c_n`) after the last step; for a multilayer perceptron
 * `window_0` and `window_n`, the inputs before.
 *
 * @param model The model, with its options.
 * @param parameters Its parameters.
 * @param spec The task that it is for.
 * @param options What else goes in and comes out.
 * @returns The bytes of the file.
 * @throws {TypeError} If ONNX has no operator for what the model does.
 *
 * @example Usage
 * ```ts
 * import { randomKey } from "@unroll/core";
 * import { gru } from "@unroll/models";
 * import { exportOnnx } from "@unroll/models/onnx";
 *
 * const model = gru({ hidden: 4 });
 * const spec = {
 *   inputs: { kind: "symbol", vocabulary: 10 },
 *   outputs: { kind: "class", classes: 10, at: "every" },
 *   length: "variable",
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * } as const;
 * const bytes = await exportOnnx(model, model.create(spec).parameters(randomKey(0)), spec);
 * console.log(bytes.length); // For `ort.InferenceSession.create`, or a file.
 * ```
 */
export async function exportOnnx(
  model: Model,
  parameters: Tree,
  spec: TaskSpec,
  { state = false }: OnnxOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { name } = model.plugin;
  const refuse = (reason: string) => new TypeError(`Cannot export ${name} as ONNX: ${reason}`);
  if (!EXPORTED.includes(model.plugin)) {
    throw refuse(`the models that can be are ${EXPORTED.map(({ name }) => name).join(", ")}`);
  }
  const graph = new OnnxGraph();
  const weights: Weights = new Map(
    await Promise.all(
      treeEntries(parameters).map(async ([path, leaf]) =>
        [path, { shape: leaf.shape, data: Float32Array.from(await leaf.data()) }] as const
      ),
    ),
  );
  const source = { graph, spec, weights, state };
  if (name === "mlp") {
    addMlp({ ...source, options: model.options as MlpOptions });
    return graph.encode(name);
  }
  const options = model.options as RecurrentOptions;
  const reason = unsupportedInOnnx(options);
  if (reason !== undefined) throw refuse(reason);
  addRecurrent(name, { ...source, options }, await startsOf(model, parameters, spec));
  return graph.encode(name);
}

/** Where sequences start, if that is learned. */
async function startsOf(model: Model, parameters: Tree, spec: TaskSpec): Promise<Starts> {
  if (!treeEntries(parameters).some(([path]) => path.startsWith("initial."))) return new Map();
  const layers = model.create(spec).initialState(parameters, 1) as unknown as readonly CellState[];
  return new Map(
    await Promise.all(
      Object.keys(layers[0]).map(async (name) => {
        const parts = await Promise.all(layers.map((state) => state[name].data()));
        return [name, Float32Array.from(parts.flatMap((part) => [...part]))] as const;
      }),
    ),
  );
}
