/** `deno task native …`: commands with native code and the permissions of that task, and without what they need. */
import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { listRuns, openRun } from "@unroll/core/runs";
import { assertSameRuns } from "../cli/test_support/same_runs.ts";
import { denoFolder } from "./environments.ts";

const ROOT = new URL("../", import.meta.url);

/** Whether this machine has a compiler. */
const hasCompiler = Deno.build.os !== "windows" &&
  await new Deno.Command("cc", { args: ["--version"] }).output().then(
    ({ success }) => success,
    () => false,
  );

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Runs tasks at a home of their own, which is removed at the end. */
async function atHome(
  act: (
    run: (
      words: string,
      path?: string,
    ) => Promise<{ code: number; output: string; errors: string }>,
    runs: string,
  ) => Promise<void>,
): Promise<void> {
  const home = await Deno.realPath(await Deno.makeTempDir());
  const DENO_DIR = await denoFolder();
  try {
    await act(async (words, path = Deno.env.get("PATH")) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", ...words.split(" ")],
        cwd: ROOT,
        env: { HOME: home, DENO_DIR, NO_COLOR: "1", UNROLL_BACKEND: "", PATH: path ?? "" },
        stdin: "null",
      }).output();
      const errors = decode(stderr);
      return { code, output: decode(stdout), errors };
      // What the task may write to beside folders of the clone.
    }, `${home}/.cache/unroll/runs`);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const PAIR =
  "--model gru --hidden 6 --task counting --digits 3 --schedule constant --validate-every 20";

Deno.test({
  name:
    "[long] deno task native trains, resumes to the same bits, evaluates, and refuses to go on without",
  ignore: !hasCompiler,
  fn: () =>
    atHome(async (run, runs) => {
      const fine = async (words: string) => {
        const { code, output, errors } = await run(words);
        assertStrictEquals(code, 0, `${words}: ${errors}`);
        return output + errors;
      };
      const train = `native train ${PAIR} --out ${runs}`;
      assertMatch(await fine(`${train}/whole --name a --steps 40`), /40 steps in .* on native /);
      await fine(`${train}/parts --name b --steps 20`);
      const told = await fine(`native train --resume ${runs}/parts/b --steps 40`);
      assertMatch(told, /40 steps/);
      const [whole, parts] = await Promise.all(
        ["whole/a", "parts/b"].map((name) => openRun(`${runs}/${name}`)),
      );
      await assertSameRuns(parts, whole);
      assertStrictEquals(parts.config.device, "native");
      assertMatch(parts.config.deviceDescription ?? "", /^native code by /);
      // Measured on native code, and on the CPU where that is not permitted.
      const losses = [];
      for (const task of ["native eval", "eval", "eval --device cpu"]) {
        const output = await fine(`${task} --json ${runs}/parts/b`);
        const { device, loss } = JSON.parse(output);
        losses.push([device, Number(loss.toPrecision(4))]);
      }
      assertEquals(losses.map(([device]) => device), ["native", "cpu", "cpu"]);
      assertEquals(new Set(losses.map(([, loss]) => loss)).size, 1);
      // Processes of a sweep may do what the sweep may.
      const small = "--model rnn --task xor --steps 3";
      await fine(`native sweep ${small} --seeds 0,1 --jobs 2 --out ${runs}/sweep`);
      for (const seed of [0, 1]) {
        const [trial] = await listRuns(`${runs}/sweep/seed-${seed}`);
        assertStrictEquals(trial.config?.device, "native");
      }
      const more = `train --resume ${runs}/parts/b --steps 50`;
      const refused = await run(more);
      assertStrictEquals(refused.code, 1);
      assertStrictEquals(
        refused.errors,
        `Cannot go on with ${runs}/parts/b on native: it is not permitted, permit it with deno task native train …, ` +
          "or go on with --device cpu, which rounds otherwise\n",
      );
      assertMatch(await fine(`native ${more} --device cpu`), /50 steps in .* on cpu/);
    }),
});

Deno.test({
  name: "[long] deno task native goes on with the CPU where there is no compiler, and says so",
  ignore: Deno.build.os === "windows",
  fn: () =>
    atHome(async (run, runs) => {
      // Only Deno is there.
      const bin = await Deno.makeTempDir();
      await Deno.symlink(Deno.execPath(), `${bin}/deno`);
      try {
        const { code, output, errors } = await run(
          `native train ${PAIR} --steps 10 --out ${runs} --name c`,
          bin,
        );
        assertStrictEquals(code, 0, errors);
        assertMatch(
          errors,
          /^Cannot open native: there is no C compiler named cc, or --allow-run=cc was not given, so cpu is used in its place$/m,
        );
        assertMatch(output + errors, /10 steps in .* on cpu /);
        const named = await run(`native eval ${runs}/c --device native`, bin);
        assertEquals([named.code, named.output], [1, ""]);
        assertMatch(named.errors, /^Cannot open native: there is no C compiler named cc[^\n]*\n$/);
      } finally {
        await Deno.remove(bin, { recursive: true });
      }
    }),
});

Deno.test({
  name: "[long] deno task native doctor measures native code beside the CPU",
  ignore: !hasCompiler,
  fn: () =>
    atHome(async (run) => {
      const { output } = await run("native doctor --json");
      const { diagnosis, compiler, advice } = JSON.parse(output);
      const native = diagnosis.devices.find(({ name }: { name: string }) => name === "native");
      assertStrictEquals(native.self_test.error <= native.self_test.allowed, true);
      assertStrictEquals(native.speed.gflops > 0, true);
      assertEquals([compiler, diagnosis.native.missing], [true, []]);
      assertMatch(diagnosis.native.folder, /\/\.cache\/unroll$/);
      assertStrictEquals(advice.some((line: string) => line.startsWith("native ")), false);
      // No other library may be called with it.
      assertStrictEquals(diagnosis.blas.is_allowed, false);
    }),
});
