import { assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import type { Diagnosis } from "@unroll/core/backends";
import { adviceFor } from "./doctor_report.ts";
import { distributionOf, type MachineReport } from "../machine.ts";
import { runCommand } from "../test_support/run_command.ts";
import { assertSnakeKeys } from "../test_support/snake_keys.ts";
import { SILENT_TERMINAL } from "../test_support/silent_terminal.ts";

const DIAGNOSIS: Diagnosis = {
  webassembly: { simd: true, relaxedSimd: true, threads: true },
  hasWebGpu: true,
  adapters: [{ name: "Fast 9000", vendor: "NVIDIA", driver: "", isSoftware: false }],
  devices: [
    { name: "reference", description: "interpreter", speed: { gflops: 0.5, size: 64 } },
    {
      name: "cpu",
      description: "WebAssembly",
      selfTest: { error: 2e-7, allowed: 1.5e-5 },
      speed: { gflops: 17.2, size: 512 },
    },
    {
      name: "native",
      description: "native code by gcc 12.2.0",
      selfTest: { error: 2e-7, allowed: 1.5e-5 },
      speed: { gflops: 51.6, size: 512 },
    },
    {
      name: "webgpu",
      description: "WebGPU, Fast 9000",
      selfTest: { error: 3e-7, allowed: 1.5e-5 },
      speed: { gflops: 9123, size: 4096 },
      limits: { maxBufferSize: 1024 },
      features: ["timestamp-query"],
    },
  ],
  native: { folder: "/home/me/.cache/unroll", missing: [] },
  blas: {
    isAllowed: true,
    trials: [{ name: "OpenBLAS", path: "libopenblas.so.0", gain: 1.8, isUsed: true }],
    minGain: 1.3,
  },
};

const MACHINE: MachineReport = {
  unroll: "0.1.0",
  deno: "2.9.6",
  v8: "15.0",
  system: "linux 6.1 x86_64",
  os: "linux",
  distribution: "debian",
  cpu: "A processor",
  cores: 2,
  jsr: "JSR",
  blas: "OpenBLAS",
  compiler: true,
  tuning: { path: "/home/me/.cache/unroll/tuning.json", products: 5 },
  vulkan: { loader: true, drivers: ["nvidia_icd.json"], devices: ["nvidia0"] },
  diagnosis: DIAGNOSIS,
};

/** A machine whose diagnosis and files differ. */
function machine(
  diagnosis: Partial<Diagnosis>,
  change: Partial<MachineReport> = {},
): MachineReport {
  return { ...MACHINE, ...change, diagnosis: { ...DIAGNOSIS, ...diagnosis } };
}

const FAILED = { name: "webgpu", failure: "Cannot open webgpu: no adapter was found" } as const;
const WITHOUT = { adapters: [], devices: [...DIAGNOSIS.devices.slice(0, 3), FAILED] };

Deno.test("doctor: tells of devices, errors and speed, and that all is well", async () => {
  const { code, output, errors } = await runCommand("doctor", {
    inspectMachine: () => Promise.resolve(MACHINE),
  });
  assertStrictEquals(errors, "");
  assertStrictEquals(code, 0);
  for (
    const text of [
      "Deno         2.9.6",
      "Adapter      Fast 9000, vendor NVIDIA, hardware",
      "greatest relative error 3.0e-7, 1.5e-5 is allowed",
      "matrix product of 4096: 9123 GFLOP/s",
      "maxBufferSize 1024",
      "features: timestamp-query",
      "BLAS         OpenBLAS (libopenblas.so.0), 1.8 times as fast as WebAssembly: used for large",
      "Native code  kept in /home/me/.cache/unroll, 3.0 times as fast as cpu in a matrix product",
      "Tuning       /home/me/.cache/unroll/tuning.json, 5 matrix products measured",
      "Ready to train",
    ]
  ) assertStringIncludes(output, text);
  assertStrictEquals(output.includes("To do"), false);
});

Deno.test("doctor: without an adapter there is still cpu; without that it fails", async () => {
  const there = await runCommand("doctor --json", {
    inspectMachine: () => Promise.resolve(machine(WITHOUT)),
  });
  assertStrictEquals(there.code, 0);
  assertStrictEquals(JSON.parse(there.output).ok, true);
  const whole = await runCommand("doctor --json", {
    inspectMachine: () => Promise.resolve(MACHINE),
  });
  assertSnakeKeys(whole.output, "doctor");
  const devices = DIAGNOSIS.devices.map((device) =>
    device.name === "reference" ? device : { ...device, failure: "Cannot trust it" }
  );
  const broken = await runCommand("doctor", {
    inspectMachine: () => Promise.resolve(machine({ devices })),
  });
  assertStrictEquals(broken.code, 1);
  assertStringIncludes(broken.output, "cpu: Cannot trust it");
  assertStringIncludes(broken.errors, "Cannot train on this machine");
});

Deno.test("adviceFor() names the packages that are missing, as the distribution calls them", () => {
  const advice = (distribution: string, loader: boolean, drivers: readonly string[]) =>
    adviceFor(machine(WITHOUT, { distribution, vulkan: { loader, drivers, devices: [] } }))[0];
  assertStringIncludes(advice("debian", false, []), "apt install libvulkan1 mesa-vulkan-drivers");
  assertStringIncludes(advice("ubuntu debian", true, []), "apt install mesa-vulkan-drivers");
  assertStringIncludes(advice("fedora", false, ["a.json"]), "dnf install vulkan-loader (");
  assertStringIncludes(advice("manjaro arch", true, []), "pacman -S vulkan-swrast");
  assertStringIncludes(advice("alpine", true, []), "apk add mesa-vulkan-swrast");
  assertStringIncludes(advice("other", false, []), "install the packages of libvulkan.so.1");
  assertStringIncludes(
    advice("debian", true, ["a.json"]),
    "cannot use Vulkan although its loader and a.json are there: see what vulkaninfo says",
  );
});

Deno.test("adviceFor() tells hardware without a driver from none", () => {
  const software = {
    adapters: [{ name: "llvmpipe", vendor: "Mesa", driver: "", isSoftware: true }],
  };
  const advice = (devices: readonly string[]) =>
    adviceFor(machine(software, { vulkan: { loader: true, drivers: ["a.json"], devices } }));
  assertStringIncludes(advice([])[0], "for tests: auto trains on cpu");
  assertStringIncludes(advice(["renderD128"])[0], "install its Vulkan driver");
  assertStringIncludes(advice(["nvidia0"])[0], "libnvidia-gl");
  assertStringIncludes(adviceFor(machine(WITHOUT, { os: "darwin" }))[0], "Metal");
  assertStringIncludes(adviceFor(machine(WITHOUT, { os: "windows" }))[0], "Direct3D 12");
});

Deno.test("adviceFor() names an adapter that is passed over, and what to install in its place", () => {
  const unsupportedReason = "llvmpipe is OpenGL in software, which is too slow to be used";
  const advice = adviceFor(machine({
    adapters: [{
      name: "llvmpipe",
      vendor: "Mesa",
      driver: "",
      isSoftware: true,
      unsupportedReason,
    }],
  }, { vulkan: { loader: true, drivers: [], devices: [] } }));
  assertStringIncludes(advice[0], "webgpu needs a Vulkan driver: apt install mesa-vulkan-drivers");
  assertStrictEquals(advice[1], `webgpu passes over an adapter: ${unsupportedReason}`);
});

Deno.test("adviceFor() does not ask for what it says is there", () => {
  const sentence =
    "llvmpipe (LLVM 15) is OpenGL in software, which is too slow to be used unless " +
    "UNROLL_GL_ADAPTER is 1; a driver of Vulkan that works is needed";
  const [first, second, ...more] = adviceFor(machine({
    adapters: [{
      name: "llvmpipe (LLVM 15)",
      vendor: "Mesa",
      driver: "",
      isSoftware: true,
      unsupportedReason: sentence,
    }],
  }, { vulkan: { loader: true, drivers: ["lvp.json"], devices: [] } }));
  assertStringIncludes(first, "its loader and lvp.json are there");
  assertStringIncludes(second, "webgpu passes over an adapter: llvmpipe (LLVM 15) is OpenGL");
  assertEquals(more, []);
  for (const line of [first, second]) {
    assertStrictEquals(/install|a driver of/.test(line), false, line);
  }
});

Deno.test("adviceFor() has nothing to say where nothing is missing, and tells of stand-ins", () => {
  assertEquals(adviceFor(MACHINE), []);
  assertStringIncludes(adviceFor({ ...MACHINE, jsr: "stand-ins" })[0], "nothing needs to be");
  const webassembly = { simd: true, relaxedSimd: false, threads: true };
  assertStringIncludes(adviceFor(machine({ webassembly }))[0], "relaxed SIMD");
});

Deno.test("doctor: says in one sentence each whether a BLAS is used and how it would be", async () => {
  const tell = async (change: Partial<MachineReport>, blas: Partial<Diagnosis["blas"]>) => {
    const report = machine({ blas: { ...DIAGNOSIS.blas, ...blas } }, change);
    const { output } = await runCommand("doctor", {
      inspectMachine: () => Promise.resolve(report),
    });
    return [/^BLAS +(.*)$/m.exec(output)?.[1], adviceFor(report)[0]];
  };
  const forbidden = { isAllowed: false, trials: [] };
  const how =
    "permit it with --allow-ffi, as deno task blas train does in place of deno task train";
  assertEquals(await tell({}, forbidden), [
    "OpenBLAS is there, but may not be called",
    `cpu may multiply faster with OpenBLAS: ${how}`,
  ]);
  assertEquals(await tell({ blas: undefined }, forbidden), [
    "none found",
    `cpu may multiply faster with OpenBLAS: install it (on Debian and Ubuntu libopenblas0) and ${how}`,
  ]);
  assertEquals(await tell({ blas: undefined, os: "windows" }, forbidden), [
    "none found",
    undefined,
  ]);
  const [trial] = DIAGNOSIS.blas.trials;
  assertEquals(await tell({}, { trials: [{ ...trial, gain: 1.1, isUsed: false }] }), [
    "OpenBLAS (libopenblas.so.0), 1.1 times as fast as WebAssembly: not used, 1.3 times is needed",
    undefined,
  ]);
  assertEquals(await tell({}, { trials: [{ ...trial, gain: undefined, isUsed: false }] }), [
    "OpenBLAS is there, but cannot be opened",
    undefined,
  ]);
});

Deno.test("doctor: says in one sentence each whether there is native code and how there would be", async () => {
  const failed = {
    name: "native",
    failure: "Cannot open native: there is no C compiler: cc",
  } as const;
  const devices = DIAGNOSIS.devices.map((device) => device.name === "native" ? failed : device);
  const tell = async (change: Partial<MachineReport>, missing: readonly string[]) => {
    const report = machine({ devices, native: { missing } }, change);
    const { output } = await runCommand("doctor", {
      inspectMachine: () => Promise.resolve(report),
    });
    return [/^Native code +(.*)$/m.exec(output)?.[1], adviceFor(report)[0]];
  };
  const gain = "native code trains faster than cpu, often two or three times: ";
  const flags = ["--allow-ffi=/home/me/.cache/unroll", "--allow-run=cc"];
  assertEquals(await tell({}, flags), [
    "a C compiler is there, but may not be used",
    `${gain}permit it with deno task native …`,
  ]);
  assertEquals(await tell({ compiler: false }, flags), [
    "no C compiler found",
    `${gain}install a C compiler (on Debian and Ubuntu gcc and libc6-dev) and permit it with deno task native …`,
  ]);
  assertEquals(await tell({ compiler: undefined }, flags), [
    "not permitted, or no C compiler found",
    `${gain}permit it with deno task native …`,
  ]);
  // Deno permits no program that is not there.
  assertEquals(await tell({ compiler: false, os: "darwin" }, ["--allow-run=cc"]), [
    "no C compiler found",
    `${gain}install a C compiler (xcode-select --install)`,
  ]);
  assertEquals(await tell({}, []), ["there is no C compiler: cc", undefined]);
  assertEquals((await tell({ compiler: false, os: "windows" }, flags))[1], undefined);
});

Deno.test("doctor: says where measurements are kept", async () => {
  const tell = async (tuning: MachineReport["tuning"]) => {
    const { output } = await runCommand("doctor", {
      inspectMachine: () => Promise.resolve(machine({}, { tuning })),
    });
    return /^Tuning +(.*)$/m.exec(output)?.[1];
  };
  assertStrictEquals(
    await tell({ path: "/a.json", products: 1 }),
    "/a.json, 1 matrix product measured",
  );
  assertStrictEquals(await tell({ path: "/a.json", products: 0 }), "/a.json, nothing measured yet");
  assertStrictEquals(
    await tell({ products: 0 }),
    "not kept: no variable names a folder for caches",
  );
});

Deno.test("distributionOf() reads what os-release says", () => {
  assertStrictEquals(
    distributionOf('NAME="Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n'),
    "linuxmint ubuntu debian",
  );
  assertStrictEquals(distributionOf(""), "");
});

Deno.test("doctor: a real process without an adapter ends well and says what to do", async () => {
  // A graphics interface of another system finds no adapter, as a missing Vulkan loader does.
  const { os } = Deno.build;
  const child = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "--allow-run",
      new URL("../main.ts", import.meta.url).pathname,
      "doctor",
      "--json",
    ],
    env: { DENO_WEBGPU_BACKEND: os === "windows" ? "metal" : "dx12" },
    stdin: "null",
  }).output();
  const report = JSON.parse(new TextDecoder().decode(child.stdout));
  assertStrictEquals(child.code, 0);
  assertStrictEquals(report.ok, true);
  assertEquals(report.diagnosis.adapters, []);
  const [reference, cpu, native, webgpu] = report.diagnosis.devices;
  assertStringIncludes(webgpu.failure, "Cannot open webgpu: no adapter was found");
  // Nothing permits it to call what a compiler makes.
  assertStringIncludes(native.failure, "Cannot open native: ");
  assertStrictEquals(reference.speed.gflops > 0, true);
  assertStrictEquals(cpu.self_test.error <= cpu.self_test.allowed, true);
  assertStrictEquals(report.advice.some((line: string) => line.startsWith("webgpu ")), true);
});

Deno.test("list, and the advice of doctor, keep within a terminal", async () => {
  for (const command of ["list", "doctor"]) {
    let output = "";
    await runCommand(command, {
      inspectMachine: () => Promise.resolve({ ...MACHINE, blas: undefined, compiler: false }),
      terminal: {
        ...SILENT_TERMINAL,
        write: (text) => output += text,
        isOutputTerminal: true,
        columns: () => 64,
      },
    });
    const from = command === "list" ? "Models" : "To do";
    assertStringIncludes(output, from);
    const long = output.slice(output.indexOf(from)).split("\n").filter((line) => line.length > 64);
    assertEquals(long, [], command);
  }
});
