import { assertEquals } from "@std/assert";
import * as z from "zod";
import { defineCommand } from "./command.ts";
import { buildTree } from "./command_tree.ts";
import { commandContext, createContext } from "./create_context.ts";

Deno.test("buildTree() makes the options of the command that runs, and of no other", async () => {
  const made: string[] = [];
  const commands = ["one", "two", "three"].map((name) => ({
    name,
    description: `Do ${name}.`,
    load: () =>
      defineCommand({
        schema: () => {
          made.push(name);
          return z.object({ size: z.number().default(1) });
        },
        examples: [],
        run() {},
      }),
  }));
  const { command, flags } = await buildTree(
    commands,
    ["two", "--size", "3"],
    commandContext(createContext()),
  );
  assertEquals(made, ["two"]);
  assertEquals(flags.map(({ flag }) => flag), ["size"]);
  assertEquals(command.getCommands().map((one) => one.getName()), ["one", "two", "three"]);
});
