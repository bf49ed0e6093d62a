import { assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { lockByFile, lockBySystem, lockRun, type RunLock } from "./run_lock.ts";

const WAYS = { lockBySystem, lockByFile };

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const isHeld = (lock: RunLock | string): lock is RunLock => typeof lock !== "string";

Deno.test("lockRun() lets one at a time have a run, and says who has it", async () => {
  await inFolder(async (folder) => {
    const lock = await lockRun(folder);
    const error = await assertRejects(() => lockRun(folder), RangeError);
    assertMatch(
      error.message,
      new RegExp(
        `^Cannot train .*: process ${Deno.pid} trains it since \\d{4}-\\d\\d-\\d\\d [\\d:]+$`,
      ),
    );
    await lock.release();
    await lock.release();
    await (await lockRun(folder)).release();
    // Nothing is left.
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("lockRun() lets one of many that ask at once have it, again and again", async () => {
  for (const [name, lock] of Object.entries(WAYS)) {
    await inFolder(async (folder) => {
      for (let round = 0; round < 20; round++) {
        const all = await Promise.all(Array.from({ length: 8 }, () => lock(`${folder}/.lock`)));
        const held = all.filter(isHeld);
        assertStrictEquals(held.length, 1, name);
        await held[0].release();
      }
    });
  }
});

Deno.test("lockRun() takes over the lock of a process that was killed", async () => {
  for (const [name, lock] of Object.entries(WAYS)) {
    await inFolder(async (folder) => {
      const path = `${folder}/.lock`;
      const module = import.meta.resolve("./run_lock.ts");
      const code = `const { ${name} } = await import(${JSON.stringify(module)});
        await ${name}(${
        JSON.stringify(path)
      }); console.log("held"); await new Promise(() => setInterval(() => {}, 1000));`;
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", "--allow-read", "--allow-write", "--ext=ts", "-"],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(code));
      await writer.close();
      const reader = child.stdout.getReader();
      await reader.read();
      const refused = await lock(path);
      assertMatch(String(refused), new RegExp(`^process ${child.pid} trains it since `), name);
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
      assertMatch(await Deno.readTextFile(path), new RegExp(`^process ${child.pid} `));
      // Of two that find it stale one has it.
      const both = await Promise.all([lock(path), lock(path)]);
      assertStrictEquals(both.filter(isHeld).length, 1, name);
      await both.find(isHeld)!.release();
    });
  }
});
