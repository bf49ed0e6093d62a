/**
 * Paths that are typed are meant from where the user is; `deno task` itself runs in the workspace's folder.
 *
 * @module
 */

import { fromFileUrl } from "@std/path/from-file-url";
import { isAbsolute, resolve } from "node:path";
import { isBuiltInCorpus } from "@unroll/tasks";

/** Flags whose values are files or folders, and those whose values may also be the name of a run. */
const FLAGS: Readonly<Record<string, "path" | "run" | "corpus">> = {
  "--out": "path",
  "--runs": "path",
  "--corpus": "corpus",
  "--task-corpus": "corpus",
  "--from": "run",
  "--run": "run",
  "--resume": "run",
};

/** Flags without a value, after which a word is a run. */
const ALONE = /^--(json|show|state|dashboard|quiet|verbose|no-.*)$/;

/** Commands whose words are runs. */
const TAKES_RUNS: ReadonlySet<string> = new Set(
  ["eval", "limits", "prove", "verify", "sample", "predict", "inspect", "report", "export", "runs"]
    .concat("board"),
);

/**
 * Makes the paths among the words of a command line lead where they do for who typed them. Defaults stay as they are:
 * `runs` and `sweeps` lie where the program may write.
 *
 * @param args The words.
 * @param base The folder where they were typed, as a URL that ends in a slash.
 * @returns The same words, with absolute paths where this process is in another folder.
 */
export function resolveTypedPaths(args: readonly string[], base: URL): string[] {
  if (base.protocol !== "file:") return [...args];
  const [command = ""] = args;
  const folder = resolve(fromFileUrl(base));
  const of = (kind: "path" | "run" | "corpus", typed: string): string => {
    // A sweep takes several.
    if (command === "sweep" && kind === "corpus" && typed.includes(",")) {
      return typed.split(",").map((one) => of(kind, one.trim())).join(",");
    }
    if (typed === "" || typed === "-" || isAbsolute(typed)) return typed;
    if (kind === "corpus" && isBuiltInCorpus(typed)) return typed;
    const path = resolve(folder, typed);
    if (kind === "run" && !exists(path)) {
      // A run's name, or a path as the program itself tells it. What can only be a file is told by its whole path.
      return typed.endsWith(".safetensors") && !exists(typed) ? path : typed;
    }
    return folder === Deno.cwd() ? typed : path;
  };
  const resolved: string[] = [];
  let isOver = false;
  for (const [index, arg] of args.entries()) {
    const [, flag, value] = /^(--[\w-]+)=(.*)$/s.exec(arg) ?? [];
    const before = args[index - 1] ?? "";
    if (isOver) resolved.push(arg);
    else if (flag !== undefined) {
      resolved.push(Object.hasOwn(FLAGS, flag) ? `${flag}=${of(FLAGS[flag], value)}` : arg);
    } else if (index > 1 && Object.hasOwn(FLAGS, before)) resolved.push(of(FLAGS[before], arg));
    else if (
      index > 0 && TAKES_RUNS.has(command) && !arg.startsWith("-") &&
      (!before.startsWith("-") || ALONE.test(before))
    ) {
      resolved.push(of("run", arg));
    } else resolved.push(arg);
    isOver ||= arg === "--";
  }
  return resolved;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
