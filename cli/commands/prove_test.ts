import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { EXIT } from "../errors.ts";
import {
  carryCheckpoint,
  cornersCheckpoint,
  ringCheckpoint,
} from "../test_support/proof_networks.ts";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";
import { SILENT_TERMINAL } from "../test_support/silent_terminal.ts";

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
    assertStrictEquals(code, EXIT.refuted);
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

Deno.test("prove: has an exit code for each answer, in JSON too", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/net.safetensors`;
    const answers = [
      [ringCheckpoint(), "certified", 0],
      [carryCheckpoint(-8), "refuted", 3],
      [carryCheckpoint(0, {}, { base: 2 }, false), "open", 4],
    ] as const;
    for (const [bytes, outcome, exit] of answers) {
      await Deno.writeFile(path, bytes);
      const { code, output, errors } = await runCommand(`prove ${path} --json`);
      assertEquals([code, JSON.parse(output).outcome, errors], [exit, outcome, ""]);
    }
  });
});

Deno.test("prove: of states without gaps, says the whole command that trains a network with finitely many", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/net.safetensors`;
    await Deno.writeFile(path, carryCheckpoint(0, {}, { base: 2 }, false));
    const { code, output } = await runCommand(`prove ${path}`);
    assertStrictEquals(code, EXIT.open);
    assertMatch(
      output,
      /^Not certified: its states are numbers without gaps; deno task train --model rnn --task counting --base 2 --snap trains one/,
    );
  });
});

Deno.test("prove: of a network that is wrong at once, says nothing of shorter inputs and carries", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/net.safetensors`;
    await Deno.writeFile(
      path,
      carryCheckpoint(0, { "output.bias": [[99, 0], [2]] }, { base: 2 }, false),
    );
    const { code, output } = await runCommand(`prove ${path}`);
    assertStrictEquals(code, EXIT.refuted);
    assertMatch(
      output,
      /^Refuted: .*\nIt is wrong for n = 0: digit 1 of n \+ 1, from the right, is 1\.\n$/,
    );
  });
});

Deno.test("prove --json: has the least margin after ever more nines, and how many were tried", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/net.safetensors`;
    await Deno.writeFile(path, carryCheckpoint(0, {}, { base: 2 }, false));
    const { nines } = JSON.parse((await runCommand(`prove ${path} --json`)).output);
    assertEquals(Object.keys(nines), ["margin", "tried"]);
    assertStrictEquals(nines.tried, 1024);
    assertStrictEquals(nines.margin > 0, true);
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
        // Of a file that is JSON and no certificate, in words of ours.
        [
          `verify ${path}/config.json --run ${path}`,
          /^Cannot read the certificate \S+config\.json: "kind" is missing or wrong\n$/,
        ],
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
            ...SILENT_TERMINAL,
            write: (text) => output += text,
            isOutputTerminal,
            columns: () => 60,
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
