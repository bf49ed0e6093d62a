import { assertEquals } from "@std/assert";
import { completePackage, importedPackages } from "./npm.ts";

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
