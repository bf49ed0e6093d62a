/**
 * From a name to a plugin: the built-in table, then the path of a module, then a package.
 *
 * @module
 */

import { unknownName } from "../util/names.ts";
import { shellWord } from "../util/shell_word.ts";
import { describeOptions, formatOptionValue } from "./options.ts";
import { isPlugin, type Plugin } from "./plugin.ts";

/** Where plugins are looked for. */
export interface ResolveSettings<Found extends Plugin> {
  /** The kind that is wanted. */
  readonly kind: Found["kind"];
  /** The built-in plugins, by name. */
  readonly table: Readonly<Record<string, Found>>;
  /** The folder that paths are relative to, as a URL that ends in a slash. */
  readonly base?: URL;
  /** Loads a module; by default `import()`. */
  readonly load?: (
    specifier: string,
  ) => Promise<Readonly<Record<string, unknown>>>;
}

/**
 * Finds a plugin by what was typed for it.
 *
 * A name of the table comes first. What looks like a module (`./my_model.ts`, `https://…`, `jsr:@me/model`,
 * `npm:my-model`, `@me/model`) is imported, and its one plugin of the wanted kind is taken: the default export, or the
 * only one; `module#name` says which when there are several.
 *
 * @param name What was typed.
 * @param settings Where to look.
 * @returns The plugin.
 * @throws {RangeError} When there is no such plugin, with the nearest name and those there are, or when the module cannot
 *   be loaded or has no plugin of that kind.
 *
 * @example Usage
 * ```ts
 * import { resolvePlugin } from "@unroll/core/plugin/host";
 * import { MODELS } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const model = await resolvePlugin("gru", { kind: "model", table: MODELS });
 * strictEqual(model.name, "gru");
 * ```
 */
