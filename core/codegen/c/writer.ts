/**
 * Expressions as C. Vectors lie along one axis, the vector axis; what does not change along it is the same
 * in all lanes. Indices of memory are plain integers. What is computed gets a name in the block whose loops
 * it depends on, so that no loop computes what an outer one can.
 *
 * @module
 */
import { axesIn, type Axis, type Buffer, type Expression } from "../../ir/expression.ts";
import { compensationOf, type Store } from "../../loops/program.ts";
import { ResultReaders, strideAlong } from "../cpu/vector_axis.ts";
import { cConstant } from "./literals.ts";
import { letterOf, printOperation } from "./operations.ts";

/** A block of C: the body of a kernel or of a loop. */
interface Block {
  readonly lines: (string | Block)[];
  readonly outer: Block | undefined;
  /** Text of the loop variables that it binds. */
  readonly axes: ReadonlyMap<Axis, string>;
  /** Names of what is computed here, by the width of vectors; 0 is for integers. */
  readonly names: Map<number, Map<Expression, string>>;
  /** Where the result of a fold is known. */
  readonly isResult: boolean;
}

/** Vectors of a block: how many numbers, and how many of them count. */
export interface Lanes {
  readonly width: number;
  readonly count: number;
}

/** One lane alone. */
export const ONE_LANE: Lanes = { width: 4, count: 1 };

/** Bytes of an element. */
const BYTES = 4;

/** Writes kernels. */
export class CWriter {
  /** Numbers that a vector register holds. */
  readonly lanesOfRegister: number;
  #block: Block;
  #lanes = ONE_LANE;
  #vectorAxis: Axis | undefined;
  #count = 0;
  readonly #pointer: (buffer: Buffer) => string;
  readonly #results = new ResultReaders();

  /**
   * @param axes Loops around all that is written.
   * @param pointer Text of where a buffer begins.
   * @param lanesOfRegister Numbers that a vector register holds.
   */
  constructor(
    axes: ReadonlyMap<Axis, string>,
    pointer: (buffer: Buffer) => string,
    lanesOfRegister: number,
  ) {
    this.lanesOfRegister = lanesOfRegister;
    this.#pointer = pointer;
    this.#block = blockIn(undefined, axes);
  }

