/**
 * Reads the WGSL that core writes, as far as counting needs it: functions of statements on scalars, vectors of four
 * and arrays. No other WGSL is meant to be read.
 *
 * @module
 */
import { isControlled, type Node, type Statement } from "./statements.ts";

/** A function. */
export interface ShaderFunction {
  readonly parameters: readonly string[];
  readonly body: readonly Statement[];
}

/** A shader. */
export interface ParsedShader {
  readonly functions: ReadonlyMap<string, ShaderFunction>;
  /** What the entry point calls, and the workgroup before which each of them ends; the last has none. */
  readonly calls: readonly { readonly name: string; readonly end: number | undefined }[];
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
}

interface ArrayType {
  readonly far: boolean;
  readonly isReal: boolean;
  readonly size: number;
}

interface Type {
  readonly isReal: boolean;
  readonly size: number;
}

const GLOBAL = /var<(storage|workgroup)[^>]*> (\w+): array<(\w+)(?:, (\d+))?>;/g;
const FUNCTION = /^fn (\w+)\(([^)]*)\)(?: -> (\w+))? \{\n([\s\S]*?)^\}/gm;
const CALL = /(?:group < (\d+)\) \{ )?(\w+)\(group[^,()]*, local\)/g;

/** Reads a shader. */
export function parseShader(code: string): ParsedShader {
  const arrays = new Map<string, ArrayType>();
  let workgroupBytes = 0;
  for (const [, space, name, element, count] of code.matchAll(GLOBAL)) {
    const { isReal, size } = typeOf(element);
    arrays.set(name, { far: space === "storage", isReal, size });
    if (space === "workgroup") workgroupBytes += 4 * size * Number(count);
  }
  const results = new Map<string, Type>();
  const found = [...code.matchAll(FUNCTION)];
  for (const [, name, , result] of found) results.set(name, typeOf(result ?? "void"));
  const functions = new Map<string, ShaderFunction>();
  for (const [, name, list, , body] of found) {
    if (name === "main") continue;
    const typed = list.split(",").map((one) => one.trim().split(": ")).filter(([own]) => own);
    const types = new Map(typed.map(([own, type]) => [own, typeOf(type)]));
    const statements = new Parser(body, arrays, results, types).block();
    functions.set(name, { parameters: typed.map(([own]) => own), body: statements });
  }
  const main = code.slice(code.indexOf("fn main("));
  const calls = [...main.matchAll(CALL)].map(([, end, name]) => ({
    name,
    end: end === undefined ? undefined : Number(end),
  }));
  return { functions, calls, workgroupBytes };
}

function typeOf(name: string): Type {
  return {
    isReal: name === "f32" || name.startsWith("vec4"),
    size: name.startsWith("vec4") ? 4 : 1,
  };
}

const TOKEN =
  /\s+|\/\/.*|([A-Za-z_]\w*|0x[\da-f]+u?|\d+\.?\d*(?:e[+-]?\d+)?u?|\+\+|[-+*/]=|<<|>>|[<>=!]=|&&|\|\||[-+*/%<>=!&|^~(){}[\].,;:])/gy;

