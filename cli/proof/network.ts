/**
 * What the verifier reads of a run: the weights and how they are put together.
 *
 * @module
 */

/** A linear layer, its weights row by row. */
export interface Weights {
  readonly weight: Float32Array;
  readonly columns: number;
  readonly bias?: Float32Array;
}

/** A recurrent network. */
export interface Network {
  readonly cell: "rnn" | "gru" | "lstm";
  readonly activation: "tanh" | "sigmoid";
  readonly reset: "after" | "before";
  readonly snap: boolean;
  readonly hidden: number;
  /** Symbols it reads; 0 if nothing. */
  readonly inputs: number;
  readonly layers: readonly { readonly input: Weights; readonly recurrent: Weights }[];
  /** What its state starts with, before the activation; zeros if left out. */
  readonly initial?: readonly Readonly<Record<string, Float32Array>>[];
  readonly output: Weights;
  readonly task: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
}

const unreadable = (why: string) => new RangeError(`Cannot look into the network: ${why}`);

/** Reads a checkpoint, a file in the format safetensors whose metadata hold the configuration. */
export function readNetwork(bytes: Uint8Array): Network {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const { model, task } = JSON.parse(header.__metadata__.config);
  const options = model.options;
  /** As the program does, reads the weights that the options ask for, and no others. */
  const read = (name: string, ...shape: number[]): Float32Array => {
    const entry = header[`parameters.${name}`];
    if (entry?.dtype !== "F32" || `${entry.shape}` !== `${shape}`) {
      throw unreadable(`${name} is not f32[${shape}]`);
    }
    const [from, to] = entry.data_offsets;
    const values = new Float32Array(bytes.slice(start + from, start + to).buffer);
    if (values.length !== shape.reduce((a, b) => a * b)) throw unreadable(`${name} is cut short`);
    if (!values.every(Number.isFinite)) throw unreadable(`${name} is not all finite`);
    return values;
  };
  const wanted = (what: string, value: unknown, ...allowed: readonly unknown[]) => {
    if (!allowed.includes(value)) {
      throw unreadable(`${what} is ${value}, and ${allowed.join(" or ")} is wanted`);
    }
  };
  const { hidden, bias = "input", initialState = "auto" } = options;
  wanted("the model", model.name, "rnn", "gru", "lstm");
  wanted("the activation", options.activation, "tanh", "sigmoid");
  wanted("the activation of the input", options.inputActivation, undefined, "none");
  wanted("the activation of the gates", options.gateActivation, undefined, "sigmoid");
  wanted("the embedding's size", options.embedding, 0);
  wanted("the normalisation of the input", options.inputNorm, "none");
  wanted("the place of the reset", options.reset, undefined, "after", "before");
  wanted("the rounding", options.snap, undefined, false, true);
  wanted("the biases", bias, "input", "both", "none");
  wanted("the initial state", initialState, "auto", "zero", "learned");
  if (
    ![hidden, options.layers].every((count) =>
      Number.isInteger(count) && count > 0 && count <= 4096
    )
  ) {
    throw unreadable(`${options.layers} layers of ${hidden} units are none`);
  }
  const columns = { rnn: 1, gru: 3, lstm: 4 }[model.name as "rnn"] * hidden;
  const inputs: number = header["parameters.layers.0.weight_ih"]?.shape[0] ?? 0;
  const layers = Array.from({ length: options.layers }, (_, l) => {
    const at = `layers.${l}`;
    const below = l === 0 ? inputs : hidden;
    const weight = below === 0 ? new Float32Array() : read(`${at}.weight_ih`, below, columns);
    return {
      input: {
        weight,
        columns,
        ...(bias === "none" ? {} : { bias: read(`${at}.bias_ih`, columns) }),
      },
      recurrent: {
        weight: read(`${at}.weight_hh`, hidden, columns),
        columns,
        ...(bias === "both" ? { bias: read(`${at}.bias_hh`, columns) } : {}),
      },
    };
  });
  const isLearned = initialState === "learned" || (initialState === "auto" && inputs === 0);
  const parts = model.name === "lstm" ? ["h", "c"] : ["h"];
  const initial = () =>
    layers.map((_, l) =>
      Object.fromEntries(parts.map((part) => [part, read(`initial.${l}.${part}`, hidden)]))
    );
  const classes: number = header["parameters.output.weight"]?.shape[1];
  return {
    cell: model.name,
    activation: options.activation,
    reset: options.reset ?? "after",
    snap: options.snap === true,
    hidden,
    inputs,
    layers,
    ...(isLearned ? { initial: initial() } : {}),
    output: {
      weight: read("output.weight", hidden, classes),
      columns: classes,
      ...(bias === "none" ? {} : { bias: read("output.bias", classes) }),
    },
    task,
  };
}
