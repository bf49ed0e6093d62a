import { assert, assertEquals } from "@std/assert";
import { detectFeatures } from "../assembler/features.ts";
import { load, ModuleBuilder, store } from "../assembler/module.ts";
import { EXACT, SMALLEST_NORMAL, ulpError, ulpInputs } from "../../../test_support/ulp_error.ts";
import { VECTOR_FUNCTIONS, type VectorFunctionName } from "./vector_math.ts";

const COUNT = 1 << 16;

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

for (const [key, { ulp }] of Object.entries(VECTOR_FUNCTIONS)) {
  const name = key as VectorFunctionName;
  for (
    const relaxed of detectFeatures().relaxedSimd ? [false, true] : [false]
  ) {
    Deno.test(`VECTOR_FUNCTIONS.${name} keeps its error bound ${relaxed ? "with" : "without"} fused multiply-add`, () => {
      const { x, y } = ulpInputs(name, COUNT);
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
