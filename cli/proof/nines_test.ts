import { assertEquals, assertStrictEquals } from "@std/assert";
import { carryCheckpoint } from "../test_support/proof_networks.ts";
import { readNetwork } from "./network.ts";
import { followNines, foretell } from "./nines.ts";
import { specification } from "./specification.ts";

Deno.test("foretell() finds where margins that shrink ever faster come to 0", () => {
  const margins = (count: number) => Array.from({ length: count }, (_, k) => 7 - 0.01 * 1.2 ** k);
  // 0.01 · 1.2ᵏ = 7 for k = 35.9
  assertStrictEquals(foretell(margins(20)), 36);
  assertStrictEquals(foretell(margins(30)), 36);
  assertStrictEquals(foretell(Array.from({ length: 20 }, (_, k) => 7 + 0.5 ** k)), undefined);
});

Deno.test("followNines() counts the greatest digits that a network carries through", () => {
  const nines = (error: number) => {
    const net = readNetwork(carryCheckpoint(error));
    return followNines(net, specification(net.task.name, net.task.options)!);
  };
  assertEquals([nines(0).breaksAfter, nines(0).margins.length], [undefined, 1024]);
  // A 1 loses the carry.
  assertStrictEquals(nines(-8).breaksAfter, 1);
});
