import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { mul } from "../language/ops/mod.ts";
import { trace } from "../language/trace.ts";
import { openDevice, WebGpuDevice } from "./webgpu/device.ts";
import { DeviceLostError, type WebGpuBackend, webgpuBackend } from "./webgpu.ts";

const TYPE = { dtype: "f32", shape: [64] } as const;
const GRAPH = trace([TYPE], (x) => [mul(x, 2)]).graph;

const available = await webgpuBackend().catch(() => undefined);
available?.dispose();
const ignore = available === undefined;

/** A system whose adapter is as said; nothing of it works. */
function gpuWith(adapter: Partial<GPUAdapter> | null) {
  return { requestAdapter: () => Promise.resolve(adapter as GPUAdapter | null) };
}

const LIMITS = {
  maxBufferSize: 2 ** 28,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupsPerDimension: 65535,
  maxComputeWorkgroupStorageSize: 16384,
  maxStorageBuffersPerShaderStage: 8,
} as GPUSupportedLimits;
const INFO = { description: "Fast 9000" } as GPUAdapterInfo;

Deno.test("webgpuBackend() says what is missing where there is no adapter", async () => {
  const error = await assertRejects(
    () => webgpuBackend({ gpu: gpuWith(null) }),
    RangeError,
    "Cannot open webgpu: no adapter was found",
  );
  assertStringIncludes(error.message, "mesa-vulkan-drivers");
});

Deno.test("webgpuBackend() refuses an adapter whose limits are too small", async () => {
  const limits = { ...LIMITS, maxStorageBuffersPerShaderStage: 3 };
  await assertRejects(
    () => webgpuBackend({ gpu: gpuWith({ info: INFO, limits }) }),
    RangeError,
    "Cannot open webgpu: Fast 9000 has a maxStorageBuffersPerShaderStage of 3, 4 is needed",
  );
});

Deno.test({
  name: "webgpuBackend() refuses OpenGL in software, and says what to install",
  ignore: Deno.env.get("UNROLL_GL_ADAPTER") === "1",
  async fn() {
    const info = { description: "llvmpipe (LLVM 19.1.7, 256 bits)" } as GPUAdapterInfo;
    const features = new Set() as unknown as GPUSupportedFeatures;
    const error = await assertRejects(
      () => webgpuBackend({ gpu: gpuWith({ info, limits: LIMITS, features }) }),
      RangeError,
      "Cannot open webgpu: llvmpipe (LLVM 19.1.7, 256 bits) is OpenGL in software",
    );
    assertStringIncludes(error.message, "mesa-vulkan-drivers");
  },
});

Deno.test("webgpuBackend() tells why an adapter gives no device", async () => {
  const adapter = {
    info: INFO,
    limits: LIMITS,
    features: new Set() as unknown as GPUSupportedFeatures,
    requestDevice: () => Promise.reject(new TypeError("the driver is busy")),
  };
  await assertRejects(
    () => webgpuBackend({ gpu: gpuWith(adapter) }),
    RangeError,
    "Cannot open webgpu: Fast 9000 gives no device (the driver is busy)",
  );
});

/** A device that does nothing, and the errors that it may be made to have. */
function fakeDevice() {
  const scopes: unknown[] = [];
  const listeners: ((event: unknown) => void)[] = [];
  const device = {
    lost: new Promise(() => {}),
    limits: LIMITS,
    addEventListener: (_: string, listener: (event: unknown) => void) => listeners.push(listener),
    createBuffer: () => ({ destroy() {} }),
    pushErrorScope() {},
    popErrorScope: () => Promise.resolve(scopes.shift() ?? null),
    destroy() {},
  } as unknown as GPUDevice;
  const own = new WebGpuDevice(device, { info: INFO } as GPUAdapter);
  return { own, scopes, fail: (error: unknown) => listeners.forEach((tell) => tell({ error })) };
}

Deno.test("a device out of memory names the buffer, once", async () => {
  const { own, scopes } = fakeDevice();
  scopes.push({ message: "no memory left" });
  own.createBuffer("weights", 4096, 0);
  await Promise.resolve();
  await Promise.resolve();
  assertThrows(
    () => own.check(),
    RangeError,
    "Cannot make the buffer weights of 4096 bytes: WebGPU, Fast 9000 is out of memory",
  );
  own.check();
  own.createBuffer("weights", 1024, 0);
  await Promise.resolve();
  own.check();
});