  /** All that was written. */
  get text(): string {
    return textOf(this.#block, "  ");
  }

  /** Adds a line here. */
  line(text: string): void {
    this.#block.lines.push(text);
  }

  /** A name that nothing else has. */
  unique(prefix: string): string {
    return `${prefix}_${this.#count++}`;
  }

  /** Writes a block whose head binds axes to texts. */
  block(
    head: string,
    axes: readonly (readonly [Axis, string])[],
    body: () => void,
    isResult = false,
  ): void {
    const outer = this.#block;
    const inner = blockIn(outer, new Map(axes), isResult);
    this.#block = inner;
    body();
    this.#block = outer;
    // Only now: what the body needs of the blocks around comes before it.
    outer.lines.push(`${head}{`, inner, "}");
  }

  /** Writes a loop over an axis, or its body if there is one round. */
  loop(axis: Axis, body: () => void): void {
    if (axis.extent === 1) return body();
    const name = this.unique("i");
    this.block(
      `for (int ${name} = 0; ${name} < ${axis.extent}; ${name}++) `,
      [[axis, name]],
      body,
    );
  }

  /** Writes loops over axes, outermost first. */
  loops(axes: readonly Axis[], body: () => void): void {
    const [first, ...rest] = axes;
    if (first) this.loop(first, () => this.loops(rest, body));
    else body();
  }

  /** Writes with vectors along an axis, or without. */
  along(axis: Axis | undefined, lanes: Lanes, body: () => void): void {
    const [outerAxis, outer] = [this.#vectorAxis, this.#lanes];
    [this.#vectorAxis, this.#lanes] = [axis, lanes];
    body();
    [this.#vectorAxis, this.#lanes] = [outerAxis, outer];
  }

  /** Makes the value of an expression known here. */
  know(expression: Expression, name: string): void {
    this.#namesOf(this.#block, this.#lanes.width).set(expression, name);
  }

  #namesOf({ names }: Block, width: number): Map<Expression, string> {
    let own = names.get(width);
    if (!own) names.set(width, own = new Map());
    return own;
  }

  #isVarying(expression: Expression): boolean {
    return this.#vectorAxis !== undefined &&
      (axesIn(expression).has(this.#vectorAxis) || this.#results.has(expression));
  }

  /** The outermost block where all that an expression needs is there. */
  #homeOf(expression: Expression): Block {
    const axes = axesIn(expression);
    const reads = this.#results.has(expression);
    let block = this.#block;
    while (block.outer) {
      if (reads && block.isResult) return block;
      for (const axis of block.axes.keys()) if (axes.has(axis)) return block;
      block = block.outer;
    }
    return block;
  }

  #axisText(axis: Axis): string {
    for (let block: Block | undefined = this.#block; block; block = block.outer) {
      const text = block.axes.get(axis);
      if (text !== undefined) return /^\w+$/.test(text) ? text : `(${text})`;
    }
    throw new Error(`Cannot print C: no loop binds the axis ${axis.name}`);
  }

  /** Names a text in the block where an expression is at home. */
  #name(expression: Expression, width: number, type: string, text: () => string): string {
    const home = this.#homeOf(expression);
    const known = this.#namesOf(home, width).get(expression);
    if (known !== undefined) return known;
    const value = text();
    const name = this.unique("v");
    home.lines.push(`const ${type} ${name} = ${value};`);
    this.#namesOf(home, width).set(expression, name);
    return name;
  }

  /** The value of an expression as a vector. */
  vector(expression: Expression): string {
    const { width } = this.#lanes;
    const letter = letterOf(expression.dtype);
    if (expression.kind === "constant") {
      return `splat_${letter}${width}(${cConstant(expression.dtype, expression.value)})`;
    }
    return this.#name(expression, width, `${letter}${width}`, () => this.#compute(expression));
  }

  #compute(expression: Exclude<Expression, { kind: "constant" }>): string {
    const { width } = this.#lanes;
    switch (expression.kind) {
      case "axis": {
        const text = this.#axisText(expression.axis);
        return expression.axis === this.#vectorAxis
          ? `(${text}) + places_${width}`
          : `splat_i${width}(${text})`;
      }
      case "accumulator":
        throw new Error("Cannot print C: the result of a fold is read outside it");
      case "load": {
        const value = this.#load(expression.buffer, expression.index);
        return expression.dtype === "bool" ? `(${value} != 0)` : value;
      }
      case "apply": {
        const { operation, inputs, dtype } = expression;
        const from = inputs[operation === "select" ? 1 : 0].dtype;
        const operands = inputs.map((input) => this.vector(input));
        return printOperation(operation, operands, { from, to: dtype }, width);
      }
      default:
        return expression satisfies never;
    }
  }

  /** Elements from lane to lane of an index; `undefined` if it does not step evenly. */
  #strideOf(index: Expression): number | undefined {
    return strideAlong(index, this.#vectorAxis, (part) => this.#isVarying(part));
  }

