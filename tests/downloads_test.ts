/** What Deno downloads from npm before training begins: of 46 packages the one that training needs. */
import { assertEquals } from "@std/assert";

/** The packages of npm that a program of the workspace asks for before it runs, where nothing is cached yet. */
async function packagesAskedFor(args: readonly string[]): Promise<string[]> {
  const asked = new Set<string>();
  const registry = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    // `/name`, `/@scope/name`, and with `/-/name-1.2.3.tgz` after it.
    asked.add(new URL(url).pathname.slice(1).split("/-/")[0]);
    return new Response("", { status: 404 });
  });
  const cache = await Deno.makeTempDir();
  try {
    await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "-P=train", ...args],
      cwd: new URL("../", import.meta.url),
      env: { DENO_DIR: cache, NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}` },
      stdin: "null",
    }).output();
  } finally {
    await registry.shutdown();
    await Deno.remove(cache, { recursive: true });
  }
  return [...asked].sort();
}

Deno.test("training downloads zod alone of npm: what draws comes with the first picture", async () => {
  assertEquals(await packagesAskedFor(["cli/main.ts", "train"]), ["zod"]);
});
