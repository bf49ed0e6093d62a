/**
 * The packages as JSR serves them: modules of a server, without files beside them and without an import map. Here the
 * server is one of this repository's files, and writes names out as publishing does.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { VERSION } from "@unroll/cli";

const ROOT = new URL("../", import.meta.url);
const PACKAGES = ["core", "models", "tasks", "cli"];
const UNPUBLISHED = ["test_support", "pictures", "learn"];

async function sources(folder: URL): Promise<URL[]> {
  const found: URL[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && !UNPUBLISHED.includes(name)) {
      found.push(...await sources(new URL(`${name}/`, folder)));
    } else if (/(?<!_test)\.[jt]s$/.test(name)) found.push(new URL(name, folder));
  }
  return found;
}

Deno.test("no published module needs a file beside it, or an import map, to find something", async () => {
  const suspects: string[] = [];
  for (const name of PACKAGES) {
    for (const file of await sources(new URL(`${name}/`, ROOT))) {
      const path = file.href.slice(ROOT.href.length);
      // Examples in the documentation are not published as code.
      const text = (await Deno.readTextFile(file)).replace(/^ *\/?\*.*$/gm, "");
      for (const [use] of text.matchAll(/import\.meta\.(?:resolve|dirname|filename)\b.*/g)) {
        suspects.push(`${path}: ${use.trim()}`);
      }
      if (/new URL\([^)]*import\.meta\.url/.test(text)) suspects.push(`${path}: a file beside it`);
    }
  }
  assertEquals(suspects.sort(), [
    // What a sweep starts: of a clone a path, else the package's name.
    "cli/create_context.ts: a file beside it",
    // Asked of a clone alone: whether the stand-ins are used there.
    'cli/machine.ts: import.meta.resolve("@cliffy/command").startsWith("file:");',
  ]);
});

/** Writes a name that is imported as a URL of the server, or of npm or JSR. */
async function publishedNames(server: string): Promise<(name: string) => string> {
  const urls = new Map<string, string>();
  for (const name of PACKAGES) {
    const { exports } = JSON.parse(await Deno.readTextFile(new URL(`${name}/deno.json`, ROOT)));
    const entries = typeof exports === "string" ? { ".": exports } : exports;
    for (const [entry, path] of Object.entries<string>(entries)) {
      urls.set(`@unroll/${name}${entry.slice(1)}`, new URL(path, `${server}${name}/`).href);
    }
  }
  return (name) => {
    const url = urls.get(name);
    if (url !== undefined) return url;
    const found = Object.entries<string>(config.imports)
      .find(([key]) => name === key || name.startsWith(`${key}/`));
    if (found === undefined) return name;
    // Where stand-ins are used, the server has them too.
    const resolved = import.meta.resolve(name);
    return resolved.startsWith(ROOT.href)
      ? resolved.replace(ROOT.href, server)
      : found[1] + name.slice(found[0].length);
  };
}

/** Serves this repository as JSR would serve what is published. */
async function serve(): Promise<{ readonly server: Deno.HttpServer; readonly host: string }> {
  let urlOf = (name: string) => name;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      let text: string;
      try {
        text = await Deno.readTextFile(new URL(`.${pathname}`, ROOT));
      } catch {
        return new Response("there is none", { status: 404 });
      }
      const isJson = pathname.endsWith(".json");
      const body = isJson ? text : text.replace(
        /(\b(?:from|import)[ (]*")([@a-z][^":]*)"/g,
        (_, before, name) => `${before}${urlOf(name)}"`,
      );
      const type = isJson
        ? "application/json"
        : pathname.endsWith(".js")
        ? "text/javascript"
        : "text/typescript";
      return new Response(body, { headers: { "content-type": type } });
    },
  );
  const host = `127.0.0.1:${(server.addr as Deno.NetAddr).port}`;
  urlOf = await publishedNames(`http://${host}/`);
  return { server, host };
}

/** What each command is to print. */
const COMMANDS: readonly (readonly [words: string, expected: RegExp, input?: string])[] = [
  ["--version", new RegExp(`^unroll ${VERSION}\n$`)],
  ["train --help", /deno run jsr:@unroll\/cli train --model rnn/],
  ["recipe xor-linear --steps 2 --device cpu --out other", /2 steps/],
  ["recipe", /theano-fizzbuzz/],
  ["list", /fizzbuzz/],
  ["summary --model rnn --task fizzbuzz", /total/],
  ["runs", /fizzbuzz-rnn-0/],
  ["eval", /loss/],
  ["predict", /\w/, "5\n6\n"],
  ["limits --axis numbers", /(right|wrong) (through|from)/],
  ["prove", /^(Proven|Refuted|Not certified): /m],
  ["lr-find --model rnn --task xor --device cpu --out y.svg", /Drawn in y\.svg/],
  ["sample last --length 5", /\w/],
  ["inspect", /Hidden states/],
  ["inspect --out x.svg", /x\.svg/],
  ["inspect --out x.png", /x\.png/],
  ["report", /report\.html/],
  ["completions bash", /unroll/],
  ["doctor", /Unroll +\d/],
];

Deno.test("[long] every command runs where its modules come from a server", async () => {
  const folder = await Deno.makeTempDir();
  const { server, host } = await serve();
  const run = async (words: string, input = "") => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--no-config", "--no-prompt", "--no-lock"]
        .concat(`--allow-import=${host}`, "--allow-read", "--allow-write", "--allow-env")
        .concat("--allow-sys", `http://${host}/cli/mod.ts`, words.split(" ")),
      cwd: folder,
      env: { INIT_CWD: folder },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    // A command that asks for nothing has left by then.
    const given = new Blob([input]).stream().pipeTo(child.stdin).catch(() => {});
    const { code, stdout, stderr } = await child.output();
    await given;
    const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    // A network that is wrong is an answer of prove.
    const codes = words === "prove" ? [0, 3, 4] : [0];
    assert(codes.includes(code), `${words}: ${errors}`);
    // In a pipe nothing has colours.
    assert(!output.includes("\x1b"), `${words}: ${output}`);
    return output;
  };
  try {
    const trained = await run(
      "train --model rnn --task fizzbuzz --hidden 3 --steps 3 --device cpu",
    );
    assertMatch(trained, /: deno run jsr:@unroll\/cli inspect runs\//);
    await Promise.all(COMMANDS.map(async ([words, expected, input]) => {
      assertMatch(await run(words, input), expected);
    }));
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});
