import { assert, assertEquals } from "@std/assert";
import { detectFeatures } from "../assembler/features.ts";
import { load, ModuleBuilder, store } from "../assembler/module.ts";
import { randomSource } from "../../../util/random_source.ts";
import { ieeePow } from "../../../language/primitives/elementwise.ts";
import { VECTOR_FUNCTIONS, type VectorFunctionName } from "./vector_math.ts";

const COUNT = 1 << 16;
const SMALLEST_NORMAL = 2 ** -126;

/** What each function means, in doubles. */
const EXACT: Readonly<
  Record<VectorFunctionName, (x: number, y: number) => number>
> = {
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  sin: Math.sin,
  cos: Math.cos,
  pow: ieeePow,
};

/** Where inputs are drawn from: an interval in which the function is interesting. */
const INTERVALS: Readonly<
  Record<VectorFunctionName, readonly [number, number]>
> = {
  exp: [-110, 95],
  log: [0, 4],
  tanh: [-11, 11],
  sigmoid: [-100, 30],
  sin: [-20, 20],
  cos: [-20, 20],
  pow: [-3, 60],
};

const SPECIAL = [
  ...[
    0,
    1,
    0.5,
    2,
    3,
    1e-10,
    1e-30,
    1e-45,
    SMALLEST_NORMAL,
    3.4e38,
    Infinity,
    Math.SQRT2,
    Math.SQRT1_2,
  ],
  ...[
    88.3,
    88.72,
    88.73,
    87.3,
    87.5,
    103.2,
    103.9,
    104,
    105,
    9,
    9.01,
    9.02,
    9.1,
    Math.PI,
    Math.PI / 2,
    10,
    1e6,
    // The float nearest to a multiple of π/2.
    16367173 * 2 ** 72,
  ],
].flatMap((x) => [x, -x]).concat(NaN);

/** A third drawn from all finite floats, two thirds from an interval. */
function inputs(
  interval: readonly [number, number],
  seed: number,
): Float32Array {
  const random = randomSource(seed);
  const bits = new Uint32Array(COUNT);
  const values = new Float32Array(bits.buffer);
  for (let i = 0; i < COUNT; i++) {
    if (i % 3 === 0) {
      bits[i] = random() * 2 ** 32;
      if (!Number.isFinite(values[i])) values[i] = 1;
    } else values[i] = interval[0] + random() * (interval[1] - interval[0]);
  }
  return values;
}

/** Runs a function over vectors of inputs. */
function evaluate(
  name: VectorFunctionName,
  relaxed: boolean,
  x: Float32Array,
  y: Float32Array,
): Float32Array {
  const bytes = x.byteLength;
  const module = new ModuleBuilder({
    memory: { minimumPages: Math.ceil(bytes * 3 / 65536) },
    relaxed,
  });
  module.addFunction(
    { parameters: [], exportAs: "run" },
    (code) =>
      code.repeat({ to: bytes, step: 16 }, (at) => {
        code.get(at);
        code.loadFrom(load.v128, at, 0);
        if (VECTOR_FUNCTIONS[name].arity === 2) {
          code.loadFrom(load.v128, at, bytes);
        }
        VECTOR_FUNCTIONS[name].emit(code);
        code.store(store.v128, 2 * bytes);
      }),
  );
  const memory = module.createMemory();
  const floats = new Float32Array(memory.buffer);
  floats.set(x);
  floats.set(y, x.length);
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(module.finish()),
    { env: { memory } },
  );
  (instance.exports.run as () => void)();
  return floats.slice(2 * x.length, 3 * x.length);
}

/** Distance from the exact result in units in the last place of a single float there. */
function ulpError(found: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(found, rounded) || found === rounded) return 0;
  if (Number.isNaN(found) || Number.isNaN(exact) || !Number.isFinite(found)) {
    // One step beyond the largest float may round either way.
    return Math.abs(exact) > 3.4028233e38 &&
        found === Math.sign(exact) * Infinity
      ? 1
      : Infinity;
  }
  const magnitude = Math.min(
    Math.max(Math.abs(exact), SMALLEST_NORMAL),
    3.4028235e38,
  );
  return Math.abs(found - exact) / 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}

for (const [key, { ulp, arity }] of Object.entries(VECTOR_FUNCTIONS)) {
  const name = key as VectorFunctionName;
  for (
    const relaxed of detectFeatures().relaxedSimd ? [false, true] : [false]
  ) {
    Deno.test(`VECTOR_FUNCTIONS.${name} keeps its error bound ${relaxed ? "with" : "without"} fused multiply-add`, () => {
      const x = inputs(INTERVALS[name], 1);
      const y = inputs([-20, 20], 2);
      if (arity === 2) {
        // Negative bases need integer exponents to be interesting.
        for (let i = 0; i < COUNT; i += 7) y[i] = Math.round(y[i] % 100);
        // All pairs of special values.
        SPECIAL.forEach((a, i) =>
          SPECIAL.forEach((b, j) => {
            x[i * SPECIAL.length + j] = a;
            y[i * SPECIAL.length + j] = b;
          })
        );
      } else x.set(SPECIAL);
      const found = evaluate(name, relaxed, x, y);
      let worst = 0;
      for (let i = 0; i < COUNT; i++) {
        const exact = EXACT[name](x[i], y[i]);
        if (name === "sigmoid" && exact < SMALLEST_NORMAL) {
          assert(
            found[i] >= 0 && found[i] <= SMALLEST_NORMAL,
            `sigmoid(${x[i]}) must vanish, found ${found[i]}`,
          );
          continue;
        }
        const error = ulpError(found[i], exact);
        if (error > worst) worst = error;
        assert(
          error <= ulp,
          `${name}(${x[i]}, ${y[i]}): wanted ${exact}, found ${found[i]}, ${error} ULP`,
        );
      }
      if (Deno.args.includes("--report")) {
        // deno-lint-ignore no-console -- asked for
        console.log(
          `${name} ${relaxed ? "fused" : "plain"}: ${worst.toFixed(2)} ULP`,
        );
      }
    });
  }
}

Deno.test("VECTOR_FUNCTIONS reach their limits exactly", () => {
  const cases: readonly [VectorFunctionName, number, number][] = [
    ["exp", -Infinity, 0],
    ["exp", Infinity, Infinity],
    ["exp", 0, 1],
    ["log", 0, -Infinity],
    ["log", -1, NaN],
    ["log", Infinity, Infinity],
    ["log", 1, 0],
    ["tanh", Infinity, 1],
    ["tanh", -Infinity, -1],
    ["tanh", 0, 0],
    ["sigmoid", Infinity, 1],
    ["sigmoid", -Infinity, 0],
    ["sigmoid", 0, 0.5],
    ["sin", 0, 0],
    ["cos", 0, 1],
    ["sin", Infinity, NaN],
  ];
  for (const [name, x, want] of cases) {
    const found = evaluate(
      name,
      detectFeatures().relaxedSimd,
      new Float32Array(4).fill(x),
      new Float32Array(4),
    );
    assertEquals([...found], [want, want, want, want], `${name}(${x})`);
  }
});
