/** A program that trains asks for nothing: no prompt comes up, also in a terminal. */
import { assert, assertEquals } from "@std/assert";

Deno.test("the README's program trains on several threads without asking for a permission", async () => {
  const root = new URL("../", import.meta.url);
  const readme = await Deno.readTextFile(new URL("README.md", root));
  const [, example] = /## In your program\n\n```ts\n(.*?)```/s.exec(readme) ?? [];
  assert(example?.includes("steps: 100"));
  const folder = await Deno.makeTempDir();
  try {
    const program = `${folder}/program.ts`;
    const audit = `${folder}/audit.jsonl`;
    // Short, and with two threads also where there is one processor. What is asked for last shows that it is noted.
    await Deno.writeTextFile(
      program,
      `import { cpuBackend } from "@unroll/core/backends";
       using device = cpuBackend({ threads: 2, eager: true });
       ${example.replace("steps: 100", "steps: 3, device")}
       try { Deno.env.get("LAST"); } catch { console.log("denied"); }`,
    );
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-prompt", "--config", "deno.json", program],
      cwd: root,
      env: { DENO_AUDIT_PERMISSIONS: audit, NO_COLOR: "1" },
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    assertEquals(new TextDecoder().decode(stdout).trim().split("\n").at(-1), "denied");
    const asked = (await Deno.readTextFile(audit)).trim().split("\n").map((line) => {
      const { permission, value } = JSON.parse(line);
      return { permission, value };
    });
    assertEquals(asked, [{ permission: "env", value: "LAST" }]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a program that keeps and loads runs asks for their folder and its text alone", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    const audit = `${folder}/audit.jsonl`;
    await Deno.writeTextFile(`${folder}/text.txt`, "to be or not to be, ".repeat(100));
    await Deno.writeTextFile(
      `${folder}/program.ts`,
      `import { cpuBackend } from "@unroll/core/backends";
       import { listRuns, loadRun, trainAndSave } from "@unroll/core/runs";
       import { gru, MODELS } from "@unroll/models";
       import { char, TASKS } from "@unroll/tasks";
       using device = cpuBackend({ threads: 2, eager: true });
       const task = char({ corpus: ${JSON.stringify(`${folder}/text.txt`)} });
       const out = ${JSON.stringify(`${folder}/runs`)};
       const model = gru({ hidden: 4 });
       using trained = await trainAndSave({ model, task, steps: 3, device, out, version: "0.1.0" });
       const [{ path }] = await listRuns(out);
       using run = await loadRun(path, { models: MODELS, tasks: TASKS, device });
       await run.taskInstance.validate(run.predict);
       let text = "";
       for await (const piece of run.taskInstance.sample(run.predict, { length: 5 })) text += piece;
       try { Deno.env.get("LAST"); } catch { console.log(text.length); }`,
    );
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-prompt", "--config", "deno.json"]
        .concat(`--allow-read=${folder}`, `--allow-write=${folder}/runs`, `${folder}/program.ts`),
      cwd: new URL("../", import.meta.url),
      env: { DENO_AUDIT_PERMISSIONS: audit, NO_COLOR: "1" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals([code, text(stdout), text(stderr)], [0, "5\n", ""]);
    const asked = (await Deno.readTextFile(audit)).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    const others = asked.filter(({ permission, value }) =>
      !/^(read|write)$/.test(permission) || !String(value).startsWith(folder)
    );
    assertEquals(others.map(({ permission, value }) => `${permission} ${value}`), ["env LAST"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
