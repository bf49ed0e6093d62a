import { assertEquals, assertStrictEquals } from "@std/assert";

/** Runs a body under `interruptible` in a process, and sends signals once it has said that it is there. */
async function signalled(
  body: string,
  signals: (child: Deno.ChildProcess) => Promise<void>,
): Promise<{ readonly status: Deno.CommandStatus; readonly said: string }> {
  const module = JSON.stringify(import.meta.resolve("./interruptible.ts"));
  const code = `import { interruptible } from ${module};
    const told = await interruptible(async ({ signal }) => {
      // The thread that listens is there when it has had time.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      console.log("there");
      ${body}
    });
    console.log(told);`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, code);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-config", "--allow-read", file],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: first } = await reader.read();
  assertStrictEquals(first, "there\n");
  await signals(child);
  let said = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) said += part.value;
  const status = await child.status;
  await Deno.remove(file);
  return { status, said };
}

Deno.test("interruptible() lets what runs end well at the first signal", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const { status, said } = await signalled(
      `await new Promise((resolve) => signal.addEventListener("abort", resolve)); return "saved";`,
      (child) => Promise.resolve(child.kill(signal)),
    );
    assertEquals([status.code, said], [0, "saved\n"], signal);
  }
});

Deno.test("interruptible() lets a second signal end a thread that is busy for ever", async () => {
  const { status } = await signalled("for (;;);", async (child) => {
    let ended = false;
    child.status.then(() => ended = true);
    for (let tries = 0; !ended && tries < 50; tries++) {
      child.kill("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (!ended) child.kill("SIGKILL");
  });
  assertEquals(status.signal, "SIGINT");
});
