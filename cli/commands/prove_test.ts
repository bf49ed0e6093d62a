import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import {
  carryCheckpoint,
  cornersCheckpoint,
  ringCheckpoint,
} from "../test_support/proof_networks.ts";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";

Deno.test("prove: writes a certificate of a network that is right, which verify takes for this one alone", async () => {
  await inFolder(async (folder) => {
    const [ring, other, certificate] = ["ring.safetensors", "other.safetensors", "ring.json"]
      .map((name) => `${folder}/${name}`);
    await Deno.writeFile(ring, ringCheckpoint());
    await Deno.writeFile(other, ringCheckpoint(({ recurrent }) => recurrent[1] += 0.01));
    const proven = await runCommand(`prove ${ring} --out ${certificate}`);
    assertEquals([proven.code, proven.errors], [0, ""]);
    assertMatch(
      proven.output,
      /^Proven: this network says FizzBuzz rightly for every n ≥ 0, margin 5\.\d\d\.\n/,
    );
    assertMatch(proven.output, /cycle of 15 states/);
    const verified = await runCommand(`verify ${certificate} --run ${ring}`);
    assertMatch(verified.output, /^Verified: .*, margin 5\.\d\d\n$/);
    const refused = await runCommand(`verify ${certificate} --run ${other}`);
    assertStrictEquals(refused.code, 1);
    assertMatch(refused.errors, /^Cannot verify \S+ring\.json: it is about other weights\n$/);
    const json = await runCommand(`prove ${ring} --out ${certificate} --json`);
    const { outcome, kind } = JSON.parse(json.output);
    assertEquals([outcome, kind], ["certified", "cycle"]);
  });
});

Deno.test("prove: says the shortest number that a network is wrong for, and writes nothing", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/wrong.safetensors`;
    await Deno.writeFile(path, carryCheckpoint(-8));
    const { code, output } = await runCommand(`prove ${path} --out ${folder}/none.json`);
    assertStrictEquals(code, 0);
    assertMatch(
      output,
      /^Refuted: .*\nIt is wrong for n = 1: digit 2 of n \+ 1, from the right, is 1\./,
    );
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["wrong.safetensors"]);
  });
});

Deno.test("prove: of a network with another activation, and no input, proves that its program repeats itself", async () => {
  await inFolder(async (folder) => {
    const [run, certificate] = [`${folder}/relu.safetensors`, `${folder}/relu.json`];
    await Deno.writeFile(run, cornersCheckpoint());
    const { code, output } = await runCommand(`prove ${run} --out ${certificate}`);
    assertStrictEquals(code, 0);
    assertMatch(
      output,
      /^Not certified: the activation is relu, .*\nOn cpu .*, every 15 steps: proven for this/,
    );
    const verified = await runCommand(`verify ${certificate} --run ${run}`);
    assertMatch(
      verified.output,
      /^Verified: this network says FizzBuzz rightly for every n ≥ 0, as/,
    );
    const json = JSON.parse(await Deno.readTextFile(certificate));
    await Deno.writeTextFile(certificate, JSON.stringify({ ...json, task: "counting" }));
    const { errors } = await runCommand(`verify ${certificate} --run ${run}`);
    assertMatch(errors, /: it is about counting, and this is fizzbuzz\n$/);
  });
});

Deno.test("prove and verify: one sentence of what is no network or certificate for them", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(folder, { training: { steps: 20 } });
    await Deno.writeTextFile(`${folder}/empty.json`, "{}");
    for (
      const [words, sentence] of [
        [
          `verify ${folder}/none.json --run ${path}`,
          /^Cannot read the certificate \S+none\.json: /,
        ],
        [`verify ${folder}/empty.json --run ${path}`, /^Cannot read the certificate/],
        [`verify ${folder} --run ${path}`, /^Cannot read the certificate/],
        [["verify", ""], /^Cannot read the certificate "": a file is needed, found nothing\n$/],
        ["verify", /missing argument.*certificate/],
      ] as const
    ) {
      const { code, errors } = await runCommand(words);
      assertStrictEquals(code === 0, false, String(words));
      assertMatch(errors, sentence);
      assertStrictEquals(errors.trimEnd().split("\n").length, 1, errors);
    }
  });
});

Deno.test("prove: of a network without gaps between its states, that reads, says how far it was right", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(folder, { training: { steps: 20 } });
    const { output } = await runCommand(`prove ${path}`);
    assertMatch(output, /^Refuted: /);
  });
});

Deno.test("prove and inspect: sentences keep within a terminal, and are whole lines for programs", async () => {
  await inFolder(async (folder) => {
    const ring = `${folder}/ring.safetensors`;
    await Deno.writeFile(ring, ringCheckpoint());
    for (const command of ["prove", "inspect --machine"]) {
      const longest = async (isOutputTerminal: boolean) => {
        let output = "";
        const { code } = await runCommand(`${command} ${ring}`, {
          terminal: {
            write: (text) => output += text,
            writeError: () => {},
            isOutputTerminal,
            isTerminal: false,
            color: false,
            outputColor: false,
            columns: () => 60,
            lines: async function* () {},
            variable: () => undefined,
            debug: false,
          },
        });
        assertStrictEquals(code, 0);
        // Paths are words that cannot be broken.
        const lines = output.split("\n").filter((line) => !line.includes(folder));
        return Math.max(...lines.map(({ length }) => length));
      };
      assertStrictEquals(await longest(true) <= 60, true);
      assertStrictEquals(await longest(false) > 60, true);
    }
  });
});
