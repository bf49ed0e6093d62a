import { assert, assertEquals, assertMatch } from "@std/assert";
import { runCommand } from "../test_support/run_command.ts";
import { divergedWalk } from "./joel_grus_walk.ts";

/** The width of the terminal that commands are tried on. */
const COLUMNS = 100;

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("recipe fizzbuzz-mlp-diverges tells every step up to where the loss is no number, as known", async () => {
  await withFolder(async (out) => {
    const run = `recipe fizzbuzz-mlp-diverges --device cpu --out ${out}`;
    const { code, output } = await runCommand(run);
    assertEquals(code, 0);
    const [, step] = /the loss of step (\d+) is not finite/.exec(output) ?? [];
    assertMatch(output, new RegExp(`divergence +≤ 1450 +${step} .*as known`));
    const rows = output.split("\n").filter((line) =>
      /^ *\d+ +\S+ +\S+ +\d+ +\d+ +\d+ +\d+ +\d+$/.test(line)
    );
    assertEquals(rows.length, Math.min(20, Number(step) - 1));
    const cells = rows.map((row) =>
      row.trim().split(/ +/).map((cell) => Number(cell.replaceAll(",", "")))
    );
    for (const [, , , right, ...said] of cells) {
      assertEquals(said.reduce((a, b) => a + b), 100);
      assert(right <= 100);
    }
    // It grows at last, and what it says is worth nothing.
    assert(cells[cells.length - 1][1] > 1e6 * cells[0][1]);
    assert(cells[cells.length - 1][3] < 60);
    for (const line of output.split("\n").slice(3)) assert([...line].length <= COLUMNS, line);
  });
});

Deno.test("recipe fizzbuzz-mlp-diverges at a rate that is fine says that it is not as known", async () => {
  await withFolder(async (out) => {
    const { code, output } = await runCommand(
      `recipe fizzbuzz-mlp-diverges --lr 0.0001 --steps 3 --device cpu --out ${out}`,
    );
    assertEquals(code, 0);
    assertMatch(output, /It did not blow up\./);
  });
});

Deno.test("recipe fizzbuzz-mlp sets what is predicted beside what is right, for 1 to 100", async () => {
  await withFolder(async (out) => {
    const { output } = await runCommand(
      `recipe fizzbuzz-mlp --epochs 2 --device cpu --out ${out}`,
    );
    const table = output.slice(
      output.indexOf("predicted, and what"),
      output.indexOf("What it shows"),
    );
    const numbers = [...table.matchAll(/(?:^| {2})+ *(\d+) (?=\d|fizz|buzz)/gm)].map(([, n]) =>
      Number(n)
    );
    assertEquals(numbers.toSorted((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i + 1));
    const wrong = table.split("≠").length - 1;
    assertMatch(output, new RegExp(`- ${100 - wrong} of 1 to 100 are right`));
    for (const line of table.split("\n")) assert([...line].length <= COLUMNS, line);
  });
});

Deno.test("divergedWalk() counts the epochs that numbers of 64 bits would last", () => {
  const losses = [1e3, 1e6, 1e9];
  const validations = losses.map((trainingLoss, i) => ({
    step: i + 1,
    trainingLoss,
    validation: { loss: 1 },
    best: false,
    measured: { right_of_100: 0, says_fizz: 100 },
  }));
  const task = { stepsPerEpoch: 10 };
  const run = { validations, task } as unknown as Parameters<typeof divergedWalk>[0];
  // A thousandfold a step: 1.8e308 is 299.3 / 3 steps further on than the third.
  const [first] = divergedWalk(run, 4).sentences;
  assertMatch(first, /At step 4, in epoch 1,.* full in epoch 11:/);
});
