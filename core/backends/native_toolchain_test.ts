/** Where native code is compiled, kept and refused, each in a process of its own with permissions of its own. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { pruneFolder } from "./native_folder.ts";

const BACKENDS = new URL("mod.ts", import.meta.url).href;
const CORE = new URL("../mod.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Whether this machine has a compiler: what follows starts it, but only in processes that may. */
const hasCompiler = Deno.build.os !== "windows" &&
  await new Deno.Command("cc", { args: ["--version"] }).output().then(
    ({ success }) => success,
    () => false,
  );

/** Squares numbers on a device, and says where it ran and what came of it, or why it did not. */
const program = (device: string) => `
  import { compile } from ${JSON.stringify(CORE)};
  import { openBackend } from ${JSON.stringify(BACKENDS)};
  try {
    using backend = await openBackend(${JSON.stringify(device)});
    using squares = compile((x) => [x.mul(x), x.add(0.125)], { backend });
    const results = await squares(Float32Array.of(1, 2, 3));
    console.log(backend.name, ...(await results[0].data()), ...(await results[1].data()));
  } catch (error) {
    console.log(String(error));
  }
`;

const RIGHT = "native 1 4 9 1.125 2.125 3.125\n";

interface Settings {
  readonly device?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the program in a folder. */
async function run(folder: string, { device = "native", flags = [], env = {} }: Settings = {}) {
  const path = `${folder}/program_${crypto.randomUUID()}.ts`;
  await Deno.writeTextFile(path, program(device));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", "--config", CONFIG, ...flags, path],
    cwd: folder,
    env: { NO_COLOR: "1", UNROLL_BACKEND: "", UNROLL_CACHE: `${folder}/cache`, ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { output: text(stdout), errors: text(stderr) };
}

/** The flags that native code needs in a folder. */
const permit = (cache: string) => [
  ...["ffi", "read", "write"].map((kind) => `--allow-${kind}=${cache}`),
  ...["--allow-run=cc", "--allow-env=UNROLL_BACKEND,UNROLL_CACHE"],
];

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test({
  name: "openBackend() runs native code with its folder and its compiler permitted, and no more",
  ignore: !hasCompiler,
  fn: () =>
    inFolder(async (folder) => {
      const flags = permit(`${folder}/cache`);
      assertEquals(await run(folder, { flags }), { output: RIGHT, errors: "" });
      assert(names(`${folder}/cache`).every((name) => /^[0-9a-f]{64}\.(so|sum)$/.test(name)));
      const made = names(`${folder}/cache`);
      assertEquals(((await Deno.stat(`${folder}/cache`)).mode ?? 0) & 0o077, 0);
      // Relative to where it runs, and nothing is compiled twice.
      const relative = { flags: permit("cache"), env: { UNROLL_CACHE: "cache" } };
      assertEquals(await run(folder, relative), { output: RIGHT, errors: "" });
      assertEquals(names(`${folder}/cache`), made);
      // Where no variable says otherwise, where the system has its caches.
      const place = Deno.build.os === "darwin" ? "Library/Caches/unroll" : ".cache/unroll";
      const home = {
        flags: [...permit(`${folder}/${place}`), "--allow-env=UNROLL_CACHE,HOME"],
        env: { UNROLL_CACHE: "", HOME: folder },
      };
      assertEquals(await run(folder, home), { output: RIGHT, errors: "" });
      assertEquals(names(`${folder}/${place}`), made);
    }),
});

Deno.test("openBackend() names each flag that native code lacks", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const flags = permit(cache);
    for (const missing of flags.filter((flag) => !flag.startsWith("--allow-env"))) {
      const { output } = await run(folder, { flags: flags.filter((flag) => flag !== missing) });
      const named = hasCompiler || Deno.build.os === "windows"
        ? missing
        : [...new Set([missing, "--allow-run=cc"])].join(" ");
      const sentence = Deno.build.os === "windows"
        ? "Windows has no cc"
        : named === "--allow-run=cc"
        ? "there is no C compiler named cc, or --allow-run=cc was not given"
        : `it needs a C compiler named cc, and ${named}`;
      assertStrictEquals(output, `RangeError: Cannot open native: ${sentence}\n`);
    }
    const { output } = await run(folder);
    assertMatch(output, /^RangeError: Cannot open native: it needs .*--allow-(run=cc|env=HOME)\n$/);
  }));

