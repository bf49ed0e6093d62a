import { assertThrows } from "@std/assert";
import { ModuleBuilder } from "./assembler/module.ts";
import { addTeam } from "./team.ts";

Deno.test("addTeam() refuses more loops than the shared words have room for", () => {
  const module = new ModuleBuilder({
    memory: { minimumPages: 1, maximumPages: 1, shared: true },
    relaxed: false,
  });
  assertThrows(() => addTeam(module, 2, 13, 0), RangeError, "at most 12 are possible, found 13");
});