  #load(buffer: Buffer, index: Expression): string {
    const { width } = this.#lanes;
    const letter = letterOf(buffer.dtype);
    const stride = this.#strideOf(index);
    const pointer = this.#pointer(buffer);
    if (stride === 0) return `splat_${letter}${width}(${pointer}[${this.integer(index)}])`;
    if (stride === 1) {
      // A few elements after a buffer may be read too, see `SLACK_BYTES`.
      return `*(const ${letter}${width}m *)(${pointer} + ${this.integer(index)})`;
    }
    const places = this.#places(index, stride);
    return `(${letter}${width}){ ${places.map((at) => `${pointer}[${at}]`).join(", ")} }`;
  }

  /** Texts of an index at each lane that counts. */
  #places(index: Expression, stride: number | undefined): string[] {
    const lanes = Array.from({ length: this.#lanes.count }, (_, i) => i);
    if (stride === undefined) {
      const vector = this.vector(index);
      return lanes.map((i) => `${vector}[${i}]`);
    }
    const first = this.integer(index);
    return lanes.map((i) => i === 0 ? first : `${first} + ${stride * i}`);
  }

  /** An i32 expression as a number: the same in all lanes, or that of the first. */
  integer(expression: Expression): string {
    if (expression.kind === "constant") return cConstant("i32", expression.value);
    if (expression.kind === "axis") return this.#axisText(expression.axis);
    return this.#name(expression, 0, "int", () => this.#computeInteger(expression));
  }

  #computeInteger(expression: Expression): string {
    if (expression.kind === "load" && expression.dtype !== "bool") {
      return `(int)${this.#pointer(expression.buffer)}[${this.integer(expression.index)}]`;
    }
    if (expression.kind === "apply" && expression.dtype === "i32") {
      const [x, y] = expression.inputs;
      const { operation } = expression;
      const operator = { add: "+", sub: "-", mul: "*" }[operation as string];
      if (operator) return `(${this.integer(x)} ${operator} ${this.integer(y)})`;
      if (operation === "max" || operation === "min") {
        const [a, b] = [this.integer(x), this.integer(y)];
        return `(${a} ${operation === "max" ? ">" : "<"} ${b} ? ${a} : ${b})`;
      }
      if ((operation === "div" || operation === "rem") && y.kind === "constant" && y.value > 0) {
        return `(${this.integer(x)} ${operation === "div" ? "/" : "%"} ${y.value})`;
      }
    }
    return `(int)${this.vector(expression)}[0]`;
  }

  /** Writes stores at the current point: all values first, so that none sees what another writes. */
  stores(stores: readonly Store[]): void {
    const values = stores.map(({ value }) => this.#storable(value));
    stores.forEach((store, i) => this.#store(store, values[i]));
  }

  /** A value as it lies in memory, with a name: bools are 0 or 1. */
  #storable(value: Expression): string {
    const { width } = this.#lanes;
    const type = `${letterOf(value.dtype)}${width}`;
    const name = this.unique("s");
    const vector = this.vector(value);
    this.line(`const ${type} ${name} = ${value.dtype === "bool" ? `${vector} & 1` : vector};`);
    return name;
  }

  #store({ buffer, index, mode }: Store, value: string): void {
    const { width, count } = this.#lanes;
    const letter = letterOf(buffer.dtype);
    const stride = this.#strideOf(index);
    const pointer = this.#pointer(buffer);
    const excess = compensationOf(buffer);
    if (stride === 1 && count > 1) {
      const at = `${pointer} + ${this.integer(index)}`;
      const read = (from: string) => `*(const ${letter}${width}m *)(${from})`;
      const write = (to: string, name: string) =>
        this.line(
          count === width
            ? `*(${letter}${width}m *)(${to}) = ${name};`
            : piecesOf(count).map(([from, size]) =>
              `__builtin_memcpy(${to} + ${from}, (const float *)&${name} + ${from}, ${
                size * BYTES
              });`
            ).join(" "),
        );
      if (mode === "set") return write(at, value);
      if (mode === "add") {
        const sum = this.unique("s");
        this.line(`const ${letter}${width} ${sum} = ${read(at)} + ${value};`);
        return write(at, sum);
      }
      const [before, added, after, extra] = ["b", "a", "s", "e"].map((name) => this.unique(name));
      const type = `${letter}${width}`;
      this.line(`const ${type} ${before} = ${read(at)};`);
      this.line(`const ${type} ${added} = ${value} - ${read(`${at} + ${excess}`)};`);
      this.line(`const ${type} ${after} = ${before} + ${added};`);
      this.line(`const ${type} ${extra} = excess_${type}(${after}, ${before}, ${added});`);
      write(at, after);
      return write(`${at} + ${excess}`, extra);
    }
    const places = stride === 0 ? [this.integer(index)] : this.#places(index, stride);
    places.forEach((at, i) => {
      const place = `${pointer}[${at}]`;
      if (mode === "set") this.line(`${place} = ${value}[${i}];`);
      else if (mode === "add") this.line(`${place} += ${value}[${i}];`);
      else this.line(`compensate(&${place}, &${pointer}[${at} + ${excess}], ${value}[${i}]);`);
    });
  }
}

/** Cuts the lanes that count of a vector into parts that a register or a word holds: where each begins, and its size. */
function piecesOf(count: number): (readonly [from: number, size: number])[] {
  return [8, 4, 2, 1].filter((size) => count & size).map((size) => [count & -2 * size, size]);
}

function blockIn(
  outer: Block | undefined,
  axes: ReadonlyMap<Axis, string>,
  isResult = false,
): Block {
  return { lines: [], outer, axes, names: new Map(), isResult };
}

function textOf({ lines }: Block, indent: string): string {
  return lines.map((line) =>
    typeof line === "string" ? `${indent}${line}\n` : textOf(line, `${indent}  `)
  ).join("");
}
