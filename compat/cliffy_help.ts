/**
 * The help of the stand-in for `jsr:@cliffy/command`. See `cliffy_command.ts`.
 *
 * @module
 */

import { inspect } from "node:util";
import type { Command, Option } from "./cliffy_command.ts";
import { type Argument, flagOf, Type, type TypeHandler } from "./cliffy_types.ts";

/** What help may leave out. */
export interface HelpOptions {
  /** Whole descriptions, not only their first lines. */
  readonly long?: boolean;
  /** Types of values. */
  readonly types?: boolean;
  /** Defaults and the like. */
  readonly hints?: boolean;
  /** Accepted, but the stand-in prints no colours. */
  readonly colors?: boolean;
}

/** Removes the indent of the first line from all of them. */
function dedent(text: string): string {
  const lines = text.split(/\r?\n/);
  while (lines.length > 0 && lines[0].trim() === "") lines.shift();
  const indent = lines[0]?.search(/\S/) ?? 0;
  return lines.map((line, index) => index === 0 ? line.trimStart() : line.slice(indent))
    .join("\n").trimEnd();
}

/** Lays rows out in columns, each padded to its longest cell and `padding` more. */
function table(
  rows: readonly (readonly string[])[],
  padding: readonly number[],
  indent: number = 2,
): string {
  const widths = padding.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.flatMap((row) => {
    const cells = row.map((cell) => cell.split("\n"));
    const height = Math.max(...cells.map((cell) => cell.length));
    return Array.from(
      { length: height },
      (_, line) =>
        " ".repeat(indent) + cells.map((cell, column) => {
          const text = cell[line] ?? "";
          return column < padding.length ? text.padEnd(widths[column] + padding[column]) : text;
        }).join("").trimEnd(),
    );
  }).join("\n");
}

/** The values that an option or an argument takes: `<n>`, or `<n:integer>` with types. */
export function formatArguments(values: readonly Argument[], types: boolean): string {
  return values.map(({ name, type, optional, variadic, list }) => {
    const text = `${name}${variadic ? "..." : ""}${types ? `:${type}${list ? "[]" : ""}` : ""}`;
    return optional ? `[${text}]` : `<${text}>`;
  }).join(" ");
}

/** `(required, Default: 5, Values: "a", "b")`. */
function formatHints(
  option: Partial<Option> & { readonly required?: boolean },
  handler: Type<unknown> | TypeHandler<unknown> | undefined,
): string {
  const hints: string[] = [];
  if (option.required) hints.push("required");
  const value = typeof option.default === "function" ? option.default() : option.default;
  if (value !== undefined) {
    const text = typeof option.defaultText === "function"
      ? option.defaultText(value)
      : option.defaultText ?? value;
    hints.push(`Default: ${typeof text === "string" ? JSON.stringify(text) : inspect(text)}`);
  }
  if (option.depends?.length) hints.push(`Depends: ${option.depends.map(flagOf).join(", ")}`);
  if (option.conflicts?.length) hints.push(`Conflicts: ${option.conflicts.map(flagOf).join(", ")}`);
  const values = handler instanceof Type ? handler.values?.() : undefined;
  if (values?.length) {
    hints.push(
      `Values: ${
        values.map((each) => typeof each === "string" ? JSON.stringify(each) : `${each}`).join(", ")
      }`,
    );
  }
  return hints.length > 0 ? `(${hints.join(", ")})` : "";
}

/** The help of a command. */
export function generateHelp(command: Command, options: HelpOptions = {}): string {
  const { long = false, types = false, hints = true } = options;
  const describe = (text: string) => long ? dedent(text) : dedent(text).split("\n", 1)[0].trim();
  const sections: string[] = [];
  const section = (title: string, text: string) => sections.push(`\n${title}:\n\n${text}\n`);

  const usage = [command.getPath(), command.getUsage(types)].filter((text) => text !== "").join(
    " ",
  );
  const version = command.getVersion();
  const header = [["Usage:", usage]];
  if (version !== undefined) header.push(["Version:", version]);
  sections.push(`\n${table(header, [1], 0)}\n`);

  const description = command.getDescription();
  if (description !== "") section("Description", table([[dedent(description)]], []));

  const args = command.getArguments().filter((arg) => arg.description !== undefined);
  if (args.length > 0) {
    const rows = args.map((arg) => [
      formatArguments([arg], types),
      "-",
      describe(arg.description ?? ""),
      hints ? formatHints({ required: !arg.optional }, command.getHandler(arg.type)) : "",
    ]);
    section("Arguments", table(rows, [2, 1, 2]));
  }

  const groups = Map.groupBy(command.getOptions(), (option) => option.groupName ?? "Options");
  for (const [title, members] of groups) {
    const typed = members.some((option) => option.args.length > 0);
    const rows = members.map((option) => [
      option.flags.join(", "),
      ...(typed ? [formatArguments(option.args, types)] : []),
      "-",
      describe(option.description),
      hints ? formatHints(option, command.getHandler(option.args[0]?.type)) : "",
    ]);
    section(title, table(rows, typed ? [2, 2, 1, 2] : [2, 1, 2]));
  }

  const commands = command.getCommands();
  if (commands.length > 0) {
    const typed = commands.some((child) => child.getArguments().length > 0);
    const rows = commands.map((child) => [
      [child.getName(), ...child.getAliases()].join(", "),
      ...(typed ? [formatArguments(child.getArguments(), types)] : []),
      "-",
      child.getShortDescription(),
    ]);
    section("Commands", table(rows, typed ? [2, 2, 1] : [2, 1]));
  }

  const variables = command.getEnvVars();
  if (variables.length > 0) {
    const rows = variables.map((variable) => [
      variable.names.join(", "),
      formatArguments([variable.details], types),
      "-",
      describe(variable.description),
      variable.required ? "(required)" : "",
    ]);
    section("Environment variables", table(rows, [2, 2, 1, 2]));
  }

  const examples = command.getExamples();
  if (examples.length > 0) {
    section("Examples", table(examples.map(({ name, text }) => [name, dedent(text)]), [1]));
  }
  return sections.join("");
}
