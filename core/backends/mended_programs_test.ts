/** Programs that random tests have found, and that went wrong once: each device gives what is right. */
import { assertEquals } from "@std/assert";
import {
  cast,
  compile,
  fill,
  grad,
  matmul,
  reshape,
  scan,
  scatterAdd,
  sum,
  type Tensor,
  tensor,
  transpose,
} from "../mod.ts";
import { cpuBackend } from "./cpu.ts";
import { nativeBackend } from "./native.ts";
import { referenceBackend } from "./reference.ts";
import { webgpuBackend } from "./webgpu.ts";

const native = await nativeBackend().catch(() => undefined);
const webgpu = await webgpuBackend().catch(() => undefined);
/** The devices all tests share; those that cannot be opened are shown as ignored. */
const DEVICES = { reference: referenceBackend(), cpu: cpuBackend(), native, webgpu } as const;

/** One test for each device. */
function testOnDevices(
  name: string,
  program: (...inputs: Tensor[]) => Tensor[],
  inputs: readonly Tensor[],
  wanted: readonly (readonly number[])[],
): void {
  for (const [device, backend] of Object.entries(DEVICES)) {
    Deno.test(`compile() ${name} on ${device}`, { ignore: !backend }, async () => {
      using compiled = compile(program, { backend });
      const results = await compiled(...inputs);
      assertEquals(await Promise.all(results.map(async (y) => [...await y.data()])), wanted);
    });
  }
}

testOnDevices(
  "differentiates a loop in a loop that never runs and scatters",
  (x) =>
    grad(([x]: Tensor[]) => {
      const [, outer] = scan(
        () => {
          const [, inner] = scan(
            (h: Tensor) => [h, scatterAdd(cast(h, "i32"), h, 1)],
            x,
            undefined,
            { length: 0 },
          );
          return [undefined, inner];
        },
        undefined,
        x,
      );
      return sum(outer as unknown as Tensor);
    })([x]),
  [tensor([0, 0])],
  [[0, 0]],
);

testOnDevices(
  "multiplies slices of a loop's sequence that were turned and reshaped",
  (xs) => {
    const [, rows] = scan(
      (_: Tensor[], x: Tensor) => [
        [],
        matmul(reshape(transpose(x, [0, 2, 1]), [4, 2]), fill([2, 1], 1)),
      ],
      [],
      xs,
      // Products leave other loops.
      { recompute: 1 },
    );
    return [rows];
  },
  [tensor([[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]])],
  [[2, 4, 10, 12]],
);
