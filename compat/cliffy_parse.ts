/**
 * How the stand-in for `jsr:@cliffy/command` reads what was typed, over `parseArgs`
 * of `node:util`. See `cliffy_command.ts`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Command } from "./cliffy_command.ts";
import type { Option, Values } from "./cliffy_options.ts";
import {
  type Argument,
  camelCase,
  didYouMean,
  DuplicateOptionError,
  flagOf,
  HANDLERS,
  MissingOptionValueError,
  NoArgumentsAllowedError,
  TooManyArgumentsError,
  Type,
  UnknownOptionError,
  ValidationError,
} from "./cliffy_types.ts";

/** What has been read so far. */
export interface Context {
  readonly rest: string[];
  readonly flags: Values;
  readonly env: Values;
  readonly given: Map<string, Option>;
}

/** A mistake in options, as Cliffy throws it: with its kind as the cause. */
function flagsMistake(kind: new (message: string) => Error, message: string): ValidationError {
  return new ValidationError(message, { cause: new kind(message) });
}

/** The property that an option sets: `no-color` sets `color`. */
function propertyOf(option: Option): string {
  return camelCase(option.name.replace(/^no-/, ""));
}

/** Reads global options that stand before the name of a subcommand. */
export function parseLeadingGlobals(command: Command, context: Context): void {
  while (context.rest[0]?.startsWith("-")) {
    const flag = context.rest[0].split("=")[0];
    const option = find(command, flag);
    if (!option?.global || option.standalone) return;
    const width = option.args.length > 0 && !context.rest[0].includes("=") ? 2 : 1;
    parseOptions(command, context, context.rest.splice(0, width));
  }
}

function find(command: Command, flag: string): Option | undefined {
  const name = flag.replace(/^-+/, "");
  return command.getOptions(true)
    .find((option) => option.name === name || option.aliases.includes(name));
}

/** Reads options into the context, and returns what is not one. */
export function parseOptions(
  command: Command,
  context: Context,
  args: readonly string[],
): { readonly positionals: string[]; readonly literal: string[] } {
  const options = command.getOptions(true);
  const config: Record<string, { type: "string" | "boolean"; short?: string }> = {};
  for (const option of options) {
    const names = [option.name, ...option.aliases];
    const short = names.find((name) => name.length === 1);
    const type = option.args.length > 0 ? "string" : "boolean";
    for (const name of names.filter((name) => name.length > 1)) config[name] = { type };
    if (short !== undefined) config[option.name] = { type, short };
  }
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });

  const positionals: string[] = [];
  const literal: string[] = [];
  let terminated = false;
  let swallowed = -1;
  for (const token of tokens) {
    if (token.kind === "option-terminator") terminated = true;
    else if (token.kind === "positional") (terminated ? literal : positionals).push(token.value);
    else if (token.index !== swallowed) {
      const option = find(command, token.rawName);
      if (option !== undefined) take(command, context, option, token.value);
      else if (
        positionals.length < command.getArguments().length ||
        command.getArguments().at(-1)?.variadic
      ) {
        swallowed = token.index;
        positionals.push(args[token.index]);
      } else {
        const known = options.flatMap(({ name, aliases }) => [name, ...aliases]).map(flagOf);
        throw flagsMistake(
          UnknownOptionError,
          `Unknown option "${token.rawName}".${didYouMean("option", token.rawName, known)}`,
        );
      }
    }
  }
  return { positionals, literal };
}

/** Notes that an option was given. */
function take(command: Command, context: Context, option: Option, text: string | undefined): void {
  const property = propertyOf(option);
  const flag = flagOf(option.name);
  const previous = context.flags[property];
  if (previous !== undefined && !option.collect) {
    throw flagsMistake(
      DuplicateOptionError,
      `Option "${flag.replace(/^--no-/, "--")}" can only occur once, but was found several times.`,
    );
  }
  let value: unknown;
  const [argument] = option.args;
  if (argument === undefined) {
    if (text !== undefined) {
      throw new ValidationError(`Option "${flag}" doesn't take a value, but got "${text}".`);
    }
    value = !option.name.startsWith("no-");
  } else {
    if (text === undefined) {
      throw flagsMistake(MissingOptionValueError, `Missing value for option "${flag}".`);
    }
    if (text === "" && !option.required) return;
    value = parseValue(command, "Option", flag, argument, text);
  }
  context.given.set(property, option);
  if (option.value !== undefined) value = option.value(value, previous);
  else if (option.collect) value = [...(previous ?? []), value];
  context.flags[property] = value;
}

