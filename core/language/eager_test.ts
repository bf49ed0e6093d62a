import { assertEquals } from "@std/assert";
import { concatenate, tensor } from "./ops/mod.ts";

Deno.test("deferred operations keep their inputs, whatever becomes of the array", async () => {
  const parts = [tensor([1]), tensor([2])];
  const before = concatenate(parts);
  parts.push(before);
  assertEquals([...await concatenate(parts).data()], [1, 2, 1, 2]);
});