Deno.test("a fault that nothing awaits is told at the next use of the device", () => {
  const { own, fail } = fakeDevice();
  fail({ message: "binding 3 is missing" });
  assertThrows(() => own.check(), TypeError, "Cannot go on with WebGPU, Fast 9000: binding 3");
  own.check();
  fail({ message: "Parent device is lost" });
  assertThrows(() => own.check(), DeviceLostError, "the device was lost");
  assertThrows(() => own.check(), DeviceLostError, "the device was lost");
});

/** What a device that was lost says to whatever is done with it. */
const USES: Readonly<Record<string, (device: WebGpuBackend) => Promise<unknown>>> = {
  async "reading back"(device) {
    const buffer = device.upload(TYPE, new Float32Array(64));
    device.device.destroy();
    await device.download(buffer);
  },
  async "reading back already"(device) {
    const reading = device.download(device.upload(TYPE, new Float32Array(64)));
    device.device.destroy();
    await reading;
  },
  async compiling(device) {
    device.device.destroy();
    await device.compile(GRAPH);
  },
  async running(device) {
    using executable = await device.compile(GRAPH);
    let [state] = executable.run([device.upload(TYPE, new Float32Array(64))]);
    device.device.destroy();
    for (let i = 0; i < 1000; i++) {
      [state] = executable.run([state]);
      if (i % 10 === 0) await device.download(state);
    }
  },
};

for (const [use, act] of Object.entries(USES)) {
  Deno.test({
    name: `a device lost while ${use} ends that with DeviceLostError`,
    ignore,
    async fn() {
      const device = await webgpuBackend();
      await assertRejects(() => act(device), DeviceLostError, "the device was lost");
      assertThrows(() => device.upload(TYPE, new Float32Array(64)), DeviceLostError);
      device.dispose();
      const again = await webgpuBackend();
      using executable = await again.compile(GRAPH);
      const [two] = executable.run([again.upload(TYPE, new Float32Array(64).fill(1))]);
      assertEquals((await again.download(two))[63], 2);
      again.dispose();
    },
  });
}

Deno.test({
  name: "a kernel that needs more bindings than the device allows is refused by name",
  ignore,
  async fn() {
    const { graph } = trace(Array.from({ length: 12 }, () => TYPE), (...xs) => [
      xs.reduce((sum, x) => mul(sum, x)),
    ]);
    using device = await webgpuBackend({ limits: { maxStorageBuffersPerShaderStage: 1 } });
    await assertRejects(
      () => device.compile(graph, { name: "wide" }),
      RangeError,
      "on this device: 2 storage buffers are needed and 1 allowed",
    );
  },
});

Deno.test({
  name: "webgpuBackend() lets go of the pipelines of disposed programs",
  ignore,
  async fn() {
    using backend = await webgpuBackend();
    const { statistics } = backend;
    const first = await backend.compile(GRAPH);
    const again = await backend.compile(GRAPH);
    assertEquals([statistics.heldPipelines, statistics.unusedPipelines], [1, 0]);
    first.dispose();
    assertEquals(statistics.unusedPipelines, 0);
    again.dispose();
    again.dispose();
    assertEquals(statistics.unusedPipelines, 1);
    using _kept = await backend.compile(GRAPH);
    // Still there: it was used a moment ago.
    assertEquals([statistics.pipelines, statistics.unusedPipelines], [1, 0]);
  },
});

Deno.test({
  name: "WebGpuDevice keeps a limited number of pipelines that are not used",
  ignore,
  async fn() {
    const device = await openDevice();
    const make = (i: number) => {
      const code = `@compute @workgroup_size(1) fn main() { _ = ${i}; }`;
      return device.pipeline(`number ${i}`, code, []).then(() => code);
    };
    const used = await make(-1);
    for (let i = 0; i < 70; i++) device.releasePipeline(await make(i));
    const { statistics } = device;
    assertEquals(
      [statistics.pipelines, statistics.heldPipelines, statistics.unusedPipelines],
      [71, 65, 64],
    );
    await make(69);
    await make(-1);
    assertEquals(statistics.pipelines, 71);
    await make(0);
    assertEquals(statistics.pipelines, 72);
    device.releasePipeline(used);
    device.dispose();
  },
});
