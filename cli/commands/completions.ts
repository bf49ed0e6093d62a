/**
 * `completions`: what makes a shell complete command lines.
 *
 * @module
 */

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { SCRIPTS, SHELLS } from "../completions/scripts.ts";

/** The command `completions`, with one command for each shell. */
export const COMPLETIONS = defineCommand({
  childKind: "shell",
  schema: z.object({}),
  examples: [
    ["For bash, in ~/.bashrc inside of source <(…):", "unroll completions bash"],
    ["For zsh, in ~/.zshrc inside of source <(…):", "unroll completions zsh"],
    ["For fish, before | source in ~/.config/fish/config.fish:", "unroll completions fish"],
  ],
  commands: () =>
    SHELLS.map((shell) => ({
      name: shell,
      description: `Print what makes ${shell} complete command lines.`,
      load: () =>
        defineCommand({
          schema: z.object({}),
          examples: [],
          run: ({ terminal }) => terminal.write(SCRIPTS[shell]),
        }),
    })),
  run() {
    throw new UsageError(`Cannot complete without a shell: one of ${SHELLS.join(", ")} is needed`);
  },
});