function parseValue(
  command: Command,
  label: string,
  name: string,
  argument: Argument,
  text: string,
): unknown {
  const handler = command.getHandler(argument.type);
  if (handler === undefined) {
    throw new Error(
      `Unknown type "${argument.type}".${didYouMean("type", argument.type, Object.keys(HANDLERS))}`,
    );
  }
  const parse = (value: string) => {
    const type = { label, name, type: argument.type, value };
    return handler instanceof Type ? handler.parse(type) : handler(type);
  };
  return argument.list ? text.split(",").map(parse) : parse(text);
}

export function parseEnvironment(command: Command, context: Context, checkRequired: boolean): void {
  for (const variable of command.getEnvVars(true)) {
    const name = variable.names.find((name) =>
      Deno.permissions.querySync({ name: "env", variable: name }).state === "granted" &&
      Deno.env.get(name)
    );
    if (name === undefined) {
      if (!variable.required || !checkRequired) continue;
      throw new ValidationError(`Missing required environment variable "${variable.names[0]}".`);
    }
    const text = Deno.env.get(name) ?? "";
    const value = parseValue(command, "Environment variable", name, variable.details, text);
    const { names: [first], prefix = "" } = variable;
    const property = camelCase(first.startsWith(prefix) ? first.slice(prefix.length) : first);
    context.env[property] = variable.value === undefined ? value : variable.value(value);
  }
}

export function setDefaults(command: Command, { flags, env }: Context): void {
  const options = command.getOptions(true);
  for (const option of options) {
    const property = propertyOf(option);
    if (flags[property] !== undefined || env[property] !== undefined) continue;
    const negative = option.name.startsWith("no-");
    if (negative && options.some(({ name }) => `no-${name}` === option.name)) continue;
    const fallback = option.default ?? (negative ? true : undefined);
    if (fallback === undefined) continue;
    const value = typeof fallback === "function" ? fallback() : fallback;
    flags[property] = option.value === undefined ? value : option.value(value);
  }
}

export function checkOptions(
  command: Command,
  { flags, env, given }: Context,
  standalone: Option | undefined,
): void {
  if (standalone !== undefined) {
    if (given.size === 1) return;
    throw new ValidationError(
      `Option "${flagOf(standalone.name)}" cannot be combined with other options.`,
    );
  }
  const present = (name: string) => given.has(camelCase(name)) || camelCase(name) in env;
  for (const option of given.values()) {
    const conflict = option.conflicts?.find(present);
    if (conflict !== undefined) {
      throw new ValidationError(
        `Option "${flagOf(option.name)}" conflicts with option "${flagOf(conflict)}".`,
      );
    }
    const missing = option.depends?.find((name) =>
      flags[camelCase(name)] === undefined && env[camelCase(name)] === undefined
    );
    if (missing !== undefined) {
      throw new ValidationError(
        `Option "${flagOf(option.name)}" depends on option "${flagOf(missing)}".`,
      );
    }
  }
  for (const option of command.getOptions(true)) {
    if (!option.required || propertyOf(option) in { ...flags, ...env }) continue;
    const excused = option.conflicts?.some((name) => flags[camelCase(name)]) ||
      [...given.values()].some((other) => other.conflicts?.includes(option.name));
    if (!excused) {
      throw new ValidationError(`Missing required option "${flagOf(option.name)}".`);
    }
  }
}

export function parsePositionals(
  command: Command,
  texts: readonly string[],
  standalone: boolean,
): unknown[] {
  if (command.getArguments().length === 0) {
    if (texts.length === 0) return [];
    if (command.getCommands(true).length === 0) {
      throw new NoArgumentsAllowedError(`No arguments allowed for command "${command.getPath()}".`);
    }
    if (command.getCommand(texts[0], true) !== undefined) {
      throw new TooManyArgumentsError(`Too many arguments: ${texts.join(" ")}`);
    }
    throw unknownCommand(texts[0], command.getCommands());
  }
  const missing = command.getArguments().slice(texts.length)
    .filter((argument) => !argument.optional).map(({ name }) => name);
  if (missing.length > 0 && !standalone) {
    throw new ValidationError(
      texts.length === 0
        ? `Missing argument(s): ${missing.join(", ")}`
        : `Missing argument: ${missing[0]}`,
    );
  }
  const last = command.getArguments().length - 1;
  if (texts.length > last + 1 && !command.getArguments()[last].variadic) {
    throw new TooManyArgumentsError(`Too many arguments: ${texts.slice(last + 1).join(" ")}`);
  }
  return texts.map((text, index) => {
    const argument = command.getArguments()[Math.min(index, last)];
    return parseValue(command, "Argument", argument.name, argument, text);
  });
}

/** The complaint about a command that is not there. */
export function unknownCommand(name: string, commands: readonly Command[]): ValidationError {
  const known = commands.map((command) => command.getName());
  return new ValidationError(`Unknown command "${name}".${didYouMean("command", name, known)}`);
}
