/** What is read at the start of a command. */
import { assert, assertEquals } from "@std/assert";

interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier: string };
    readonly isDynamic?: boolean;
  }[];
}

/** The modules that are read before some that are imported by name run, as Deno sees them. */
async function staticallyRead(...entries: readonly string[]): Promise<string[]> {
  const root = new URL("../", import.meta.url);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entries[0]],
    cwd: root,
  }).output();
  const { modules, redirects } = JSON.parse(new TextDecoder().decode(stdout)) as {
    readonly modules: readonly ModuleInfo[];
    readonly redirects: Readonly<Record<string, string>>;
  };
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const seen = new Set(entries.map((entry) => new URL(entry, root).href));
  // A set goes on to what is added while it is walked through.
  for (const specifier of seen) {
    for (const { code, isDynamic } of known.get(specifier)?.dependencies ?? []) {
      if (code !== undefined && !isDynamic) seen.add(redirects[code.specifier] ?? code.specifier);
    }
  }
  return [...seen].map((specifier) => specifier.replace(root.href, ""));
}

Deno.test("train reads nothing at its start that only other commands, recipes or devices need", async () => {
  const read = await staticallyRead("cli/main.ts", "cli/commands/train.ts");
  assert(read.includes("cli/reporting/reporter.ts") && read.includes("core/training/train.ts"));
  assertEquals(
    read.filter((name) =>
      /^cli\/(charts|completions|lessons|proof|sweep)\//.test(name) ||
      /^cli\/reporting\/(board|dashboard|findings|html|inspection|limits|write_report)/.test(
        name,
      ) ||
      /^core\/(codegen|backends\/(diagnose|webgpu))/.test(name) ||
      ["node:crypto", "node:url"].includes(name) ||
      /^cli\/recipes\/(attention|counting|joel_grus|lesson6|text|theano)_walk/.test(name)
    ),
    [],
  );
});
