/**
 * Lets the workspace run where JSR is out of reach.
 *
 * `deno.json` names the real JSR packages. Before a task that needs them, this
 * script tries to load them, from Deno's cache or from JSR. When they load, it
 * removes `.jsr/`. When they do not, it fills `.jsr/` with one workspace member
 * a package, of the same name and version, that re-exports a stand-in from this
 * folder; Deno then resolves the `jsr:` specifier to the member. No other code
 * knows of this. While stand-ins lie there, JSR is asked once an hour at most.
 * `JSR_STANDINS=1` or `JSR_STANDINS=0` settles it by hand.
 *
 * Run it with `--no-config`: the workspace does not resolve before it has run.
 *
 * @module
 */

/** A JSR package and the modules of this folder that stand in for it. */
interface StandIn {
  /** Folder of the generated member, inside `.jsr/`. */
  readonly folder: string;
  /** Export of the package → file in this folder. */
  readonly exports: Readonly<Record<string, string>>;
}

const STAND_INS: Readonly<Record<string, StandIn>> = {
  "@std/assert": {
    folder: "std_assert",
    exports: { ".": "std_assert.ts" },
  },
  "@std/async": {
    folder: "std_async",
    exports: { "./deadline": "std_async.ts" },
  },
  "@std/path": {
    folder: "std_path",
    exports: {
      "./basename": "std_path.ts",
      "./dirname": "std_path.ts",
      "./from-file-url": "std_path.ts",
      "./to-file-url": "std_path.ts",
    },
  },
  "@cliffy/command": {
    folder: "cliffy_command",
    exports: { ".": "cliffy_command.ts" },
  },
};

/** Milliseconds in which JSR must answer the first time, and once stand-ins lie there. */
const FIRST_TIMEOUT_MS = 5000;
const LATER_TIMEOUT_MS = 1000;
/** How long what was found out holds while stand-ins lie there: asking delays every command. */
const ASK_AGAIN = 3_600_000;

/**
 * Splits the specifier of a JSR package.
 *
 * @param specifier A specifier such as `jsr:@std/assert@^1.0.19`.
 * @returns Its name and the lowest version it admits.
 * @throws {RangeError} When it is not a JSR package with a caret range.
 *
 * @example Usage
 * ```ts ignore
 * parseSpecifier("jsr:@std/assert@^1.0.19"); // { name: "@std/assert", version: "1.0.19" }
 * ```
 */
export function parseSpecifier(
  specifier: string,
): { readonly name: string; readonly version: string } {
  const match = /^jsr:(@[^/]+\/[^@/]+)@\^(\d+\.\d+\.\d+)$/.exec(specifier);
  if (match === null) {
    throw new RangeError(
      `Cannot parse "${specifier}": wanted a specifier of the form jsr:@scope/name@^1.2.3`,
    );
  }
  return { name: match[1], version: match[2] };
}

/**
 * The files of the stand-ins, as the workspace wants them.
 *
 * @param specifiers The `jsr:` specifiers of the import map in `deno.json`.
 * @returns Path inside `.jsr/` → text, formatted as `deno fmt` does.
 * @throws {RangeError} When a package has no stand-in.
 */
export function standInFiles(
  specifiers: readonly string[],
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const specifier of specifiers) {
    const { name, version } = parseSpecifier(specifier);
    const standIn = STAND_INS[name];
    if (standIn === undefined) {
      throw new RangeError(
        `Cannot stand in for ${name}: wanted one of ${Object.keys(STAND_INS).join(", ")}`,
      );
    }
    const exports: Record<string, string> = {};
    for (const [subpath, file] of Object.entries(standIn.exports)) {
      exports[subpath] = `./${file}`;
      files.set(
        `${standIn.folder}/${file}`,
        `export * from "../../compat/${file}";\n`,
      );
    }
    const member = { name, version, exports, publish: false };
    files.set(
      `${standIn.folder}/deno.json`,
      `${JSON.stringify(member, null, 2)}\n`,
    );
  }
  return files;
}

/** Whether all the packages load, from the cache or from JSR, within `timeout` ms. */
async function realPackagesLoad(
  specifiers: readonly string[],
  timeout: number,
): Promise<boolean> {
  const loads = specifiers.flatMap((specifier) =>
    Object.keys(STAND_INS[parseSpecifier(specifier).name].exports)
      // Computed, because a literal specifier is fetched before the script starts.
      .map((subpath) => import(specifier + subpath.slice(1)))
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeout);
  });
  const loaded = Promise.all(loads).then(() => true, () => false);
  const answer = await Promise.race([loaded, late]);
  clearTimeout(timer);
  return answer;
}

/** What lies in `folder`: path → text, as {@linkcode standInFiles} gives it. */
function readFiles(folder: URL): Map<string, string> | undefined {
  const files = new Map<string, string>();
  try {
    for (const member of Deno.readDirSync(folder)) {
      const memberFolder = new URL(`${member.name}/`, folder);
      for (const file of Deno.readDirSync(memberFolder)) {
        const text = Deno.readTextFileSync(new URL(file.name, memberFolder));
        files.set(`${member.name}/${file.name}`, text);
      }
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return files;
}

/** Whether two sets of files are the same. */
function sameFiles(
  one: ReadonlyMap<string, string> | undefined,
  other: ReadonlyMap<string, string>,
): boolean {
  return one !== undefined && one.size === other.size &&
    [...other].every(([path, text]) => one.get(path) === text);
}

/** Whether JSR was found to be out of reach not long ago: the folder's time says when it was last asked. */
function wasAskedLately(folder: URL): boolean {
  const asked = Deno.statSync(folder).mtime?.getTime() ?? 0;
  const age = Date.now() - asked;
  return age >= 0 && age < ASK_AGAIN;
}

/** Removes `.jsr/` or fills it, whichever this machine needs. */
async function main(): Promise<void> {
  const root = new URL("../", import.meta.url);
  const folder = new URL(".jsr/", root);
  const config = JSON.parse(
    Deno.readTextFileSync(new URL("deno.json", root)),
  ) as { readonly imports: Readonly<Record<string, string>> };
  const specifiers = Object.values(config.imports)
    .filter((specifier) => specifier.startsWith("jsr:"));

  const present = readFiles(folder);
  const choice = Deno.env.get("JSR_STANDINS");
  const wanted = standInFiles(specifiers);
  const isComplete = sameFiles(present, wanted);
  if (isComplete && choice !== "0" && (choice === "1" || wasAskedLately(folder))) return;
  const standIn = choice === "1" || choice !== "0" &&
      !await realPackagesLoad(
        specifiers,
        present === undefined ? FIRST_TIMEOUT_MS : LATER_TIMEOUT_MS,
      );

  if (!standIn) {
    if (present !== undefined) Deno.removeSync(folder, { recursive: true });
    return;
  }
  if (!isComplete) {
    if (present !== undefined) Deno.removeSync(folder, { recursive: true });
    for (const [path, text] of wanted) {
      const file = new URL(path, folder);
      Deno.mkdirSync(new URL("./", file), { recursive: true });
      Deno.writeTextFileSync(file, text);
    }
    console.error("JSR is out of reach: using the stand-ins in compat/");
  }
  // Who was told what to use has not been asked.
  const asked = choice === "1" ? new Date(0) : new Date();
  Deno.utimeSync(folder, asked, asked);
}

if (import.meta.main) {
  await main();
  // A load that hangs must not keep the process alive.
  Deno.exit();
}
