/**
 * What `doctor` found, for people.
 *
 * @module
 */

import { canTrain, type DeviceReport } from "@unroll/core/backends";
import type { MachineReport } from "../machine.ts";

/**
 * Formats what was found of a machine.
 *
 * @param report What was found.
 * @param advice What to do about what is missing.
 * @returns Lines, each with its end.
 */
export function formatReport(report: MachineReport, advice: readonly string[]): string {
  const { webassembly, adapters, devices, hasWebGpu } = report.diagnosis;
  const yes = (there: boolean) => there ? "yes" : "no";
  const rows: (readonly [string, string])[] = [
    ["Unroll", report.unroll],
    ["Deno", `${report.deno} (V8 ${report.v8})`],
    ["System", report.system],
    ["Processor", `${report.cpu}, ${report.cores} cores`],
    ["JSR", report.jsr === "JSR" ? "reached" : "out of reach, stand-ins from compat/"],
    [
      "WebAssembly",
      `SIMD ${yes(webassembly.simd)}, relaxed SIMD ${yes(webassembly.relaxedSimd)}, threads ${
        yes(webassembly.threads)
      }`,
    ],
    ...adapters.map(({ name, vendor, driver, isSoftware }) =>
      [
        "Adapter",
        [
          name,
          vendor && `vendor ${vendor}`,
          driver && `driver ${driver}`,
          isSoftware ? "software" : "hardware",
        ].filter(Boolean).join(", "),
      ] as const
    ),
    ...(adapters.length > 0
      ? []
      : [["Adapter", hasWebGpu ? "none" : "none: this Deno has no WebGPU"] as const]),
  ];
  rows.push(["BLAS", formatBlas(report)], ["Tuning", formatTuning(report.tuning)]);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  lines.push("", "Devices", ...devices.flatMap(formatDevice));
  if (advice.length > 0) lines.push("", "To do", ...advice.map((line) => `  ${line}`));
  lines.push("", canTrain(report.diagnosis) ? "Ready to train" : "Not ready to train");
  return `${lines.join("\n")}\n`;
}

/** Says whether a library multiplies large matrices, and how fast it is. */
function formatBlas({ blas, diagnosis }: MachineReport): string {
  const { isAllowed, trials, leastGain } = diagnosis.blas;
  const tried = trials.find(({ isUsed }) => isUsed) ??
    trials.find(({ gain }) => gain !== undefined);
  if (tried?.gain !== undefined) {
    const verdict = tried.isUsed
      ? "used for large products"
      : `not used, ${leastGain} times is needed`;
    return `${tried.name} (${tried.path}), ` +
      `${tried.gain.toFixed(1)} times as fast as WebAssembly: ${verdict}`;
  }
  if (blas === undefined) return "none found";
  return isAllowed
    ? `${blas} is there, but cannot be opened`
    : `${blas} is there, but may not be called`;
}

function formatTuning({ path, products }: MachineReport["tuning"]): string {
  if (path === undefined) return "not kept: no variable names a folder for caches";
  return products === 0
    ? `${path}, nothing measured yet`
    : `${path}, ${products} matrix ${products === 1 ? "product" : "products"} measured`;
}

function formatDevice(device: DeviceReport): string[] {
  const { name, description, failure, selfTest, speed, limits, features } = device;
  const head = `  ${name.padEnd(9)}  ${description ?? failure}`;
  if (description === undefined) return [head];
  const lines = [head];
  const more = (text: string) => lines.push(`  ${" ".repeat(9)}  ${text}`);
  if (failure !== undefined) more(failure);
  if (selfTest) {
    more(
      `training step: greatest relative error ${selfTest.error.toExponential(1)}, ${
        selfTest.allowed.toExponential(1)
      } is allowed`,
    );
  }
  if (speed) {
    const figure = speed.gflops < 10 ? speed.gflops.toFixed(2) : speed.gflops.toFixed(0);
    more(`matrix product of ${speed.size}: ${figure} GFLOP/s`);
  }
  for (const [limit, value] of Object.entries(limits ?? {})) more(`${limit} ${value}`);
  if (features) more(`features: ${features.join(", ") || "none"}`);
  return lines;
}
