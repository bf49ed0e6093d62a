import { assertEquals } from "@std/assert";
import { writeAtomically } from "./files.ts";

Deno.test("[long] writeAtomically() writes more than 2 GiB, of which systems take a part at once", async () => {
  const path = await Deno.makeTempFile();
  try {
    const size = 2 ** 31 + 5;
    await writeAtomically(path, new Uint8Array(size));
    assertEquals((await Deno.stat(path)).size, size);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a run is made, locked and written without Node's files and names of days, which take 35 ms to load", async () => {
  const root = await Deno.makeTempDir();
  const program = `
    const refuse = () => { throw new Error("loaded"); };
    Date.prototype.toLocaleString = refuse;
    Object.defineProperty(globalThis, "process", { get: refuse });
    const { createRun } = await import(${JSON.stringify(import.meta.resolve("./run_folder.ts"))});
    const model = { name: "rnn", options: {} };
    const config = { version: "0", model, task: model, training: {}, seed: 0, device: "cpu" };
    const run = await createRun(config, { root: ${JSON.stringify(root)} });
    await run.lock();
    await run.appendMetrics({ event: "progress", step: 1 });
    await run.appendMetrics({ event: "progress", step: 2 });
    console.log((await Deno.readTextFile(run.path + "/metrics.jsonl")).split("\\n").length);`;
  try {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", program],
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals([text(stdout), text(stderr)], ["3\n", ""]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
