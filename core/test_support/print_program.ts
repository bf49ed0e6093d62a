/**
 * A program as TypeScript that a person can paste into a file of this repository and run: what a
 * failed property test prints.
 *
 * @module
 */
import type { BackendName } from "../ir/backend.ts";
import { type Equation, type Graph, isGraph, type Value } from "../ir/graph.ts";
import type { Params } from "../ir/primitive.ts";
import { sizeOf, type TensorType } from "../ir/tensor_type.ts";
import { ELEMENTWISE } from "../language/primitives/elementwise.ts";
import type { ScanParams } from "../language/primitives/scan.ts";
import type { BuiltProgram, InputSpec } from "./program_spec.ts";

/** Operations that the language calls otherwise than graphs do. */
const CALLED: Readonly<Record<string, string>> = {
  rem: "remainder",
  max: "maximum",
  min: "minimum",
  select: "where",
  shift_left: "shiftLeft",
  shift_right: "shiftRight",
  stop_gradient: "stopGradient",
  xor: "bitwiseXor",
};

/** Prints lines of a function, and knows the names of values and of the functions it calls. */
class Printer {
  readonly used: Set<string>;
  readonly #names: Map<Value, string>;

  constructor(used: Set<string>, names: Map<Value, string>) {
    this.used = used;
    this.#names = names;
  }

  /** Names a value. */
  bind(value: Value): string {
    const name = `x${this.#names.size}`;
    this.#names.set(value, name);
    return name;
  }

  /** The name of a value. */
  name(value: Value): string {
    return this.#names.get(value) as string;
  }

  /** Lines that compute the equations of a graph. */
  lines(graph: Graph): string[] {
    return graph.equations.flatMap((equation) => this.#equation(equation));
  }

  #call(name: string, ...args: readonly unknown[]): string {
    this.used.add(name);
    return `${name}(${args.join(", ")})`;
  }

  #equation(equation: Equation): string[] {
    const { primitive, outputs, params } = equation;
    if (primitive.name === "scan") return this.#scan(equation);
    const inputs = equation.inputs.map((value) => this.name(value));
    const text = this.#text(primitive.name, inputs, params, equation);
    const names = outputs.map((value) => this.bind(value));
    return [`const ${primitive.name === "split" ? `[${names.join(", ")}]` : names[0]} = ${text};`];
  }

  #text(name: string, inputs: readonly string[], params: Params, equation: Equation): string {
    const [x] = inputs;
    const list = (value: unknown) => `[${(value as readonly number[]).join(", ")}]`;
    const shape = list(equation.outputs[0].type.shape);
    const axes = params.axes as readonly number[];
    switch (name) {
      case "cast":
        return this.#call("cast", x, JSON.stringify(params.to));
      case "fill":
        return this.#call("fill", shape, number(params.value as number), quoted(params.dtype));
      case "iota":
        return this.#call("iota", shape, params.axis, quoted(params.dtype));
      case "random_bits":
        return this.#call("randomBits", x, shape);
      case "fold_in":
        return this.#call("foldIn", ...inputs);
      case "reduce_sum":
        return this.#call("sum", x, list(axes));
      case "reduce_max":
        return this.#call("max", x, list(axes));
      case "argmax":
        return this.#call("argmax", x, axes[0]);
      case "matmul": {
        const flags = ["transposeX", "transposeY"].filter((flag) => params[flag] === true);
        const options = flags.map((flag) => `${flag}: true`).join(", ");
        return this.#call("matmul", ...inputs, ...options ? [`{ ${options} }`] : []);
      }
      case "reshape":
        return this.#call("reshape", x, shape);
      case "transpose":
        return this.#call("transpose", x, list(params.order));
      case "broadcast": {
        const from = equation.inputs[0].type.shape;
        const full = equation.outputs[0].type.shape.map((_, d) => from[axes.indexOf(d)] ?? 1);
        return this.#call("broadcastTo", this.#call("reshape", x, list(full)), shape);
      }
      case "reverse":
        return axes.reduce((text, axis) => this.#call("reverse", text, axis), x);
      case "slice":
        return this.#call("slice", x, params.axis, params.start, params.end);
      case "split":
        return this.#call("split", x, list(params.sizes), params.axis);
      case "pad": {
        const { before, after } = params;
        const value = number(params.value as number);
        const options = `{ before: ${before}, after: ${after}, value: ${value} }`;
        return this.#call("pad", x, params.axis, options);
      }
      case "concatenate":
        return this.#call("concatenate", `[${inputs.join(", ")}]`, params.axis);
      case "scatter_add":
        return this.#call("scatterAdd", ...inputs, params.rows);
      default:
        if (!(name in ELEMENTWISE) && name !== "gather") {
          throw new TypeError(`Cannot print a program: ${name} has no function`);
        }
        return this.#call(CALLED[name] ?? name, ...inputs);
    }
  }

  #scan({ inputs, outputs, params }: Equation): string[] {
    const { body, constants, carries, length, reverse, recompute } = params as ScanParams;
    if (!isGraph(body)) throw new TypeError("Cannot print a loop: it has no body");
    body.inputs.slice(0, constants).forEach((value, i) =>
      this.#names.set(value, this.name(inputs[i]))
    );
    const inner = body.inputs.slice(constants).map((value) => this.bind(value));
    const args = inputs.slice(constants).map((value) => this.name(value));
    const lines = this.lines(body);
    const results = body.outputs.map((value) => this.name(value));
    const names = outputs.map((value) => this.bind(value));
    const two = (list: readonly string[]) =>
      `[${list.slice(0, carries).join(", ")}], [${list.slice(carries).join(", ")}]`;
    const options = [`length: ${length}`];
    if (reverse) options.push("reverse: true");
    if (recompute) options.push("recompute: 1");
    this.used.add("scan");
    return [
      `const [${two(names)}] = scan(`,
      `  ([${inner.slice(0, carries).join(", ")}]: Tensor[], ` +
      `[${inner.slice(carries).join(", ")}]: Tensor[]) => {`,
      ...lines.map((line) => `    ${line}`),
      `    return [${two(results)}];`,
      "  },",
      `  [${args.slice(0, carries).join(", ")}] as Tensor[],`,
      `  [${args.slice(carries).join(", ")}] as Tensor[],`,
      `  { ${options.join(", ")} },`,
      ");",
    ];
  }
}

