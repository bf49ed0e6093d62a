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
  const read = (name: string): Float32Array | undefined => {
    const entry = header[`parameters.${name}`];
    if (entry === undefined) return undefined;
    if (entry.dtype !== "F32") throw unreadable(`${name} is ${entry.dtype}, not F32`);
    const [from, to] = entry.data_offsets;
    return new Float32Array(bytes.slice(start + from, start + to).buffer);
  };
  const needed = (name: string): Float32Array => {
    const found = read(name);
    if (!found) throw unreadable(`there are no weights ${name}`);
    return found;
  };
  const wanted = (what: string, value: unknown, ...allowed: readonly unknown[]) => {
    if (!allowed.includes(value)) {
      throw unreadable(`${what} is ${value}, and ${allowed.join(" or ")} is wanted`);
    }
  };
  wanted("the model", model.name, "rnn", "gru", "lstm");
  wanted("the activation", options.activation, "tanh", "sigmoid");
  wanted("the activation of the input", options.inputActivation, undefined, "none");
  wanted("the activation of the gates", options.gateActivation, undefined, "sigmoid");
  wanted("the embedding's size", options.embedding, 0);
  wanted("the normalisation of the input", options.inputNorm, "none");
  const gates = { rnn: 1, gru: 3, lstm: 4 }[model.name as "rnn"];
  const hidden: number = options.hidden;
  const columns = gates * hidden;
  const layers = Array.from({ length: options.layers }, (_, l) => {
    const [weight, bias] = [read(`layers.${l}.weight_ih`), read(`layers.${l}.bias_ih`)];
    const recurrent = needed(`layers.${l}.weight_hh`);
    return {
      input: { weight: weight ?? new Float32Array(), bias, columns },
      recurrent: { weight: recurrent, bias: read(`layers.${l}.bias_hh`), columns },
    };
  });
  const initial = layers.flatMap((_, l) => {
    const h = read(`initial.${l}.h`);
    const c = read(`initial.${l}.c`);
    return h ? [{ h, ...(c ? { c } : {}) }] : [];
  });
  const weight = needed("output.weight");
  return {
    cell: model.name,
    activation: options.activation,
    reset: options.reset ?? "after",
    snap: options.snap === true,
    hidden,
    inputs: layers[0].input.weight.length / columns,
    layers,
    ...(initial.length > 0 ? { initial } : {}),
    output: { weight, bias: read("output.bias"), columns: weight.length / hidden },
    task,
  };
}
