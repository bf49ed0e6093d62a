/**
 * Strangers: programs, models and tasks as somebody else has them, each in a folder of its own with its own `deno.json`.
 * They are tried in a copy outside of this repository, with a link to it beside them as to a clone.
 */
import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { findChromium, openPage } from "../cli/test_support/browser.ts";

const ROOT = new URL("../", import.meta.url);
const NAMES = ["fit", "page", "plugins", "server"] as const;

const pathOf = (url: URL) => decodeURIComponent(url.pathname);

/** Copies the strangers' folders to where nothing is known of this repository but a link to it. */
async function inCopy(act: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.symlink(pathOf(ROOT).replace(/\/$/, ""), `${root}/unroll`);
    for (const name of NAMES) {
      const from = pathOf(new URL(`tests/outside/${name}/`, ROOT));
      await Deno.mkdir(`${root}/${name}`);
      for await (const { name: file } of Deno.readDir(from)) {
        await Deno.copyFile(`${from}${file}`, `${root}/${name}/${file}`);
      }
    }
    await act(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Runs Deno as somebody does in a folder, and gives what it printed. */
async function deno(cwd: string, words: string | readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: typeof words === "string" ? words.split(" ") : [...words],
    cwd,
    stdin: "null",
    // `deno task` tells where it was called, which is not here.
    env: { NO_COLOR: "1", INIT_CWD: cwd },
  }).output();
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertStrictEquals(code, 0, `${words}: ${output}${errors}`);
  return output;
}

/** The files that a guide has, by their names, and the commands of its last block. */
async function guide(path: string): Promise<{
  readonly files: ReadonlyMap<string, string>;
  readonly commands: readonly string[];
}> {
  const text = await Deno.readTextFile(new URL(path, ROOT));
  const files = [...text.matchAll(/^\*\*(\S+)\*\*\n\n```\w+(?: ignore)?\n(.*?)^```$/gms)];
  const [, commands = ""] = /^```sh\n((?:deno .*\n)+)```$/m.exec(text) ?? [];
  return {
    files: new Map(files.map(([, name, text]) => [name, text])),
    commands: commands.trimEnd().split("\n"),
  };
}

Deno.test("[long] strangers type-check where an import map and a link are all they have", async () => {
  await inCopy(async (root) => {
    const files: string[] = [];
    for (const name of NAMES) {
      for await (const { name: file } of Deno.readDir(`${root}/${name}`)) {
        if (file.endsWith(".ts")) files.push(`../${name}/${file}`);
      }
    }
    // One program, since each of its own would check the packages again.
    const { imports } = JSON.parse(await Deno.readTextFile(`${root}/page/deno.json`));
    const config = JSON.parse(await Deno.readTextFile(`${root}/plugins/deno.json`));
    await Deno.writeTextFile(
      `${root}/plugins/deno.json`,
      JSON.stringify({ ...config, imports: { ...imports, ...config.imports } }),
    );
    await deno(`${root}/plugins`, ["check", "--quiet", "--config", "deno.json", ...files]);
  });
});

Deno.test("[long] the guides' files and commands train, measure and sweep a model of one's own", async () => {
  const model = await guide("models/README.md");
  const task = await guide("tasks/README.md");
  const files = new Map([...model.files, ...task.files]);
  assertEquals([...files.keys()], ["deno.json", "mgu.ts", "plugins_test.ts", "parity.ts"]);
  await inCopy(async (root) => {
    const folder = `${root}/plugins`;
    for (const [name, text] of files) {
      // What the strangers' type-check has seen is what the guides show.
      assertEquals(text, await Deno.readTextFile(`${folder}/${name}`), name);
    }
    const outputs: string[] = [];
    for (const command of model.commands) {
      const [program, ...words] = command.split(" ");
      assertStrictEquals(program, "deno");
      outputs.push(await deno(folder, words[0] === "test" ? ["test", "--no-check"] : words));
    }
    const [tested, trained, measured, inspected, swept] = outputs;
    assertMatch(tested, /3 passed/);
    assertMatch(trained, /error 0 %/);
    assertMatch(measured, /^error +0 %$/m);
    assertMatch(inspected, /parity/);
    assertMatch(swept, /100 %/);
    // From elsewhere, after the run has moved and all that was beside it.
    await Deno.rename(`${folder}/runs`, `${root}/moved`);
    const words = `run -A --config ../plugins/deno.json @unroll/cli eval last --runs ../moved`;
    const trust = `${folder}/mgu.ts,${folder}/parity.ts`;
    assertMatch(await deno(`${root}/fit`, `${words} --trust ${trust}`), /^error +0 %$/m);
  });
});