Deno.test("openBackend() names the flags of any folder as a shell takes them", () =>
  inFolder(async (folder) => {
    if (Deno.build.os === "windows") return;
    const flags = ["--allow-env=UNROLL_CACHE"];
    const { output } = await run(folder, { flags, env: { UNROLL_CACHE: "/a b,c/it's" } });
    const place = "'/a b,,c/it'\\''s'";
    assertStringIncludes(
      output,
      `--allow-ffi=${place} --allow-read=${place} --allow-write=${place}`,
    );
  }));

Deno.test("openBackend() says which variable is no text", () =>
  inFolder(async (folder) => {
    if (Deno.build.os === "windows") return;
    await Deno.writeTextFile(`${folder}/program.ts`, program("auto"));
    for (const variable of ["UNROLL_BACKEND", "UNROLL_THREADS", "HOME", "DEBUG"]) {
      const { stdout } = await new Deno.Command("sh", {
        args: ["-c", `export ${variable}="$(printf '\\377')"; exec "$@"`, "sh", Deno.execPath()]
          .concat("run", "--quiet", "--no-check", "--no-prompt", "--config", CONFIG, "--allow-env")
          .concat(`${folder}/program.ts`),
        env: { NO_COLOR: "1", DENO_DIR: `${folder}/deno` },
        stdin: "null",
      }).output();
      assertStrictEquals(
        new TextDecoder().decode(stdout),
        variable.startsWith("UNROLL_")
          ? `RangeError: Cannot read ${variable}: UTF-8 text is needed\n`
          : RIGHT.replace("native", "cpu"),
      );
    }
  }));

Deno.test("openBackend() goes on with the CPU where UNROLL_BACKEND asks for native code in vain, and says why", () =>
  inFolder(async (folder) => {
    const { output, errors } = await run(folder, {
      device: "auto",
      flags: ["--allow-env=UNROLL_BACKEND"],
      env: { UNROLL_BACKEND: "native" },
    });
    assertStrictEquals(output, RIGHT.replace("native", "cpu"));
    assertMatch(errors, /^Cannot open native: [^\n]+, so cpu is used in its place\n$/);
  }));

