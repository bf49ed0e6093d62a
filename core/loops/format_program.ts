/**
 * Programs of loops as text, for people: what `DEBUG=4` and `UNROLL_DUMP` show of code that is bytes.
 *
 * @module
 */
import type { Axis, Buffer, Expression } from "../ir/expression.ts";
import { visitExpression } from "../ir/expression.ts";
import {
  axesOf,
  expressionsOf,
  type Kernel,
  type LoopProgram,
  type Step,
  type StoreMode,
} from "./program.ts";

/** Spellings of operations that have a sign. */
const SIGNS: Readonly<Record<string, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  rem: "%",
  eq: "==",
  ne: "!=",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
};

/**
 * Writes a program as text: a line for each kernel, buffer and store.
 *
 * @param program The program.
 * @returns Lines; a part of an expression that is used twice has a line of its own.
 */
export function formatProgram(program: LoopProgram): string {
  const buffers = (list: readonly Buffer[]) =>
    list.map(({ name, dtype, size }) => `${name}: ${dtype}[${size}]`).join(", ");
  return [
    `program ${program.name}(${buffers(program.inputs)})`,
    `outputs ${buffers(program.outputs)}`,
    `temporaries ${buffers(program.temporaries)}`,
    ...formatSteps(program.steps, ""),
  ].join("\n");
}

function formatSteps(steps: readonly Step[], indent: string): string[] {
  return steps.flatMap((step) =>
    step.kind === "loop"
      ? [
        `${indent}${step.isParallel ? "parallel loop" : "loop"} ${step.name} ${
          formatAxes([step.time])
        }`,
        ...formatSteps(step.steps, `${indent}  `),
      ]
      : formatKernel(step, indent)
  );
}

function formatAxes(axes: readonly Axis[]): string {
  return axes.map(({ name, extent }) => `${name}<${extent}`).join(", ");
}

function formatKernel(kernel: Kernel, indent: string): string[] {
  const text = new ExpressionText(kernel);
  const folded = kernel.kind === "map"
    ? ""
    : kernel.kind === "matmul"
    ? ` over ${formatAxes([kernel.inner])}`
    : ` over ${formatAxes(kernel.inner)}`;
  const head = `${indent}${kernel.kind} ${kernel.name} [${formatAxes(axesOf(kernel))}]${folded}`;
  const lines: string[] = [];
  if (kernel.kind === "reduce") {
    lines.push(`accumulator = ${kernel.operation} of ${text.of(kernel.value)}`);
  }
  if (kernel.kind === "matmul") {
    lines.push(`accumulator = sum of ${text.of(kernel.x)} * ${text.of(kernel.y)}`);
  }
  for (const { buffer, index, value, mode } of kernel.stores) {
    lines.push(
      `${buffer.name}[${text.of(index)}] ${ASSIGNMENTS[mode]} ${text.of(value)}`,
    );
  }
  return [head, ...[...text.definitions, ...lines].map((line) => `${indent}  ${line}`)];
}

/** How stores are written. */
const ASSIGNMENTS: Readonly<Record<StoreMode, string>> = { set: "=", add: "+=", compensate: "+≈" };

/** Texts of the expressions of one kernel; shared parts get names. */
class ExpressionText {
  readonly definitions: string[] = [];
  readonly #uses = new Map<Expression, number>();
  readonly #names = new Map<Expression, string>();

  constructor(kernel: Kernel) {
    const seen = new Set<Expression>();
    const count = (part: Expression) => this.#uses.set(part, (this.#uses.get(part) ?? 0) + 1);
    for (const root of expressionsOf(kernel)) {
      count(root);
      visitExpression(root, (part) => {
        if (part.kind === "apply") part.inputs.forEach(count);
        if (part.kind === "load") count(part.index);
      }, seen);
    }
  }

  of(expression: Expression): string {
    const name = this.#names.get(expression);
    if (name) return name;
    const text = this.#plain(expression);
    if ((this.#uses.get(expression) ?? 0) < 2 || expression.kind !== "apply") return text;
    if (expression.dtype === "i32" && text.length < 12) return text;
    const own = `v${this.#names.size}`;
    this.#names.set(expression, own);
    this.definitions.push(`${own} = ${text}`);
    return own;
  }

  #plain(expression: Expression): string {
    switch (expression.kind) {
      case "constant":
        return expression.dtype === "f32" && Number.isInteger(expression.value)
          ? expression.value.toFixed(1)
          : String(expression.value);
      case "axis":
        return expression.axis.name;
      case "accumulator":
        return "accumulator";
      case "load":
        return `${expression.buffer.name}[${this.of(expression.index)}]`;
      case "apply": {
        const parts = expression.inputs.map((input) => this.of(input));
        const sign = SIGNS[expression.operation];
        if (sign) return `(${parts.join(` ${sign} `)})`;
        const name = expression.operation === "cast" ? expression.dtype : expression.operation;
        return `${name}(${parts.join(", ")})`;
      }
      default:
        return expression satisfies never;
    }
  }
}