Deno.test("a stranger's minimal gated unit learns Dyck-1, swept with an import map of their own", async () => {
  await inCopy(async (root) => {
    const folder = `${root}/plugins`;
    // The processes of a sweep find what this one finds.
    const config = JSON.parse(await Deno.readTextFile(`${folder}/deno.json`));
    const imports = { ...config.imports, "mine/": "./" };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ ...config, imports }));
    await Deno.writeTextFile(`${folder}/named.ts`, 'export { mgu } from "mine/mgu.ts";');
    const line = "task unroll sweep --model ./named.ts --task ./dyck.ts --seeds 1 --json";
    const rows = (await deno(folder, line)).trim().split("\n").map((line) => JSON.parse(line));
    const { state, problem, result } = rows[0];
    assertEquals([state, problem, result?.error], ["done", undefined, 0]);
  });
});

Deno.test("the README has the import map by which a stranger's page finds the packages", async () => {
  const [, json] = /```json\n(.*?)```/s.exec(await Deno.readTextFile(new URL("README.md", ROOT))) ??
    [];
  const page = new URL("tests/outside/page/deno.json", ROOT);
  assertEquals(JSON.parse(json), JSON.parse(await Deno.readTextFile(page)));
});

Deno.test("a stranger fits a curve with the core alone", async () => {
  await inCopy(async (root) => {
    const { found, loss } = JSON.parse(await deno(`${root}/fit`, "run --no-prompt fit.ts"));
    assertEquals(found, [2, 1.5, 0.5]);
    // Rounding of numbers up to 2.5 to 24 bits, squared.
    assert(loss < 1e-12, String(loss));
  });
});

Deno.test("a stranger's server answers from a saved run", async () => {
  await inCopy(async (root) => {
    const folder = `${root}/server`;
    const run = await deno(folder, "run --no-prompt --allow-read --allow-write train.ts");
    const server = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-read", "--allow-net", "server.ts", run.trim()],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    try {
      let said = "";
      let url: string | undefined;
      for await (const text of server.stderr.pipeThrough(new TextDecoderStream())) {
        said += text;
        [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(said) ?? [];
        if (url !== undefined) break;
      }
      assert(url !== undefined, said);
      const ask = async (question: string) => {
        const response = await fetch(`${url}?question=${encodeURIComponent(question)}`);
        return [response.status, await response.json()] as const;
      };
      for (const [a, b] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
        const [status, { answer }] = await ask(`${a} ${b}`);
        assertEquals([status, answer.length], [200, 1]);
        assert(answer[0].startsWith(`${a} xor ${b} = ${a ^ b} `), answer[0]);
      }
      const [status, { error }] = await ask("two");
      assertEquals([status, error], [
        400,
        'Cannot answer "two": two bits are needed, such as 0 1',
      ]);
    } finally {
      server.kill("SIGKILL");
      await server.stdout.cancel();
      await server.status;
    }
  });
});

const chromium = findChromium();

Deno.test({
  name: "a stranger's page learns in a browser",
  ignore: chromium === undefined,
  async fn() {
    await inCopy(async (root) => {
      const folder = `${root}/page`;
      await deno(folder, "bundle --quiet --no-check --platform=browser --output=page.js page.ts");
      const server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen() {} },
        async ({ url }) => {
          const isScript = new URL(url).pathname.endsWith(".js");
          return new Response(
            await Deno.readTextFile(`${folder}/${isScript ? "page.js" : "index.html"}`),
            { headers: { "content-type": isScript ? "text/javascript" : "text/html" } },
          );
        },
      );
      const page = await openPage(chromium as string);
      try {
        await page.open(`http://127.0.0.1:${server.addr.port}/`);
        const text = "document.querySelector('pre').textContent";
        await page.until(text);
        const lines = (await page.evaluate<string>(text)).split("\n");
        assertEquals(lines.map((line) => line.slice(0, 11)), [
          "error 0",
          "0 xor 0 = 0",
          "0 xor 1 = 1",
          "1 xor 0 = 1",
          "1 xor 1 = 0",
        ]);
        assertEquals(page.errors, []);
      } finally {
        await page.close();
        await server.shutdown();
      }
    });
  },
});
