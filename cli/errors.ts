/**
 * What a person sees when a command fails: one sentence on standard error, and an exit code.
 *
 * @module
 */

import { visible } from "./format.ts";

/** A mistake in how a command was typed: exit code 2. Everything else that fails exits with 1. */
export class UsageError extends Error {
  /** Name of the class. */
  override readonly name = "UsageError";
}

/** A run that was stopped and told of it: exit code 130, and nothing more to say. */
export class StoppedError extends Error {
  /** Name of the class. */
  override readonly name = "StoppedError";
}

/** An answer that was told and is not the one that was hoped for: its own exit code, and nothing more to say. */
export class AnswerError extends Error {
  /** Name of the class. */
  override readonly name = "AnswerError";

  /**
   * An answer.
   *
   * @param answer What it is.
   */
  constructor(readonly answer: "refuted" | "open") {
    super(answer);
  }
}

/** Exit codes. */
export const EXIT: Readonly<
  Record<"success" | "failure" | "usage" | "refuted" | "open" | "interrupted", number>
> = {
  success: 0,
  failure: 1,
  usage: 2,
  refuted: 3,
  open: 4,
  interrupted: 130,
};

/**
 * Does something that reads what was typed, so that its refusals count as mistakes in typing.
 *
 * @param act Reads and checks.
 * @returns What it gives.
 * @throws {UsageError} When it refuses with a `RangeError` or `TypeError`; the sentence stays.
 */
export async function withUsageErrors<Result>(
  act: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw new UsageError(error.message, { cause: error });
    }
    throw error;
  }
}

/** What plugins are waited for, the last one last. */
const WAITING: string[] = [];

/**
 * Waits for a plugin's code, so that {@linkcode exitWith} can tell of it if that never comes.
 *
 * @param action What the code does, to follow "Cannot".
 * @param result What it is to give.
 * @returns That.
 */
export async function waitFor<Result>(action: string, result: Promise<Result>): Promise<Result> {
  WAITING.push(action);
  try {
    return await result;
  } finally {
    WAITING.splice(WAITING.lastIndexOf(action), 1);
  }
}

/**
 * Ends the process with an exit code. Where that never comes, because nothing is left to do and somebody still waits, it
 * ends with a sentence.
 *
 * @param code The exit code to come. To await what this gives would let Deno say it first.
 */
export function exitWith(code: Promise<number>): void {
  const giveUp = () => {
    const action = WAITING.at(-1) ?? "go on";
    console.error(`Cannot ${action}: its code waits for a promise that nothing resolves`);
    Deno.exit(EXIT.failure);
  };
  addEventListener("unload", giveUp, { once: true });
  code.then((code) => {
    removeEventListener("unload", giveUp);
    Deno.exit(code);
  });
}

/** How failures are told. */
export interface FailureSettings {
  /** Prints on standard error. */
  readonly writeError: (text: string) => void;
  /** Whether stacks are shown too, for people who debug. */
  readonly debug: boolean;
  /** Says how to permit what was not, by a flag of Deno. */
  readonly permit?: (flag: string) => string;
}

/**
 * Runs a command and turns whatever it throws into one sentence and an exit code.
 *
 * @param command Does the command's work.
 * @param settings How failures are told.
 * @returns The exit code.
 */
export async function exitCodeOf(
  command: () => Promise<void>,
  settings: FailureSettings,
): Promise<number> {
  try {
    await command();
    return EXIT.success;
  } catch (error) {
    if (error instanceof StoppedError) return EXIT.interrupted;
    if (error instanceof AnswerError) return EXIT[error.answer];
    const sentence = deniedSentence(error, settings.permit) ?? sentenceOf(error);
    settings.writeError(`${shortened(visible(sentence))}\n`);
    if (settings.debug && error instanceof Error) {
      settings.writeError(`${error.stack}\n`);
      for (
        let cause = error.cause;
        cause instanceof Error;
        cause = cause.cause
      ) {
        settings.writeError(`caused by ${cause.stack}\n`);
      }
    }
    return error instanceof UsageError ? EXIT.usage : EXIT.failure;
  }
}

/** Leaves out the middle of a sentence that says again what was very long. */
function shortened(sentence: string): string {
  return sentence.length <= 600 ? sentence : `${sentence.slice(0, 400)} … ${sentence.slice(-150)}`;
}

/** Says what Deno was not permitted, and how to permit it; `undefined` where something else went wrong. */
function deniedSentence(
  error: unknown,
  permit: FailureSettings["permit"] = (flag) => flag,
): string | undefined {
  const [message] = error instanceof Error ? error.message.split("\n") : [""];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const denied = DENIED.exec(cause.message);
    if (denied === null) continue;
    const [, kind, subject] = denied;
    const action = /^Cannot [^:]*(?=: )/.exec(message)?.[0] ?? "Cannot go on";
    // What Deno keeps for those who permit everything, such as /proc, is not worth that.
    if (kind === "all") return `${action}: Deno does not permit access to ${subject}`;
    // Who may lock a run, or write beside its files, also needs what comes after: all of its folder.
    const place = kind === "write" ? subject?.replace(/[/\\]\.(lock|[^/\\]*\.tmp)$/, "") : subject;
    const flag = `--allow-${kind}${place === undefined ? "" : `=${place}`}`;
    const what = `${KINDS[kind] ?? kind}${subject === undefined ? "" : ` ${subject}`}`;
    return `${action}: ${what} is not permitted, permit it with ${permit(flag)}`;
  }
}

/** Kinds of permissions, in words. */
const KINDS: Readonly<Record<string, string>> = {
  read: "reading",
  write: "writing",
  run: "starting",
  net: "the network at",
  env: "the variable",
  ffi: "calling",
};

/** What Deno says where something is not permitted. */
const DENIED = /Requires (\w+) access(?: to (?:"([^"]*)"|<\w+>))?, run again/;

/** What V8 says of mistakes in a program, which begins as a sentence of ours does. */
const OF_THE_ENGINE =
  /^Cannot (?:(?:read|set) propert|(?:read|write|access) private|access '|convert |destructure |assign to |mix BigInt|redefine |delete property|(?:add|define|create) property|use 'in' |perform |create proxy|freeze|seal)/;

/** What Deno says of files, such as `File exists (os error 17): mkdir 'a'`. */
const OF_THE_SYSTEM = /^(.+?) \(os error \d+\): (\w+) '(.+)'$/;

/** What it does with them, in words. */
const OPERATIONS: Readonly<Record<string, string>> = {
  mkdir: "make the folder",
  open: "open",
  readdir: "list",
  readfile: "read",
  realpath: "find",
  remove: "remove",
  rename: "rename",
  stat: "look at",
  writefile: "write",
};

/** Takes the first line of what went wrong; what is not a refusal of ours says how to see more. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return `Cannot go on: ${String(error).split("\n")[0]}`;
  }
  const message = error.message.split("\n")[0];
  if (message.startsWith("Cannot ") && !OF_THE_ENGINE.test(message)) {
    return message.replace(/(?<=\w)\.$/, "");
  }
  const [, reason, operation = "", path] = OF_THE_SYSTEM.exec(message) ?? [];
  if (path !== undefined && Object.hasOwn(OPERATIONS, operation)) {
    return `Cannot ${OPERATIONS[operation]} ${path}: ${reason[0].toLowerCase()}${reason.slice(1)}`;
  }
  return `Cannot go on: ${message === "" ? error.name : message} (set DEBUG=1 to see where)`;
}
