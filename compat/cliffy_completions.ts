/**
 * Stands in for `jsr:@cliffy/command/completions` where JSR is out of reach: a
 * command that prints scripts with which a shell completes commands, options and
 * values. See `jsr.ts`.
 *
 * @module
 */

import { Command, type Option, Type } from "./cliffy_command.ts";

/** One place on the command line and the words that may stand there. */
interface Place {
  /** The commands typed so far, without the program's name. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly about: string }[];
  readonly options: readonly { readonly option: Option; readonly values: readonly string[] }[];
}

/** All places of a command line. */
function placesOf(command: Command, path: readonly string[] = []): Place[] {
  const children = command.getCommands();
  const here: Place = {
    path: path.join(" "),
    words: children.map((child) => ({ word: child.getName(), about: child.getShortDescription() })),
    options: command.getOptions().map((option) => {
      const handler = command.getHandler(option.args[0]?.type);
      const values = handler instanceof Type ? handler.complete?.() ?? handler.values?.() : [];
      return { option, values: (values ?? []).map(String) };
    }),
  };
  return [here, ...children.flatMap((child) => placesOf(child, [...path, child.getName()]))];
}

function functionName(program: string): string {
  return `_${program.replace(/[^a-zA-Z0-9]/g, "_")}`;
}

/** Words for bash, quoted so that it does not expand them. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

function bashScript(program: string, command: Command): string {
  const places = placesOf(command);
  const name = functionName(program);
  const paths = places.map(({ path, words, options }) => {
    const flags = options.flatMap(({ option }) => option.flags);
    const all = [...flags, ...words.map(({ word }) => word)].join(" ");
    return `    ${quote(path)}) words=${quote(all)} ;;`;
  });
  const values = places.flatMap(({ path, options }) =>
    options.filter(({ values }) => values.length > 0).map(({ option, values }) =>
      `    ${option.flags.map((flag) => quote(`${path} ${flag}`)).join("|")}) words=${
        quote(values.join(" "))
      } ;;`
    )
  );
  const known = places.map(({ path }) => quote(path)).join("|");
  return `# bash completion for ${program}
${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${known}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${paths.join("\n")}
  esac
  case "$path $previous" in
${values.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F ${name} ${program}`;
}

function zshScript(program: string, command: Command): string {
  return `#compdef ${program}
autoload -U +X bashcompinit && bashcompinit
${bashScript(program, command)}`;
}

function fishScript(program: string, command: Command): string {
  const places = placesOf(command);
  const top = places[0].words.map(({ word }) => word).join(" ");
  const line = (path: string, rest: string) => {
    const condition = path === ""
      ? `not __fish_seen_subcommand_from ${top}`
      : path.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    return `complete -c ${program} -f -n ${quote(condition)} ${rest}`;
  };
  const lines = places.flatMap(({ path, words, options }) => [
    ...words.map(({ word, about }) => line(path, `-a ${word} -d ${quote(about)}`)),
    ...options.map(({ option, values }) => {
      const flags = option.flags.map((flag) =>
        flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
      );
      const value = option.args.length > 0
        ? [`-r${values.length > 0 ? ` -a ${quote(values.join(" "))}` : ""}`]
        : [];
      const about = `-d ${quote(option.description.split("\n", 1)[0])}`;
      return line(path, [...flags, ...value, about].join(" "));
    }),
  ]);
  return [`# fish completion for ${program}`, ...lines].join("\n");
}

const SHELLS: Readonly<Record<string, (program: string, command: Command) => string>> = {
  bash: bashScript,
  fish: fishScript,
  zsh: zshScript,
};

/**
 * Generates the script with which a shell completes a command line.
 *
 * @param command The whole command line.
 * @param shell The shell.
 * @param options The name that the command is typed by, if not its own.
 * @returns The script.
 */
export function generateShellCompletions(
  command: Command,
  shell: "bash" | "fish" | "zsh",
  options: { readonly name?: string } = {},
): string {
  return SHELLS[shell](options.name ?? command.getName(), command);
}

/** A command with one command a shell, which prints its script. */
export class CompletionsCommand extends Command {
  constructor(command?: Command) {
    super();
    this.description("Generate shell completions.");
    this.action(() => this.showHelp());
    for (const [shell, generate] of Object.entries(SHELLS)) {
      this.command(shell, `Generate shell completions for ${shell}.`);
      this.option("-n, --name <command-name>", "The name of the main command.");
      this.action((options: unknown) => {
        const { name } = options as { readonly name?: string };
        const main = command ?? this.getMainCommand();
        console.log(generate(name ?? main.getName(), main));
      });
    }
    this.reset();
  }
}
