/**
 * Writing WGSL text: indented lines and names that are legal identifiers.
 *
 * @module
 */

/** Collects lines with indentation. */
export class SourceWriter {
  readonly #lines: string[] = [];
  #depth: number;

  /** Starts at an indentation. */
  constructor(depth = 0) {
    this.#depth = depth;
  }

  /** Adds a line. */
  line(text: string): void {
    this.#lines.push(text === "" ? "" : "  ".repeat(this.#depth) + text);
  }

  /** Adds a line that opens a block, what `body` writes, and the closing brace. */
  block(head: string, body: () => void): void {
    this.line(`${head} {`);
    this.#depth++;
    body();
    this.#depth--;
    this.line("}");
  }

  /** The text so far. */
  toString(): string {
    return this.#lines.join("\n");
  }
}

/** Keywords, reserved words and predeclared names that a short name might meet by accident. */
const RESERVED = new Set(
  ("alias break case const const_assert continue continuing default diagnostic discard else enable " +
    "false fn for if let loop override requires return struct switch true var while NULL Self abstract " +
    "active alignas alignof as asm asm_fragment async attribute auto await become cast catch class " +
    "co_await co_return co_yield coherent column_major common compile compile_fragment concept " +
    "const_cast consteval constexpr constinit crate debugger decltype delete demote do dynamic_cast " +
    "enum explicit export extends extern external fallthrough filter final finally friend from fxgroup " +
    "get goto groupshared highp impl implements import inline instanceof interface layout lowp macro " +
    "match mediump meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation " +
    "non_coherent noncoherent noperspective null nullptr of operator package packoffset pass patch " +
    "pixelfragment precise precision premerge priv protected pub public readonly ref regardless " +
    "register reinterpret_cast require resource restrict self set shared sizeof smooth snorm static " +
    "static_assert static_cast std subroutine super target template this thread_local throw trait try " +
    "type typedef typeid typename typeof union unless unorm unsafe unsized use using varying virtual " +
    "volatile wgsl where with writeonly yield array atomic bool f16 f32 i32 u32 mat vec vec2 vec3 vec4 " +
    "ptr sampler texture abs ceil clamp cos dot exp floor fma fract log max min pow round select sign " +
    "sin sqrt step tan tanh trunc main local group bitcast tiles folded times")
    .split(" "),
);

/** Gives out distinct legal identifiers. */
export class Names {
  readonly #taken = new Set<string>();

  /** An identifier close to `wish` that nobody else has. */
  unique(wish: string): string {
    let base = wish.replace(/[^A-Za-z0-9]+/g, "_").replace(/^[_0-9]+|_+$/g, "") || "value";
    if (/^[A-Z0-9_]+$/.test(base)) base = base.toLowerCase();
    let name = base;
    for (let i = 1; this.#taken.has(name) || RESERVED.has(name); i++) name = `${base}_${i}`;
    this.#taken.add(name);
    return name;
  }
}
