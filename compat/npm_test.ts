import { assertEquals } from "@std/assert";
import { completePackage, globalTypes, importedPackages, withGlobalTypes } from "./npm.ts";

Deno.test("importedPackages() names packages, not files, modules of Node or examples", () => {
  const text = `/**
 * import { example } from "@unroll/example";
 */
import { defineModel } from "@unroll/core/plugin";
import * as z from "zod";
import type { a } from "./a.js";
import "node:fs";
export { one,
  two } from "@unroll/models";
export const SYMBOL = Symbol.for("@unroll/core: a text");
const { Worker } = await import("node:worker_threads");
`;
  assertEquals(importedPackages(text), ["@unroll/core", "zod", "@unroll/models"]);
});

Deno.test("completePackage() adds the packages of this repository at their own version", () => {
  const written = { name: "@unroll/tasks", version: "1.2.3", dependencies: { zod: "^4.0.0" } };
  const imported = ["@unroll/core", "@unroll/tasks", "zod"];
  assertEquals(completePackage(written, imported).dependencies, {
    "@unroll/core": "^1.2.3",
    zod: "^4.0.0",
  });
});

Deno.test("globalTypes() declares the types of WebGPU that are named, once each", () => {
  const types = [
    "/** As a GPUTexture has. */\nexport function open(gpu: GPU): Promise<GPUDevice | null>;",
    "export declare const device: GPUDevice;",
  ];
  assertEquals(
    globalTypes(types),
    '/// <reference lib="esnext.disposable" />\ninterface GPU {}\ninterface GPUDevice {}\n',
  );
});

Deno.test("withGlobalTypes() refers to them where they are needed, and nowhere else", () => {
  const reference = '/// <reference path="../globals.d.ts" />\n';
  for (const text of ["let a: Disposable;", "[Symbol.dispose](): void;", "let a: GPU;"]) {
    assertEquals(withGlobalTypes(text, "../globals.d.ts"), reference + text);
  }
  for (const text of ["/** A GPU. */ export type WebGPU = 1;", "type DisposableCup = 1;"]) {
    assertEquals(withGlobalTypes(text, "../globals.d.ts"), text);
  }
  assertEquals(
    withGlobalTypes('type A = Pick<GPUAdapter, "info" | "limits">;', "../globals.d.ts"),
    `${reference}type A = Pick<GPUAdapter, keyof GPUAdapter & ("info" | "limits")>;`,
  );
});