/** How tightly operators bind. */
const BINDING: Readonly<Record<string, number>> = {
  ...{ "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6 },
  ...{
    "<": 7,
    "<=": 7,
    ">": 7,
    ">=": 7,
    "<<": 8,
    ">>": 8,
    "+": 9,
    "-": 9,
    "*": 10,
    "/": 10,
    "%": 10,
  },
};
const CONDITIONS = new Set(["||", "&&", "==", "!=", "<", "<=", ">", ">="]);
const BARRIERS = new Set(["workgroupBarrier", "storageBarrier"]);

class Parser {
  readonly #source: string;
  readonly #tokens: { readonly text: string; readonly at: number }[] = [];
  readonly #arrays: ReadonlyMap<string, ArrayType>;
  readonly #results: ReadonlyMap<string, Type>;
  readonly #types: Map<string, Type>;
  #next = 0;

  constructor(
    source: string,
    arrays: ReadonlyMap<string, ArrayType>,
    results: ReadonlyMap<string, Type>,
    types: Map<string, Type>,
  ) {
    this.#source = source;
    this.#arrays = arrays;
    this.#results = results;
    this.#types = types;
    let end = 0;
    for (const match of source.matchAll(TOKEN)) {
      if (match[1]) this.#tokens.push({ text: match[1], at: match.index });
      end = match.index + match[0].length;
    }
    if (end !== source.length) {
      throw new SyntaxError(
        `Cannot read WGSL: ${JSON.stringify(source.slice(end, end + 20))} is unknown`,
      );
    }
  }

  #peek(): string {
    return this.#tokens[this.#next]?.text ?? "";
  }

  #take(wanted?: string): string {
    const text = this.#peek();
    if (wanted !== undefined && text !== wanted) {
      const at = this.#tokens[this.#next]?.at ?? this.#source.length;
      const line = this.#source.slice(0, at).split("\n").length;
      throw new SyntaxError(
        `Cannot read WGSL: ${wanted} was wanted in line ${line}, found ${text}`,
      );
    }
    this.#next++;
    return text;
  }

  #has(text: string): boolean {
    if (this.#peek() !== text) return false;
    this.#next++;
    return true;
  }

  /** Statements up to the end of the block. */
  block(): Statement[] {
    const body: Statement[] = [];
    while (this.#peek() !== "" && this.#peek() !== "}") body.push(...this.#statement());
    return body;
  }

  #braced(): Statement[] {
    this.#take("{");
    const body = this.block();
    this.#take("}");
    return body;
  }

  #statement(): Statement[] {
    switch (this.#peek()) {
      case "{":
        return this.#braced();
      case "if":
        return [this.#if()];
      case "for":
        return [this.#for()];
      case "return": {
        this.#take();
        const value = this.#peek() === ";" ? undefined : this.#expression();
        this.#take(";");
        return [{ kind: "return", value }];
      }
      case "let":
      case "var": {
        this.#take();
        const name = this.#take();
        this.#take("=");
        const value = this.#expression();
        this.#take(";");
        return [this.#set(name, value)];
      }
      default: {
        const statement = this.#assignment();
        this.#take(";");
        return [statement];
      }
    }
  }

  #set(name: string, value: Node): Statement {
    this.#types.set(name, value);
    return { kind: "set", name, value };
  }

  #if(): Statement {
    this.#take("if");
    this.#take("(");
    const condition = this.#expression();
    this.#take(")");
    const then = this.#braced();
    const otherwise = !this.#has("else")
      ? []
      : this.#peek() === "if"
      ? [this.#if()]
      : this.#braced();
    return { kind: "if", condition, then, otherwise };
  }

  #for(): Statement {
    this.#take("for");
    this.#take("(");
    this.#take("var");
    const name = this.#take();
    this.#take("=");
    const from = this.#expression();
    this.#types.set(name, from);
    this.#take(";");
    const condition = this.#expression();
    this.#take(";");
    const step = this.#assignment();
    this.#take(")");
    const body = this.#braced();
    if (step.kind !== "set") throw new SyntaxError(`Cannot read WGSL: ${name} has no step`);
    const isCounted = isControlled(body, name);
    return { kind: "for", name, from, condition, next: step.value, body, isCounted };
  }

  /** A call, or what is left of `=`, `+=`, `/=` or `++`, and that. */
  #assignment(): Statement {
    const name = this.#take();
    if (this.#has("(")) {
      const inputs = this.#list(")");
      return BARRIERS.has(name) ? { kind: "barrier" } : { kind: "call", name, inputs };
    }
    const array = this.#arrays.get(name);
    if (array) {
      this.#take("[");
      const at = this.#expression();
      this.#take("]");
      this.#take("=");
      const value = this.#expression();
      return { kind: "store", array: name, far: array.far, size: array.size, at, value };
    }
    const own: Node = { kind: "name", name, ...this.#typeOf(name) };
    if (this.#has(".")) {
      this.#take();
      this.#take("=");
      return { kind: "set", name, value: free("parts", [own, this.#expression()], own) };
    }
    const operator = this.#take();
    if (operator === "++") {
      const one: Node = { kind: "number", value: 1, isReal: false, size: 1 };
      return {
        kind: "set",
        name,
        value: { kind: "apply", name: "+", inputs: [own, one], ...INTEGER },
      };
    }
    const value = this.#expression();
    if (operator === "=") return this.#set(name, value);
    return this.#set(name, this.#operation(operator[0], own, value));
  }

  #typeOf(name: string): Type {
    const { isReal, size } = this.#types.get(name) ?? INTEGER;
    return { isReal, size };
  }

  #list(end: string): Node[] {
    const inputs: Node[] = [];
    while (!this.#has(end)) {
      inputs.push(this.#expression());
      this.#has(",");
    }
    return inputs;
  }

  #operation(name: string, x: Node, y: Node): Node {
    const isReal = x.isReal && !CONDITIONS.has(name);
    return { kind: "apply", name, inputs: [x, y], isReal, size: Math.max(x.size, y.size) };
  }

  #expression(least = 1): Node {
    let left = this.#unary();
    for (;;) {
      const operator = this.#peek();
      const binding = BINDING[operator];
      if (binding === undefined || binding < least) return left;
      this.#take();
      left = this.#operation(operator, left, this.#expression(binding + 1));
    }
  }

  #unary(): Node {
    const operator = this.#peek();
    if (operator !== "-" && operator !== "!" && operator !== "~") return this.#postfix();
    this.#take();
    const input = this.#unary();
    return {
      kind: "apply",
      name: operator,
      inputs: [input],
      isReal: input.isReal,
      size: input.size,
    };
  }

  #postfix(): Node {
    let node = this.#primary();
    for (;;) {
      if (this.#has(".")) {
        this.#take();
        node = free("part", [node], { isReal: node.isReal, size: 1 });
      } else if (this.#has("[")) {
        // Of an array or a vector of an invocation's own.
        const at = this.#expression();
        this.#take("]");
        node = free("part", [node, at], { isReal: node.isReal, size: node.size });
      } else return node;
    }
  }

  #primary(): Node {
    const begin = this.#tokens[this.#next]?.at ?? 0;
    const token = this.#take();
    if (token === "(") {
      const inside = this.#expression();
      this.#take(")");
      return inside;
    }
    if (/^\d/.test(token)) {
      const isReal = !token.startsWith("0x") && /[.e]/.test(token);
      return { kind: "number", value: Number(token.replace(/u$/, "")), isReal, size: 1 };
    }
    if (token === "true" || token === "false") {
      return { kind: "number", value: Number(token === "true"), isReal: false, size: 1 };
    }
    if (token === "bitcast" || token === "array") {
      let type = this.#take("<") && this.#take();
      while (!this.#has(">")) type += this.#take();
      this.#take("(");
      return free(token, this.#list(")"), typeOf(type));
    }
    if (this.#has("(")) {
      const inputs = this.#list(")");
      if (/^(vec4)?[fiu](32)?$/.test(token)) {
        return free(token, inputs, typeOf(token.replace(/^f$/, "f32")));
      }
      const own = this.#results.get(token);
      // What WGSL has itself is of the type of its operands; `select` ends with a condition.
      const type = own ??
        { isReal: inputs.some(({ isReal }) => isReal), size: inputs[0]?.size ?? 1 };
      return { kind: "apply", name: token, inputs, ...type };
    }
    const array = this.#arrays.get(token);
    if (array) {
      this.#take("[");
      const at = this.#expression();
      const end = this.#tokens[this.#next].at;
      this.#take("]");
      const text = this.#source.slice(begin, end);
      const { far, isReal, size } = array;
      return { kind: "load", array: token, far, at, text, isReal, size };
    }
    return { kind: "name", name: token, ...this.#typeOf(token) };
  }
}

const INTEGER: Type = { isReal: false, size: 1 };

/** What costs nothing; the name begins with a mark that no operation has. */
function free(name: string, inputs: readonly Node[], { isReal, size }: Type): Node {
  return { kind: "apply", name: `:${name}`, inputs, isReal, size };
}
