import { assertEquals, assertStrictEquals } from "@std/assert";
import { defineTask, type JsonRecord, type OptionsSchema, type TaskPlugin } from "@unroll/core";
import { TASKS } from "@unroll/tasks";
import { configuredTask } from "./train_action.ts";
import type { Chosen } from "./world.ts";

/** A task that counts how often its data are read. */
function countingReads(): { readonly plugin: TaskPlugin<object>; reads: number } {
  const xor = TASKS.xor;
  const counter = {
    reads: 0,
    plugin: defineTask({
      name: "counted",
      summary: "Counts",
      options: xor.options as OptionsSchema<object>,
      create(options) {
        counter.reads++;
        return xor(options).create();
      },
    }),
  };
  return counter;
}

Deno.test("configuredTask() reads a task's data once for each time it is asked for by a person", async () => {
  const counter = countingReads();
  const options: JsonRecord = {};
  const asked: Chosen = { plugin: counter.plugin, name: "counted", options };
  // To see whether a model can learn it, and to train.
  const [first, second] = [configuredTask(asked), configuredTask(asked)];
  assertStrictEquals(await first.create(), await second.create());
  assertEquals(counter.reads, 1);
  await configuredTask({ ...asked }).create();
  assertEquals(counter.reads, 2);
});
