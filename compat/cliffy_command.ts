// deno-lint-ignore-file no-explicit-any -- a command line, typed loosely
/**
 * Stands in for `jsr:@cliffy/command` where JSR is out of reach: the part of its
 * `Command` that a command line like ours needs, with the same behaviour, over
 * `parseArgs` of `node:util`. See `jsr.ts`.
 *
 * Left out: types inferred from the definitions, options with optional or several
 * values, dotted and wildcard options, the `upgrade` command, colours.
 *
 * @module
 */

import { formatArguments, generateHelp, type HelpOptions } from "./cliffy_help.ts";
import type {
  ActionHandler,
  CalledAction,
  EnvVar,
  EnvVarOptions,
  Option,
  OptionOptions,
} from "./cliffy_options.ts";
import {
  checkOptions,
  type Context,
  parseEnvironment,
  parseLeadingGlobals,
  parseOptions,
  parsePositionals,
  setDefaults,
} from "./cliffy_parse.ts";
import {
  type Argument,
  flagOf,
  type Handler,
  HANDLERS,
  parseArgument,
  splitDefinition,
  ValidationError,
} from "./cliffy_types.ts";

export type {
  ActionHandler,
  EnvVar,
  EnvVarOptions,
  Option,
  OptionOptions,
} from "./cliffy_options.ts";
export {
  type ArgumentValue,
  BooleanType,
  EnumType,
  IntegerType,
  NumberType,
  StringType,
  Type,
  type TypeHandler,
  ValidationError,
} from "./cliffy_types.ts";

/** What {@linkcode Command.parse} resolves with. */
export interface CommandResult {
  readonly options: any;
  readonly args: any;
  readonly cmd: Command;
  readonly literal: string[];
}

