/**
 * The bytes of an ONNX file: a protocol buffer, of which the few fields that are used are listed here.
 *
 * `@bufbuild/protobuf` writes it, the runtime of Buf for protocol buffers, which passes their
 * conformance tests and has no dependencies of its own. `onnx-proto` on npm is ONNX's whole schema as
 * generated code for a `protobufjs` two major versions old. The specifier stands here and in no import
 * map, so that a program that does not import `@unroll/models/onnx` does not install the package.
 *
 * @module
 */
// deno-lint-ignore no-import-prefix
import { create, createFileRegistry, fromJson, toBinary } from "npm:@bufbuild/protobuf@2.17.0";
// deno-lint-ignore no-import-prefix
import { FileDescriptorProtoSchema } from "npm:@bufbuild/protobuf@2.17.0/wkt";

/** A message by the names of its fields in camelCase; 64-bit integers are bigints. */
export type Message = Readonly<Record<string, unknown>>;

/** Number and type of a field; a type in a list is repeated. */
type Field = readonly [number, string | readonly [string]];

/** https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
const MESSAGES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  ModelProto: {
    ir_version: [1, "int64"],
    producer_name: [2, "string"],
    graph: [7, "GraphProto"],
    opset_import: [8, ["OperatorSetIdProto"]],
    metadata_props: [14, ["StringStringEntryProto"]],
  },
  OperatorSetIdProto: { domain: [1, "string"], version: [2, "int64"] },
  StringStringEntryProto: { key: [1, "string"], value: [2, "string"] },
  GraphProto: {
    node: [1, ["NodeProto"]],
    name: [2, "string"],
    initializer: [5, ["TensorProto"]],
    input: [11, ["ValueInfoProto"]],
    output: [12, ["ValueInfoProto"]],
  },
  NodeProto: {
    input: [1, ["string"]],
    output: [2, ["string"]],
    name: [3, "string"],
    op_type: [4, "string"],
    attribute: [5, ["AttributeProto"]],
  },
  AttributeProto: {
    name: [1, "string"],
    f: [2, "float"],
    i: [3, "int64"],
    t: [5, "TensorProto"],
    floats: [7, ["float"]],
    strings: [9, ["bytes"]],
    type: [20, "int32"],
  },
  TensorProto: {
    dims: [1, ["int64"]],
    data_type: [2, "int32"],
    name: [8, "string"],
    raw_data: [9, "bytes"],
  },
  ValueInfoProto: { name: [1, "string"], type: [2, "TypeProto"], doc_string: [3, "string"] },
  TypeProto: { tensor_type: [1, "TensorTypeProto"] },
  TensorTypeProto: { elem_type: [1, "int32"], shape: [2, "TensorShapeProto"] },
  TensorShapeProto: { dim: [1, ["DimensionProto"]] },
  DimensionProto: { dim_value: [1, "int64"], dim_param: [2, "string"] },
};

/** Encodes a `ModelProto`. */
export function encodeModel(model: Message): Uint8Array<ArrayBuffer> {
  const file = fromJson(FileDescriptorProtoSchema, {
    name: "onnx.proto",
    package: "onnx",
    syntax: "proto2",
    messageType: Object.entries(MESSAGES).map(([name, fields]) => ({
      name,
      field: Object.entries(fields).map(([name, [number, type]]) => {
        const label = typeof type === "string" ? "LABEL_OPTIONAL" : "LABEL_REPEATED";
        const element = typeof type === "string" ? type : type[0];
        const kind: Record<string, string> = Object.hasOwn(MESSAGES, element)
          ? { type: "TYPE_MESSAGE", typeName: `.onnx.${element}` }
          : { type: `TYPE_${element.toUpperCase()}` };
        return { name, number, label, ...kind };
      }),
    })),
  });
  const schema = createFileRegistry(file, () => undefined).getMessage("onnx.ModelProto");
  if (!schema) throw new TypeError("Cannot encode ONNX: its schema is needed, found none");
  return toBinary(schema, create(schema, model as Record<string, never>));
}