export async function resolvePlugin<Found extends Plugin>(
  name: string,
  settings: ResolveSettings<Found>,
): Promise<Found> {
  const { kind, table } = settings;
  if (Object.hasOwn(table, name)) return table[name];
  if (!namesModule(name)) {
    throw new RangeError(unknownName(kind, name, Object.keys(table)));
  }
  const { path, wanted } = splitName(name);
  const module = await loadModule(path, settings);
  const plugin = pluginOf(module, wanted, path, kind);
  try {
    describeOptions(plugin.options);
  } catch (error) {
    throw new RangeError(
      `Cannot use "${path}" as a ${kind}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  return plugin as Found;
}

/**
 * Finds a plugin by a name that stands in a file, such as the configuration of a run.
 *
 * The author of the file chose the name, so nothing is imported for it: it is only looked up. The table may have modules,
 * too, by what was typed for them; a path there serves every name that ends in the same file, from whatever folder.
 *
 * @param name What the file says.
 * @param settings The kind that is wanted, the plugins that names may mean, and where the file says that the module was, for
 *   the sentence that refuses it.
 * @returns The plugin.
 * @throws {RangeError} When the table has none of that name, with how to allow a module.
 *
 * @example Usage
 * ```ts
 * import { type Plugin } from "@unroll/core/plugin";
 * import { knownPlugin } from "@unroll/core/plugin/host";
 * import { strictEqual, throws } from "node:assert/strict";
 * import * as z from "zod";
 *
 * const mgu: Plugin = { kind: "model", name: "mgu", summary: "Mine", options: z.object({}) };
 * const table = { "../plugins/mgu.ts": mgu };
 * strictEqual(knownPlugin("./mgu.ts", { kind: "model", table }), mgu);
 * throws(() => knownPlugin("./other.ts", { kind: "model", table }), RangeError);
 * ```
 */
export function knownPlugin<Found extends Plugin>(
  name: string,
  { kind, table, path }: Pick<ResolveSettings<Found>, "kind" | "table"> & {
    readonly path?: string;
  },
): Found {
  if (Object.hasOwn(table, name)) return table[name];
  if (!namesModule(name)) throw new RangeError(unknownName(kind, name, Object.keys(table)));
  const same = Object.keys(table).filter((key) => isPath(key) && fileName(key) === fileName(name));
  if (same.length === 1) return table[same[0]];
  const shown = formatOptionValue(name);
  throw new RangeError(
    `Cannot load ${kind} "${shown}": ${
      isTrustable(name)
        ? `a module is not imported because a run names it, allow it with --trust ${
          shellWord(isPlainPath(path) ? path : shown)
        } (in a program: ${kind}s["${shown}"])`
        : "code from a URL is never imported because a run names it"
    }`,
  );
}

/** Tests whether what stands in a file as a path can be shown as it is. */
function isPlainPath(path: string | undefined): path is string {
  return path !== undefined && isPath(path) && path.length < 1000 &&
    !/\p{Cc}/u.test(path);
}

/**
 * Returns the absolute path of the module that a name means, with `#name` where that was typed: what finds it from any
 * folder.
 *
 * @param name What was typed.
 * @param base The folder that paths are relative to, as a URL that ends in a slash.
 * @returns The path, or `undefined` where the name is not that of a file.
 *
 * @example Usage
 * ```ts
 * import { modulePath } from "@unroll/core/plugin/host";
 * import { strictEqual } from "node:assert/strict";
 *
 * const base = new URL("file:///home/user/plugins/");
 * strictEqual(modulePath("../mgu.ts", base), "/home/user/mgu.ts");
 * strictEqual(modulePath("gru", base), undefined);
 * ```
 */
export function modulePath(name: string, base: URL): string | undefined {
  const { path, wanted } = splitName(name);
  if (!namesModule(name) || !isPath(path)) return undefined;
  const url = new URL(specifierOf(path, base));
  if (url.protocol !== "file:") return undefined;
  const file = decodeURIComponent(url.pathname).replace(/^\/(?=[a-z]:)/i, "");
  return wanted === undefined ? file : `${file}#${wanted}`;
}

/**
 * Tests whether a name can be trusted to be imported for a run that has it: that of a file or a package, not a URL whose code
 * comes along with it or from the web.
 *
 * @param name What was typed, or stands in a file.
 * @returns Whether it names such a module.
 *
 * @example Usage
 * ```ts
 * import { isTrustable } from "@unroll/core/plugin/host";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const names = ["./mgu.ts", "jsr:@me/mgu", "gru", "data:text/javascript,", "https://example.com/mgu.ts"];
 * deepStrictEqual(names.map(isTrustable), [true, true, false, false, false]);
 * ```
 */
export function isTrustable(name: string): boolean {
  if (!URL.canParse(name)) return namesModule(name);
  return !["data:", "blob:", "http:", "https:"].includes(new URL(name).protocol);
}

/** Tells names from modules: a plain word is a name; a module has a slash, a colon or a script's ending. */
function namesModule(name: string): boolean {
  return /[/:\\]|\.[cm]?[jt]sx?(#|$)/.test(name);
}

async function loadModule(
  path: string,
  settings: ResolveSettings<Plugin>,
): Promise<Readonly<Record<string, unknown>>> {
  const load = settings.load ??
    ((specifier) => import(specifier) as Promise<Readonly<Record<string, unknown>>>);
  const specifier = specifierOf(path, settings.base);
  try {
    return await load(specifier);
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).split("\n")[0];
    throw new RangeError(
      `Cannot load ${settings.kind} "${path}": ${absentFile(error, message, specifier) ?? message}`,
      { cause: error },
    );
  }
}

/** Says which file is not there, if that is what is wrong: the module's own, or one that it imports. */
function absentFile(error: unknown, message: string, specifier: string): string | undefined {
  if ((error as { readonly code?: unknown } | null)?.code !== "ERR_MODULE_NOT_FOUND") {
    return undefined;
  }
  const [, found] = /^(?:Module not found|Cannot find module) ["'](.*?)["']/.exec(message) ?? [];
  if (found === undefined) return undefined;
  const pathOf = (url: string) =>
    url.startsWith("file:") ? decodeURIComponent(new URL(url).pathname) : url;
  const [absent, own] = [found, specifier].map(pathOf);
  return absent === own
    ? `there is no file ${own}`
    : `it imports ${absent}, and there is no such file`;
}

function isPath(path: string): boolean {
  return /^\.{0,2}[/\\]/.test(path) || /^[a-z]:[/\\]/i.test(path) ||
    (/\.[cm]?[jt]sx?$/.test(path) && !/^(@|[a-z][a-z+.-]*:)/i.test(path));
}

function fileName(path: string): string {
  return path.replace(/^.*[/\\]/s, "");
}

function specifierOf(path: string, base: URL | undefined): string {
  if (!isPath(path) || base === undefined) return path;
  const slashed = path.replaceAll("\\", "/");
  const encoded = encodeURI(slashed).replace(/[?#]/g, encodeURIComponent);
  // A drive's letter would be taken for the scheme of a URL.
  return new URL(/^[a-z]:\//i.test(slashed) ? `file:///${encoded}` : encoded, base).href;
}

/** Splits `module#name`; a # in the name of a folder or a file is part of the path. */
function splitName(name: string): { readonly path: string; readonly wanted?: string } {
  const [, path, wanted] = /^(.*)#([^#/\\]*)$/s.exec(name) ?? [];
  if (wanted === undefined || SCRIPT.test(wanted)) return { path: name };
  return { path, wanted };
}

const SCRIPT = /\.[cm]?[jt]sx?$/;

function pluginOf(
  module: Readonly<Record<string, unknown>>,
  wanted: string | undefined,
  path: string,
  kind: Plugin["kind"],
): Plugin {
  const exported = Object.entries(module).filter(
    (entry): entry is [string, Plugin] => isPlugin(entry[1]),
  );
  const fitting = exported.filter(([, plugin]) => plugin.kind === kind);
  const names = fitting.map(([name]) => name);
  if (wanted !== undefined) {
    const found = fitting.find(([name, plugin]) => name === wanted || plugin.name === wanted);
    if (found !== undefined) return found[1];
    throw new RangeError(`${unknownName(kind, wanted, names)}, in "${path}"`);
  }
  const chosen = fitting.find(([name]) => name === "default") ?? fitting[0];
  if (chosen === undefined) {
    const other = exported[0];
    throw new RangeError(
      `Cannot use "${path}" as a ${kind}: ${
        other === undefined
          ? "it exports no plugin"
          : `it exports the ${other[1].kind} "${other[1].name}"`
      }`,
    );
  }
  // The same plugin under two names is one plugin.
  if (
    chosen[0] !== "default" &&
    fitting.some(([, plugin]) => plugin !== chosen[1])
  ) {
    throw new RangeError(
      `Cannot use "${path}" as a ${kind}: it exports ${
        names.join(", ")
      }, say which, as in "${path}#${chosen[0]}"`,
    );
  }
  return chosen[1];
}
