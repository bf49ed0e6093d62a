import * as core from "@unroll/core";
import * as models from "@unroll/models";
import * as tasks from "@unroll/tasks";
import { assertEquals } from "@std/assert";

Deno.test("core, models and tasks export no name twice, which export * of them would leave out", () => {
  const names = [core, models, tasks].flatMap((module) => Object.keys(module));
  assertEquals(names.filter((name, index) => names.indexOf(name) !== index), []);
});
