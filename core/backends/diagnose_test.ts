import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Backend, BackendName } from "../ir/backend.ts";
import { cpuBackend } from "./cpu.ts";
import { openBackend } from "./open.ts";
import { canTrain, diagnose } from "./diagnose.ts";

/** No adapter, and a CPU that is as said. */
function settings(cpu: (backend: Backend) => Backend) {
  return {
    measureMs: 1,
    gpu: { requestAdapter: () => Promise.resolve(null) },
    open: (name: BackendName) => {
      if (name === "cpu") return Promise.resolve(cpu(cpuBackend()));
      if (name === "reference") return openBackend(name);
      return Promise.reject(new RangeError(`Cannot open ${name}: no adapter was found`));
    },
  };
}

Deno.test("diagnose() measures what works and says why the rest does not", async () => {
  const diagnosis = await diagnose(settings((backend) => backend));
  const [reference, cpu, native, webgpu] = diagnosis.devices;
  assert(canTrain(diagnosis));
  assertEquals(diagnosis.adapters, []);
  assertEquals(reference.selfTest, undefined);
  assert(cpu.selfTest && cpu.selfTest.error > 0 && cpu.selfTest.error <= cpu.selfTest.allowed);
  assert(cpu.speed && cpu.speed.gflops > 0);
  assertEquals(cpu.failure, undefined);
  assertStringIncludes(native.failure ?? "", "Cannot open native: ");
  assertStringIncludes(webgpu.failure ?? "", "no adapter");
  assertEquals(webgpu.description, undefined);
  // What may be called is tried; the device says what it uses.
  const { isAllowed, trials, minGain } = diagnosis.blas;
  assertEquals(isAllowed, Deno.permissions.querySync({ name: "ffi" }).state === "granted");
  assert(isAllowed || trials.length === 0);
  for (const { gain = 0, isUsed } of trials) assertEquals(isUsed, gain > minGain);
  const used = trials.find(({ isUsed }) => isUsed)?.name;
  assertEquals(cpu.description?.includes(`${used} for large products`), used !== undefined);
});

Deno.test("diagnose() does not trust a device that computes something else", async () => {
  for (const wrong of [1.001, NaN]) {
    const diagnosis = await diagnose(settings((backend) => ({
      ...backend,
      async download(buffer) {
        return (await backend.download(buffer)).map((x) => x * wrong);
      },
    })));
    const cpu = diagnosis.devices[1];
    assertStringIncludes(cpu.failure ?? "", "Cannot trust cpu: a training step is off by ");
    assert(!canTrain(diagnosis));
  }
});

Deno.test("diagnose() goes on where a device fails in the middle", async () => {
  const diagnosis = await diagnose(settings((backend) => ({
    ...backend,
    compile: () => Promise.reject(new RangeError("Cannot compile: no memory")),
  })));
  assertEquals(diagnosis.devices[1].failure, "Cannot compile: no memory");
  assertEquals(diagnosis.devices.length, 4);
});
