/**
 * What the type checker lets one write, in both worlds: the same lines are right and wrong with the real package and
 * with the stand-in. A line that ought to be wrong and is not is an error of its own.
 */
import { type ArgumentValue, Command, Type, ValidationError } from "@cliffy/command";
import { assertEquals } from "@std/assert";

class Names extends Type<string> {
  parse({ value }: ArgumentValue): string {
    return value;
  }

  override complete(): string[] {
    return ["a", "b"];
  }
}

Deno.test("Command takes and refuses the same types in both worlds", () => {
  const told: string[] = [];
  const command = new Command();
  command.name("tool").version("1.2.3").description("Does things.");
  command.versionOption("-V, --version", "Version.", () => void told.push("version"));
  command.help({ colors: false });
  command.noExit();
  command.group("Options");
  command.type("names", new Names());
  command.option("--name <text:names>", "A name.");
  command.option("--secret <text>", "A secret.", { hidden: true });
  command.example("One:", "tool run");
  command.arguments("[run]");
  command.action((options: unknown, ...words: unknown[]) => void told.push(`${options} ${words}`));
  command.command("below", new Command());
  // @ts-expect-error -- an action cannot count on arguments
  command.action((_options: unknown, _run: string) => {});
  // @ts-expect-error -- nor on what the options are
  command.action((_options: { readonly name: string }) => {});
  // @ts-expect-error -- whether there are colours is for the program to say
  command.help({ colors: "auto" });
  // @ts-expect-error -- a name is a text
  command.name(1);
  // @ts-expect-error -- an example has a title and a text
  command.example("tool run");
  // @ts-expect-error -- a type is an object
  command.type("names", ["a", "b"]);
  assertEquals([told, ValidationError.name], [[], "ValidationError"]);
});
