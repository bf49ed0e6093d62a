import { assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { graphCost } from "../passes/cost.ts";
import { TARGET_PROGRAMS } from "../test_support/target_programs.ts";
import { chooseDevice } from "./choose.ts";
import {
  type AdapterFacts,
  describeAdapter,
  findAdapter,
  isSoftwareOpenGl,
  unsupportedReason,
} from "./webgpu/adapter.ts";

const HARDWARE: AdapterFacts = { name: "Fast 9000", vendor: "x", driver: "", isSoftware: false };
const LARGE = graphCost(TARGET_PROGRAMS.embeddingLstm({ time: 64, batch: 32, hidden: 512 }));
const SMALL = graphCost(TARGET_PROGRAMS.autonomousRnn());

/** An adapter that says so much of itself. */
function adapter(
  info: Partial<GPUAdapterInfo>,
  limits: Partial<GPUSupportedLimits> = {},
  features: readonly GPUFeatureName[] = [],
) {
  return {
    features: new Set(features) as GPUSupportedFeatures,
    info: { description: "", device: "", architecture: "", vendor: "", ...info } as GPUAdapterInfo,
    limits: {
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupSizeX: 256,
      maxComputeWorkgroupsPerDimension: 65535,
      maxComputeWorkgroupStorageSize: 16384,
      maxStorageBuffersPerShaderStage: 8,
      ...limits,
    } as GPUSupportedLimits,
  };
}

Deno.test("chooseDevice() takes a GPU for large work only, and looks for one only then", async () => {
  let looked = 0;
  const settings = {
    variable: "",
    findAdapter: () => {
      looked++;
      return Promise.resolve(HARDWARE);
    },
  };
  const large = await chooseDevice(LARGE, settings);
  assertStrictEquals(large.device, "webgpu");
  assertStringIncludes(large.reason, "suits Fast 9000");
  assertStrictEquals(looked, 1);
  const small = await chooseDevice(SMALL, settings);
  assertStrictEquals(small.device, "cpu");
  assertStringIncludes(small.reason, "122 iterations one after the other, gains nothing");
  assertStrictEquals(looked, 1);
});

Deno.test("chooseDevice() stays on the CPU without hardware, and says why", async () => {
  const found = (facts: AdapterFacts | undefined) =>
    chooseDevice(LARGE, { variable: "", findAdapter: () => Promise.resolve(facts) });
  const none = await found(undefined);
  assertStrictEquals(none.device, "cpu");
  assertStringIncludes(none.reason, "none was found");
  const software = await found({ ...HARDWARE, name: "llvmpipe", isSoftware: true });
  assertStrictEquals(software.device, "cpu");
  assertStringIncludes(software.reason, "the only adapter is software (llvmpipe)");
});

Deno.test("chooseDevice() takes what UNROLL_BACKEND names, before anything else", async () => {
  assertEquals(await chooseDevice(LARGE, { variable: "reference" }), {
    device: "reference",
    reason: "UNROLL_BACKEND says so",
  });
  await assertRejects(
    () => chooseDevice(LARGE, { variable: "gpu" }),
    RangeError,
    'Cannot find device "gpu"',
  );
});

Deno.test("describeAdapter() knows software by its mark and by its names", () => {
  const cases: readonly (readonly [Partial<GPUAdapterInfo>, string, boolean])[] = [
    [{ description: "llvmpipe (LLVM 15.0.6, 256 bits)" }, "llvmpipe (LLVM 15.0.6, 256 bits)", true],
    [{ vendor: "google", architecture: "swiftshader" }, "google swiftshader", true],
    [{ description: "Microsoft Basic Render Driver" }, "Microsoft Basic Render Driver", true],
    [{ description: "Fast 9000", isFallbackAdapter: true }, "Fast 9000", true],
    [{ description: "Fast 9000", device: "1234", vendor: "4318" }, "Fast 9000", false],
    [{ vendor: "nvidia", architecture: "hopper" }, "nvidia hopper", false],
    [{}, "unnamed adapter", false],
  ];
  for (const [info, name, isSoftware] of cases) {
    const found = describeAdapter(adapter(info));
    assertStrictEquals(found.name, name);
    assertStrictEquals(found.isSoftware, isSoftware, name);
  }
});

Deno.test("unsupportedReason() names the limit that is too small", () => {
  assertStrictEquals(unsupportedReason(adapter({})), undefined);
  assertStrictEquals(
    unsupportedReason(adapter({ description: "Old 3" }, { maxStorageBuffersPerShaderStage: 3 })),
    "Old 3 has a maxStorageBuffersPerShaderStage of 3, 4 is needed",
  );
});

/** What Deno 2.9 says of Mesa's software by Vulkan and by OpenGL, as far as it tells them apart. */
const LLVMPIPE = {
  vendor: "65541",
  device: "0",
  description: "llvmpipe (LLVM 15.0.6, 256 bits)",
  isFallbackAdapter: true,
};
const BY_VULKAN = adapter(LLVMPIPE, {}, ["timestamp-query", "shader-f16", "bgra8unorm-storage"]);
const BY_OPENGL = adapter(LLVMPIPE, {}, ["timestamp-query", "texture-compression-etc2"]);

Deno.test("isSoftwareOpenGl() tells Mesa's OpenGL from its Vulkan, and leaves others alone", () => {
  assertStrictEquals(isSoftwareOpenGl(BY_OPENGL), true);
  assertStrictEquals(isSoftwareOpenGl(BY_VULKAN), false);
  assertStrictEquals(isSoftwareOpenGl(adapter({ description: "Fast 9000" })), false);
  const others = { vendor: "google", architecture: "swiftshader", isFallbackAdapter: true };
  assertStrictEquals(isSoftwareOpenGl(adapter(others)), false);
});

Deno.test("findAdapter() passes over OpenGL in software unless it is asked for", async () => {
  const find = (offered: ReturnType<typeof adapter>) =>
    findAdapter({ requestAdapter: () => Promise.resolve(offered as unknown as GPUAdapter) });
  const before = Deno.env.get("UNROLL_GL_ADAPTER");
  try {
    Deno.env.delete("UNROLL_GL_ADAPTER");
    assertStrictEquals(await find(BY_OPENGL), undefined);
    assertStrictEquals((await find(BY_VULKAN))?.info, BY_VULKAN.info);
    assertStringIncludes(
      unsupportedReason(BY_OPENGL) ?? "",
      "llvmpipe (LLVM 15.0.6, 256 bits) is OpenGL in software",
    );
    Deno.env.set("UNROLL_GL_ADAPTER", "1");
    assertStrictEquals((await find(BY_OPENGL))?.info, BY_OPENGL.info);
  } finally {
    if (before === undefined) Deno.env.delete("UNROLL_GL_ADAPTER");
    else Deno.env.set("UNROLL_GL_ADAPTER", before);
  }
});
