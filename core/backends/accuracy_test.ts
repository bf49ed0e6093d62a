/** Functions of real numbers are as near to the exact ones as their rows say, on each device. */
import { assertEquals } from "@std/assert";
import type { Backend } from "../ir/backend.ts";
import type { TensorType } from "../ir/tensor_type.ts";
import { ELEMENTWISE, elementwise } from "../language/primitives/elementwise.ts";
import { VECTOR_FUNCTIONS } from "../codegen/wasm/math/vector_math.ts";
import { trace } from "../language/trace.ts";
import {
  EXACT,
  type ExactName,
  SMALLEST_NORMAL,
  ulpError,
  ulpInputs,
} from "../test_support/ulp_error.ts";
import { cpuBackend } from "./cpu.ts";
import { nativeBackend } from "./native.ts";
import { webgpuBackend } from "./webgpu.ts";

const native = await nativeBackend().catch(() => undefined);
const webgpu = await webgpuBackend().catch(() => undefined);
const DEVICES = { cpu: cpuBackend(), native, webgpu } as const;

const COUNT = 1 << 15;
/** Beyond, sine and cosine are near 0 more often than WebGPU has digits for. */
const LARGEST_ANGLE = 20;

const isSubnormal = (x: number) => x !== 0 && Math.abs(x) < SMALLEST_NORMAL;

/** Runs a function over inputs, as one kernel. */
async function evaluate(device: Backend, name: ExactName, inputs: readonly Float32Array[]) {
  const type: TensorType = { dtype: "f32", shape: [COUNT] };
  const { graph } = trace(inputs.map(() => type), (...own) => [elementwise(name, own)]);
  using executable = await device.compile(graph);
  const buffers = inputs.map((input) => device.upload(type, input));
  const [output] = executable.run(buffers);
  const found = await device.download(output);
  for (const buffer of [...buffers, output]) buffer.dispose();
  return found;
}

for (const [key, device] of Object.entries(DEVICES)) {
  for (const name of Object.keys(EXACT) as ExactName[]) {
    Deno.test({
      name: `${key}: ${name} is as near to the exact value as its row says`,
      ignore: device === undefined,
      async fn() {
        const { x, y } = ulpInputs(name, COUNT);
        const found = await evaluate(device as Backend, name, name === "pow" ? [x, y] : [x]);
        const { ulp = 1 } = ELEMENTWISE[name];
        const isAngle = name === "sin" || name === "cos";
        const wrong: string[] = [];
        let worst = 0;
        found.forEach((value, i) => {
          const exact = EXACT[name](x[i], y[i]);
          if (isAngle && Math.abs(x[i]) > LARGEST_ANGLE) return;
          const error = isAngle
            ? Math.abs(value - exact) * 2 ** 24
            // WGSL allows to take subnormal numbers for 0, as `sigmoid` does everywhere.
            : [x[i], y[i]].some(isSubnormal) || isSubnormal(exact)
            ? 0
            : ulpError(value, exact);
          worst = Math.max(worst, error);
          if (error > ulp || Number.isNaN(value) !== Number.isNaN(exact)) {
            wrong.push(`${name}(${x[i]}, ${y[i]}) is ${exact}, found ${value}: ${error} ULP`);
          }
        });
        assertEquals(wrong.slice(0, 5), []);
        if (Deno.args.includes("--report")) {
          // deno-lint-ignore no-console -- asked for
          console.log(`${key} ${name}: ${worst.toFixed(2)} ULP`);
        }
      },
    });
  }
}

Deno.test("the table of errors in the README is that of the rows", async () => {
  const text = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  const rows = text.matchAll(/^\| (\w+) +\| ([\d.]+) +\| ([\d.]+) +\|$/gm);
  const told = Array.from(rows, ([, name, cpu, webgpu]) => [name, Number(cpu), Number(webgpu)]);
  const held = (Object.keys(EXACT) as ExactName[]).map((name) => [
    name,
    VECTOR_FUNCTIONS[name].ulp,
    ELEMENTWISE[name].ulp ?? 1,
  ]);
  assertEquals(told, held);
});
