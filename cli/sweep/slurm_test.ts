import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { runCommand } from "../test_support/run_command.ts";
import { hasSlurm, startSlurm } from "../test_support/slurm_cluster.ts";

const SELF = [
  Deno.execPath(),
  "run",
  "--quiet",
  "--no-check",
  "--allow-all",
  decodeURIComponent(new URL("../main.ts", import.meta.url).pathname),
];

Deno.test({
  name: "sweep --engine slurm: submits one job array, collects it, and goes on with what failed",
  ignore: !hasSlurm(),
  async fn() {
    const folder = await Deno.makeTempDir();
    const cluster = await startSlurm();
    Deno.env.set("SLURM_CONF", cluster.configuration);
    try {
      const line = "sweep --model rnn --task counting --digits 2 --training 60 --validation 20 " +
        `--test-digits 0 --seeds 0..1 --hidden 3,4 --steps 5 --device cpu --engine slurm --out ${folder}`;
      // One fails the first time.
      const wrapper = `${folder}/wrapper.sh`;
      await Deno.writeTextFile(
        wrapper,
        `case "$*" in *"--hidden 4"*"--seed 1"*) echo "Cannot train: told so" >&2; exit 3 ;; esac\nexec "$@"\n`,
      );
      const first = await runCommand(`${line} --json`, { self: () => ["bash", wrapper, ...SELF] });
      const trials = (text: string) =>
        text.trim().split("\n").map((line) => JSON.parse(line)).filter(({ event }) =>
          event === "trial"
        ).map(({ state }) => state);
      assertEquals(trials(first.output).slice(0, 3), ["done", "done", "done"], first.errors);
      assertEquals([trials(first.output)[3], first.code], ["failed", 1]);
      assert(first.errors.includes("hidden-4+seed-1: Cannot train: told so"), first.errors);
      assert((await Deno.readTextFile(`${folder}/array.sh`)).includes("--array=0-3%"));
      const second = await runCommand(`${line} --json`, { self: () => SELF });
      assertEquals([second.code, trials(second.output)], [0, ["done", "done", "done", "done"]]);
      assert((await Deno.readTextFile(`${folder}/array.sh`)).includes("--array=0-0%"));
      const other = `${line.replace("0..1", "2")} --sbatch=--partition=none --json`;
      const refused = await runCommand(other, { self: () => SELF });
      assertEquals([refused.code, refused.errors.split("\n").length], [1, 2], refused.errors);
      assert(refused.errors.includes("Cannot submit to Slurm: "), refused.errors);
    } finally {
      Deno.env.delete("SLURM_CONF");
      await cluster.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "sweep --engine slurm: says when there is no Slurm",
  ignore: hasSlurm(),
  async fn() {
    const folder = await Deno.makeTempDir();
    const line = `sweep --model rnn --task xor --engine slurm --out ${folder}`;
    const { code, errors } = await runCommand(line, { self: () => SELF });
    await Deno.remove(folder, { recursive: true });
    assertStrictEquals(code, 1);
    assert(errors.endsWith("Cannot submit to Slurm: there is no sbatch here\n"), errors);
  },
});
