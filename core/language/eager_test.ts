import { assertEquals } from "@std/assert";
import { evaluateDeferred } from "./eager.ts";
import { concatenate, tensor } from "./ops/mod.ts";

Deno.test("deferred operations keep their inputs, whatever becomes of the array", async () => {
  const parts = [tensor([1]), tensor([2])];
  const before = concatenate(parts);
  parts.push(before);
  assertEquals([...await concatenate(parts).data()], [1, 2, 1, 2]);
});

Deno.test("evaluateDeferred() computes on the device it is given, and interprets what that leaves", async () => {
  const given: (readonly [equations: number, input: number])[] = [];
  const sum = tensor([1, 2]).add(3).sum();
  await evaluateDeferred([sum], (graph, inputs) => {
    given.push([graph.equations.length, inputs[0][1]]);
    return Promise.resolve([Float32Array.of(-1)]);
  });
  const twice = sum.mul(2);
  await evaluateDeferred([twice], () => undefined);
  // A number to add, the addition, the sum; the made-up result is what the second graph reads.
  assertEquals(given, [[3, 2]]);
  assertEquals([await sum.item(), await twice.item()], [-1, -2]);
});
