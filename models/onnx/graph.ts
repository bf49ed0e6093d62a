/**
 * An ONNX graph as it is put together: nodes, constants, inputs and outputs.
 *
 * @module
 */
import { encodeModel, type Message } from "./encode.ts";

/** Operator set: 17 is the first with `LayerNormalization`; of 2022. */
const OPSET = 17n;
/** The version of the file's form that came with that set. */
const IR_VERSION = 8n;

/** Numbers of ONNX for types of elements and of attributes. */
const ELEMENTS = { f32: 1, i64: 7 } as const;
const ATTRIBUTES = { f: 1, i: 2, t: 4, floats: 6, strings: 8 } as const;

/** Whole numbers, which are i64, or fractions, which are f32; and texts. */
export type Attribute =
  | { readonly i: number }
  | { readonly f: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly t: Message };

/** What an input or output is: dimensions with names may have any size. */
export interface Value {
  readonly name: string;
  readonly dtype: keyof typeof ELEMENTS;
  readonly shape: readonly (number | string)[];
  readonly description: string;
}

/** A graph that grows. Its values are their names. */
export class OnnxGraph {
  readonly #nodes: Message[] = [];
  readonly #constants = new Map<string, Message>();
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];
  readonly #metadata: Message[] = [];

  /** Adds an input. */
  input(value: Value): string {
    this.#inputs.push(valueInfo(value));
    return value.name;
  }

  /** Makes a value an output. */
  output(value: Value, from: string): void {
    this.#nodes.push({ opType: "Identity", input: [from], output: [value.name] });
    this.#outputs.push(valueInfo(value));
  }

  /** Adds a text beside the graph. */
  metadata(key: string, value: string): void {
    this.#metadata.push({ key, value });
  }

  /** Adds a constant of fractions; of one name the first stays. */
  floats(name: string, shape: readonly number[], data: Float32Array): string {
    return this.#constant(name, tensorOf("f32", shape, data));
  }

  /** Adds a constant list of whole numbers. */
  ints(...values: number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.#constant(`ints_${values.join("_")}`, tensorOf("i64", [values.length], data));
  }

  /** Adds a constant scalar. */
  scalar(value: number): string {
    return this.floats(`scalar_${value}`, [], Float32Array.of(value));
  }

  #constant(name: string, tensor: Message): string {
    if (!this.#constants.has(name)) this.#constants.set(name, { ...tensor, name });
    return name;
  }

  /** Adds a node with one output. */
  node(
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    return this.nodes(opType, input, 1, attributes)[0];
  }

  /** Adds a node with several outputs. */
  nodes(
    opType: string,
    input: readonly string[],
    outputs: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): readonly string[] {
    const name = `${opType}_${this.#nodes.length}`;
    const output = Array.from({ length: outputs }, (_, i) => i === 0 ? name : `${name}_${i}`);
    const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
    this.#nodes.push({ name, opType, input, output, attribute });
    return output;
  }

  /** Writes the file. */
  encode(name: string): Uint8Array<ArrayBuffer> {
    return encodeModel({
      irVersion: IR_VERSION,
      producerName: "unroll",
      opsetImport: [{ domain: "", version: OPSET }],
      metadataProps: this.#metadata,
      graph: {
        name,
        node: this.#nodes,
        initializer: [...this.#constants.values()],
        input: this.#inputs,
        output: this.#outputs,
      },
    });
  }
}

/** Makes a tensor without a name, for an attribute. */
export function tensorOf(
  dtype: keyof typeof ELEMENTS,
  shape: readonly number[],
  data: Float32Array | BigInt64Array,
): Message {
  return {
    dims: shape.map(BigInt),
    dataType: ELEMENTS[dtype],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function attributeOf(name: string, value: Attribute): Message {
  if ("i" in value) return { name, type: ATTRIBUTES.i, i: BigInt(value.i) };
  if ("f" in value) return { name, type: ATTRIBUTES.f, f: value.f };
  if ("floats" in value) return { name, type: ATTRIBUTES.floats, floats: [...value.floats] };
  if ("t" in value) return { name, type: ATTRIBUTES.t, t: value.t };
  const strings = value.strings.map((text) => new TextEncoder().encode(text));
  return { name, type: ATTRIBUTES.strings, strings };
}

function valueInfo({ name, dtype, shape, description }: Value): Message {
  const dim = shape.map((size) =>
    typeof size === "string" ? { dimParam: size } : { dimValue: BigInt(size) }
  );
  return {
    name,
    docString: description,
    type: { tensorType: { elemType: ELEMENTS[dtype], shape: { dim } } },
  };
}