/** Writes a program named `cc` that does something else first, and gives a path that begins with it. */
async function fakeCompiler(folder: string, script: string): Promise<string> {
  await Deno.mkdir(`${folder}/bin`, { recursive: true });
  await Deno.writeTextFile(`${folder}/bin/cc`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${folder}/bin:${Deno.env.get("PATH")}`;
}

Deno.test({
  name: "openBackend() says in one sentence what is wrong with a compiler or a folder",
  ignore: !hasCompiler,
  fn: () =>
    inFolder(async (folder) => {
      const flags = permit(`${folder}/cache`);
      const tell = async (settings: Settings) => (await run(folder, { flags, ...settings })).output;
      const refused = (sentence: string) => `RangeError: Cannot open native: ${sentence}\n`;
      const PATH = await fakeCompiler(folder, "echo no licence >&2; exit 1");
      assertStrictEquals(await tell({ env: { PATH } }), refused("cc failed: no licence"));
      // Without the C library, a compiler can expand macros and nothing else.
      await fakeCompiler(
        folder,
        'case "$*" in *-dM*) exec /usr/bin/env -i PATH=/usr/bin:/bin cc "$@";; esac; echo stdint.h: No such file >&2; exit 1',
      );
      assertMatch(
        await tell({ env: { PATH } }),
        /^RangeError: Cannot open native: .*cc failed: stdint\.h: No such file\n$/,
      );
      // What it makes is no library.
      await fakeCompiler(
        folder,
        'case "$*" in *-dM*) exec /usr/bin/env -i PATH=/usr/bin:/bin cc "$@";; esac; while [ "$1" != -o ]; do shift; done; echo nothing > "$2"',
      );
      assertMatch(await tell({ env: { PATH } }), /^RangeError: Cannot open native: [^\n]+\n$/);
      // It makes nothing, and says that all is well.
      await fakeCompiler(
        folder,
        'case "$*" in *-dM*) exec /usr/bin/env -i PATH=/usr/bin:/bin cc "$@";; esac; exit 0',
      );
      await Deno.remove(`${folder}/cache`, { recursive: true });
      assertMatch(
        await tell({ env: { PATH } }),
        /^RangeError: Cannot open native: [^\n]*cc failed: what it makes is not there\n$/,
      );
      // It is interrupted, as by Ctrl-C in a terminal.
      await fakeCompiler(
        folder,
        `case "$*" in *-dM*) ;; *) if [ ! -e ${folder}/first ]; then touch ${folder}/first; kill -INT $$; fi;; esac; exec /usr/bin/env -i PATH=/usr/bin:/bin cc "$@"`,
      );
      assertStrictEquals(await tell({ env: { PATH } }), RIGHT);
      await Deno.remove(`${folder}/cache`, { recursive: true });
      // The folder is removed while it compiles.
      await fakeCompiler(
        folder,
        `case "$*" in *-dM*) ;; *) if [ ! -e ${folder}/once ]; then touch ${folder}/once; rm -r ${folder}/cache; fi;; esac; exec /usr/bin/env -i PATH=/usr/bin:/bin cc "$@"`,
      );
      assertStrictEquals(await tell({ env: { PATH } }), RIGHT);
      await Deno.remove(`${folder}/cache`, { recursive: true });
      await Deno.writeTextFile(`${folder}/cache`, "a file");
      assertMatch(
        await tell({}),
        /^RangeError: Cannot open native: compiled libraries cannot be kept in \S+\/cache: [^\n]+\n$/,
      );
      await Deno.remove(`${folder}/cache`);
      await Deno.mkdir(`${folder}/cache`);
      await Deno.chmod(`${folder}/cache`, 0o777);
      assertStrictEquals(
        await tell({}),
        refused(`others may write to ${folder}/cache, where compiled libraries are kept`),
      );
      assertEquals(names(`${folder}/cache`), []);
      // In a folder in which everybody may rename it, and, where only the owner may, in one that is somebody else's.
      await Deno.mkdir(`${folder}/all/own`, { recursive: true });
      await Deno.symlink("all/own", `${folder}/link`);
      const exposed = (cache: string) =>
        refused(
          `others may put their own in place of ${cache}, for they may write to ${folder}/all`,
        );
      for (const [mode, owner] of [[0o777], ...Deno.uid() === 0 ? [[0o755, 12345]] : []]) {
        await Deno.chmod(`${folder}/all`, mode);
        if (owner !== undefined) await Deno.chown(`${folder}/all`, owner, owner);
        for (const cache of [`${folder}/all/own/cache`, `${folder}/link/cache`]) {
          assertStrictEquals(
            await tell({ flags: ["-A"], env: { HOME: folder, UNROLL_CACHE: cache } }),
            exposed(cache),
          );
          assertEquals(names(cache), []);
        }
      }
      await Deno.chown(`${folder}/all`, Deno.uid(), Deno.gid());
      await Deno.chmod(`${folder}/all`, 0o1777);
      assertStrictEquals(
        await tell({
          flags: ["-A"],
          env: { HOME: folder, UNROLL_CACHE: `${folder}/link/cache` },
        }),
        RIGHT,
      );
      // A program that the compiler refuses.
      await Deno.chmod(`${folder}/cache`, 0o700);
      await fakeCompiler(
        folder,
        'for last; do :; done; if grep -qs "void run" "$last"; then echo too large >&2; exit 1; fi; exec /usr/bin/env -i PATH=/usr/bin:/bin cc "$@"',
      );
      assertStrictEquals(
        await tell({ env: { PATH } }),
        "Error: Cannot compile a program: cc failed: too large\n",
      );
      assert(names(`${folder}/cache`).every((name) => /^[0-9a-f]{64}\.(so|sum)$/.test(name)));
    }),
});

Deno.test({
  name:
    "openBackend() loads no library that is broken or others can have written, but makes it anew",
  ignore: !hasCompiler,
  fn: () =>
    inFolder(async (folder) => {
      const cache = `${folder}/cache`;
      const flags = permit(cache);
      await run(folder, { flags });
      const made = names(cache).filter((name) => name.endsWith(".so"));
      assertStrictEquals(made.length, 2);
      const spoil = (name: string) => Deno.writeTextFile(`${cache}/${name}`, "no library");
      const spoilers: readonly ((name: string) => Promise<void>)[] = [
        // Our own, which was written over, or cut off.
        spoil,
        (name) => Deno.truncate(`${cache}/${name}`, 9000),
        async (name) => {
          await spoil(name);
          await Deno.chmod(`${cache}/${name}`, 0o722);
        },
        async (name) => {
          await spoil(name);
          await Deno.rename(`${cache}/${name}`, `${folder}/elsewhere`);
          await Deno.symlink(`${folder}/elsewhere`, `${cache}/${name}`);
        },
        ...Deno.uid() === 0
          ? [async (name: string) => {
            await spoil(name);
            await Deno.chown(`${cache}/${name}`, 12345, 12345);
          }]
          : [],
      ];
      for (const spoilIt of spoilers) {
        for (const name of made) await spoilIt(name);
        assertEquals(await run(folder, { flags }), { output: RIGHT, errors: "" });
        for (const name of made) {
          const { isFile, uid, mode, size } = await Deno.lstat(`${cache}/${name}`);
          assertEquals([isFile, uid, (mode ?? 0) & 0o777], [true, Deno.uid(), 0o700]);
          assert(size > 1000);
        }
      }
    }),
});

Deno.test({
  name: "openBackend() may compile one program in several processes at once",
  ignore: !hasCompiler,
  fn: () =>
    inFolder(async (folder) => {
      const flags = permit(`${folder}/cache`);
      const all = await Promise.all([1, 2, 3].map(() => run(folder, { flags })));
      assertEquals(all, all.map(() => ({ output: RIGHT, errors: "" })));
      // Whole libraries, each once, and nothing beside them.
      const found = names(`${folder}/cache`);
      assertEquals(found.map((name) => /^[0-9a-f]{64}\.(so|sum)$/.test(name)), [
        true,
        true,
        true,
        true,
      ]);
    }),
});

Deno.test("pruneFolder() removes the libraries used least recently, what was left unfinished, and nothing else", async () => {
  await inFolder(async (folder) => {
    const library = (i: number) => `${String(i).padStart(64, "0")}.so`;
    const unfinished = "01234567-89ab-cdef-0123-456789abcdef";
    const old = new Date(Date.now() - 2 * 24 * 3600 * 1000);
    const own = ["mine.c", "mine.so", "notes.txt"];
    const all = [0, 1, 2, 3, 4, 5].map(library).concat(`${unfinished}.c`, `${unfinished}.so`, own);
    for (const [i, name] of all.entries()) {
      await Deno.writeTextFile(`${folder}/${name}`, "");
      // The first is the oldest; 4 and 5 are of today.
      const time = new Date(old.getTime() + 1000 * i);
      if (i !== 4 && i !== 5) await Deno.utime(`${folder}/${name}`, time, time);
    }
    const rest = () => names(folder).sort();
    await pruneFolder(folder, 8);
    assertEquals(rest(), [...[0, 1, 2, 3, 4, 5].map(library), ...own].sort());
    await pruneFolder(folder, 5);
    assertEquals(rest(), [...[4, 5].map(library), ...own].sort());
  });
});
