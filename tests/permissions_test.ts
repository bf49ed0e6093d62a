/** A program that trains asks for nothing: no prompt comes up, also in a terminal. */
import { assert, assertEquals } from "@std/assert";

Deno.test("the README's program trains on several threads without asking for a permission", async () => {
  const root = new URL("../", import.meta.url);
  const readme = await Deno.readTextFile(new URL("README.md", root));
  const [, example] = /## As a library\n\n```ts\n(.*?)```/s.exec(readme) ?? [];
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
