/** The same program trains the same bits in every runtime that is there; the table is `deno task test:runtimes`. */
import { assert, assertEquals } from "@std/assert";
import type { Outcome } from "./program.ts";
import { bundleProgram, findRuntimes, isAmong } from "./runtimes.ts";

Deno.test("[long] Deno, Node, Bun and pages train the same bits on the CPU", async () => {
  const program = await bundleProgram();
  const [deno, ...others] = await findRuntimes();
  const wanted = await deno.run(program);
  assertEquals(wanted.map(({ threads }) => threads), [1, 2, 1, 2]);
  // Other tasks and another order of sums give other bits: the comparison can fail.
  assertEquals(new Set(wanted.slice(0, 2).flatMap(({ bits }) => Object.values(bits))).size, 6);
  const plain = wanted.slice(0, 2);
  const check = (name: string, outcome: Outcome) => {
    assert(isAmong(wanted, outcome), `${name}: ${JSON.stringify(outcome)}`);
    // Who says that it fuses, rounds otherwise than those who do not.
    assertEquals(outcome.saysFused, !isAmong(plain, outcome), name);
  };
  for (const outcome of wanted) check("Deno", outcome);
  for (const { name, run } of others) {
    for (const outcome of await run(program)) check(name, outcome);
  }
});