const quoted = (x: unknown) => JSON.stringify(x);
const number = (x: number) => Object.is(x, -0) ? "-0" : String(x);

/** An argument with its elements, those that repeat written once. */
function printInput({ type, values }: InputSpec): string {
  const { dtype, shape } = type as TensorType;
  const name = dtype === "f32" ? "Float32Array" : dtype === "i32" ? "Int32Array" : "Uint32Array";
  const size = sizeOf(shape);
  const list = values.slice(0, size).map(number).join(", ");
  const data = size <= values.length
    ? `${name}.of(${list})`
    : `${name}.from({ length: ${size} }, (_, i) => [${list}][i % ${values.length}])`;
  return `tensor(${data}, { shape: [${shape.join(", ")}], dtype: "${dtype}" })`;
}

/**
 * Prints a program.
 *
 * @param program The program.
 * @param inputs Its arguments as they were drawn.
 * @param device What it is to be run on beside the interpreter.
 * @returns The text of a module.
 */
export function printProgram(
  program: BuiltProgram,
  inputs: readonly InputSpec[],
  device: BackendName,
): string {
  const { forward, derivative, donated } = program;
  const used = new Set(["compile", "tensor"]);
  const printer = new Printer(used, new Map());
  const args = forward.inputs.map((value) => printer.bind(value));
  const lines = printer.lines(forward);
  const outputs = forward.outputs.map((value) => printer.name(value));
  const real = forward.inputs.flatMap(({ type }, i) => type.dtype === "f32" ? [i] : []);
  let body = "program0";
  const derivatives: string[] = [];
  for (let order = 1; order <= derivative; order++) {
    const shared = args.map((x, i) => real.includes(i) ? `real[${real.indexOf(i)}]` : x).join(", ");
    used.add("grad").add("sum");
    derivatives.push(
      "",
      "// The gradient of the sum of all real results, by all real arguments.",
      `const program${order} = (...[${args.join(", ")}]: Tensor[]): Tensor[] =>`,
      `  grad((real: Tensor[]) =>`,
      `    program${order - 1}(${shared}).filter((y) => y.type.dtype === "f32")`,
      `      .map((y) => sum(y)).reduce((a, b) => a.add(b))`,
      `  )([${real.map((i) => args[i]).join(", ")}]);`,
    );
    body = `program${order}`;
  }
  const donate = donated.length > 0
    ? `, donate: [${donated.map(([, input]) => input).sort((a, b) => a - b).join(", ")}]`
    : "";
  return [
    `import { ${[...used].sort().join(", ")}, type Tensor } from "@unroll/core";`,
    'import { openBackend } from "@unroll/core/backends";',
    "",
    `const program0 = (...[${args.join(", ")}]: Tensor[]): Tensor[] => {`,
    ...lines.map((line) => `  ${line}`),
    `  return [${outputs.join(", ")}];`,
    "};",
    ...derivatives,
    "",
    `for (const device of ["reference", "${device}"] as const) {`,
    "  using backend = await openBackend(device);",
    `  using run = compile(${body}, { backend${donate} });`,
    "  const results = await run(",
    ...inputs.map((input) => `    ${printInput(input)},`),
    "  );",
    "  for (const y of results) console.log(device, y.type, await y.data());",
    "}",
    "",
  ].join("\n");
}