/** A command: its options, its arguments, its subcommands and what it does. */
export class Command {
  #name = "COMMAND";
  #description: string | (() => string) = "";
  #version?: string;
  #versionOption?: {
    readonly flags: string;
    readonly description: string;
    readonly action: () => void;
  };
  #group?: string;
  #parent?: Command;
  #action?: CalledAction;
  #hidden = false;
  #throws = false;
  #exits = true;
  #rawArgs: string[] = [];
  #arguments: Argument[] = [];
  readonly #aliases: string[] = [];
  readonly #examples: { readonly name: string; readonly text: string }[] = [];
  readonly #options: Option[] = [];
  readonly #variables: EnvVar[] = [];
  readonly #handlers: Map<string, { readonly handler: Handler; readonly global?: boolean }> =
    new Map();
  readonly #commands: Map<string, Command> = new Map();
  /** The command that the next definition belongs to: this one, or the last added. */
  #current: Command = this;

  name(name: string): this {
    this.#current.#name = name;
    return this;
  }

  version(version: string | (() => string)): this {
    this.#current.#version = typeof version === "string" ? version : version();
    return this;
  }

  /** Replaces what `--version` does. */
  versionOption(flags: string, description: string, action: () => void): this {
    this.#versionOption = { flags, description, action };
    return this;
  }

  /** Says how help looks; the stand-in prints no colours. */
  help(_options: { readonly colors?: boolean }): this {
    return this;
  }

  description(description: string | (() => string)): this {
    this.#current.#description = description;
    return this;
  }

  alias(alias: string): this {
    this.#current.#aliases.push(alias);
    return this;
  }

  hidden(): this {
    this.#current.#hidden = true;
    return this;
  }

  group(name: string | null): this {
    this.#current.#group = name ?? undefined;
    return this;
  }

  example(name: string, text: string): this {
    this.#current.#examples.push({ name, text });
    return this;
  }

  type(name: string, handler: Handler, options: { readonly global?: boolean } = {}): this {
    this.#current.#handlers.set(name, { handler, global: options.global });
    return this;
  }

  arguments(definition: string, descriptions: readonly string[] = []): this {
    this.#current.#arguments = definition.trim().split(/ +/)
      .map((raw, index) => parseArgument(raw, descriptions[index]));
    return this;
  }

  option(
    definition: string,
    description: string,
    options: OptionOptions | OptionOptions["value"] = {},
  ): this {
    const { names, values } = splitDefinition(definition);
    if (values.length > 1 || values.some((value) => value.optional || value.variadic)) {
      throw new TypeError(
        `Cannot add option "${definition}": the stand-in knows one required value only`,
      );
    }
    const long = names.find((name) => name.startsWith("--")) ?? names[0];
    const name = long.replace(/^-+/, "");
    const settings = typeof options === "function" ? { value: options } : options;
    const target = this.#current;
    const clash = target.#options.findIndex((option) => option.name === name);
    if (clash >= 0 && !settings.override) {
      throw new Error(
        `An option with name '${flagOf(name)}' is already registered on command '${target.#name}'.`,
      );
    }
    if (clash >= 0) target.#options.splice(clash, 1);
    const option: Option = {
      ...settings,
      name,
      aliases: names.filter((each) => each !== long).map((each) => each.replace(/^-+/, "")),
      flags: [...names].sort((one, other) => flagWidth(one) - flagWidth(other)),
      description,
      args: values,
      groupName: target.#group,
    };
    if (settings.prepend) target.#options.unshift(option);
    else target.#options.push(option);
    return this;
  }

  globalOption(
    definition: string,
    description: string,
    options: OptionOptions | OptionOptions["value"] = {},
  ): this {
    const settings = typeof options === "function" ? { value: options } : options;
    return this.option(definition, description, { ...settings, global: true });
  }

  env(definition: string, description: string, options: EnvVarOptions = {}): this {
    const { names, values } = splitDefinition(definition);
    const details = values[0] ?? parseArgument("<value:boolean>");
    this.#current.#variables.push({ ...options, names, description, details });
    return this;
  }

  action(action: ActionHandler): this {
    this.#current.#action = action;
    return this;
  }

  throwErrors(): this {
    this.#current.#throws = true;
    return this;
  }

  noExit(): this {
    this.#current.#exits = false;
    return this.throwErrors();
  }

  /** Adds a command: one made before, or a new one with a description. */
  command(
    definition: string,
    command: string | Command = "",
    options: { readonly override?: boolean } = {},
  ): this {
    this.reset();
    const { names: [name, ...aliases], values } = splitDefinition(definition);
    if (this.#commands.has(name) && !options.override) {
      throw new Error(`Duplicate command name "${name}".`);
    }
    const child = command instanceof Command ? command.reset() : new Command();
    if (typeof command === "string") child.#description = command;
    child.#name = name;
    child.#parent = this;
    child.#aliases.push(...aliases);
    if (values.length > 0) child.#arguments = [...values];
    this.#commands.set(name, child);
    this.#current = child;
    return this;
  }

  /** Definitions belong to this command again. */
  reset(): this {
    this.#current = this;
    return this;
  }

  getName(): string {
    return this.#name;
  }

  getAliases(): readonly string[] {
    return this.#aliases;
  }

  getMainCommand(): Command {
    return this.#parent?.getMainCommand() ?? this;
  }

  getPath(): string {
    return this.#parent === undefined ? this.#name : `${this.#parent.getPath()} ${this.#name}`;
  }

  getVersion(): string | undefined {
    return this.#version ?? this.#parent?.getVersion();
  }

  getDescription(): string {
    return typeof this.#description === "function" ? this.#description() : this.#description;
  }

  getShortDescription(): string {
    return this.getDescription().trim().split("\n", 1)[0].trim();
  }

  getExamples(): readonly { readonly name: string; readonly text: string }[] {
    return this.#examples;
  }

  getArguments(): readonly Argument[] {
    return this.#arguments;
  }

  getUsage(types: boolean = false): string {
    const required = this.getOptions().filter((option) => option.required)
      .map((option) => `${flagOf(option.name)} ${formatArguments(option.args, types)}`.trim());
    return [formatArguments(this.#arguments, types), ...required].join(" ").trim();
  }

  getCommands(hidden: boolean = false): Command[] {
    return [...this.#commands.values()].filter((command) => hidden || !command.#hidden);
  }

  getCommand(name: string, hidden: boolean = false): Command | undefined {
    return this.getCommands(hidden)
      .find((command) => command.#name === name || command.#aliases.includes(name));
  }

  /** The options, those of the parents that are global before its own. */
  getOptions(hidden: boolean = false): Option[] {
    this.#defineDefaults();
    const inherited =
      this.#parent?.getOptions(true).filter((option) =>
        option.global && !this.#options.some((own) => own.name === option.name)
      ) ?? [];
    return [...inherited, ...this.#options].filter((option) => hidden || !option.hidden);
  }

  getEnvVars(hidden: boolean = false): EnvVar[] {
    const inherited = this.#parent?.getEnvVars(true).filter((variable) => variable.global) ?? [];
    return [...inherited, ...this.#variables].filter((variable) => hidden || !variable.hidden);
  }

  /** What parses values of a type. */
  getHandler(name: string | undefined): Handler | undefined {
    if (name === undefined) return undefined;
    const inherited = (command: Command | undefined): Handler | undefined => {
      if (command === undefined) return HANDLERS[name];
      const found = command.#handlers.get(name);
      return found?.global ? found.handler : inherited(command.#parent);
    };
    return this.#handlers.get(name)?.handler ?? inherited(this.#parent);
  }

  getHelp(options: HelpOptions = {}): string {
    return generateHelp(this, options);
  }

  showHelp(options: HelpOptions = {}): void {
    console.log(this.getHelp(options));
  }

  showVersion(): void {
    console.log(this.getVersion());
  }

  /**
   * Reads the arguments and runs the command they name.
   *
   * @param args What was typed after the program's name.
   * @returns The options, the arguments, the command and what stood after `--`.
   * @throws {ValidationError} When they are wrong, after {@linkcode throwErrors}.
   */
  async parse(args: readonly string[] = Deno.args): Promise<CommandResult> {
    return await this.#parse({ rest: [...args], flags: {}, env: {}, given: new Map() });
  }

  /** Adds `--help`, and `--version` if there is one. */
  #defineDefaults(): void {
    const has = (name: string) => this.#options.some((option) => option.name === name);
    if (this.#parent !== undefined || has("help")) return;
    const [group, current] = [this.#group, this.#current];
    [this.#group, this.#current] = [undefined, this];
    const leave = (command: Command) => {
      if (command.#mayExit()) Deno.exit(0);
    };
    if (this.#version !== undefined && !has("version")) {
      const {
        flags = "-V, --version",
        description = "Show the version number for this program.",
        action,
      } = this.#versionOption ?? {};
      this.option(flags, description, {
        standalone: true,
        prepend: true,
        action() {
          if (action !== undefined) action();
          else if (this.#rawArgs.includes("--version")) {
            console.log(`${this.getMainCommand().#name} ${this.getVersion()}`);
          } else this.showVersion();
          leave(this);
        },
      });
    }
    this.option("-h, --help", "Show this help.", {
      standalone: true,
      global: true,
      prepend: true,
      action() {
        this.showHelp({ long: this.#rawArgs.includes("--help") });
        leave(this);
      },
    });
    [this.#group, this.#current] = [group, current];
  }

  #mayExit(): boolean {
    return this.#exits && (this.#parent === undefined || this.#parent.#mayExit());
  }

  #mayThrow(): boolean {
    return this.#throws || (this.#parent !== undefined && this.#parent.#mayThrow());
  }

  async #parse(context: Context): Promise<CommandResult> {
    try {
      this.reset();
      this.#rawArgs = [...context.rest];
      const name = context.rest[0];
      let child = name === undefined ? undefined : this.getCommand(name, true);
      if (child === undefined && this.#commands.size > 0) {
        parseLeadingGlobals(this, context);
        if (context.rest.length > 0) child = this.getCommand(context.rest[0], true);
      }
      if (child !== undefined) {
        context.rest.shift();
        return await child.#parse(context);
      }
      return await this.#run(context);
    } catch (error) {
      return this.#fail(error instanceof Error ? error : new Error(`${error}`));
    }
  }

  async #run(context: Context): Promise<CommandResult> {
    const { positionals, literal } = parseOptions(this, context, context.rest);
    const standalone = [...context.given.values()].find((option) => option.standalone);
    parseEnvironment(this, context, standalone === undefined);
    setDefaults(this, context);
    checkOptions(this, context, standalone);
    const options = { ...context.env, ...context.flags };
    const args = parsePositionals(this, positionals, standalone !== undefined);
    const result: CommandResult = { options, args, cmd: this, literal };

    for (const option of context.given.values()) await option.action?.call(this, options, ...args);
    if (standalone !== undefined) return result;
    if (this.#action === undefined && this.#commands.size > 0 && context.given.size === 0) {
      this.showHelp();
      if (this.#mayExit()) Deno.exit(0);
    }
    await this.#action?.call(this, options, ...args);
    return result;
  }

  /** Throws on, or prints help and the error and exits. */
  #fail(error: Error): never {
    if (this.#mayThrow() || !(error instanceof ValidationError)) throw error;
    this.showHelp();
    console.error(`  error: ${error.message}\n`);
    Deno.exit(error.exitCode);
  }
}

/** Orders flags: short ones first. */
function flagWidth(flag: string): number {
  return flag.startsWith("--") ? 1 : 0;
}
