/** The same program trains the same bits in every runtime that is there; the table is `deno task test:runtimes`. */
import { assert, assertEquals } from "@std/assert";
import { bundleProgram, findRuntimes, isAmong } from "./runtimes.ts";

Deno.test("[long] Deno, Node, Bun and pages train the same bits on the CPU", async () => {
  const program = await bundleProgram();
  const [deno, ...others] = await findRuntimes();
  const wanted = await deno.run(program);
  assertEquals(wanted.map(({ threads }) => threads), [1, 2, 1, 2]);
  // Other tasks and another order of sums give other bits: the comparison can fail.
  assertEquals(new Set(wanted.slice(0, 2).flatMap(({ bits }) => Object.values(bits))).size, 6);
  for (const { name, run } of others) {
    for (const outcome of await run(program)) {
      assert(isAmong(wanted, outcome), `${name}: ${JSON.stringify(outcome)}`);
    }
  }
});
