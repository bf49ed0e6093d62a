/**
 * The program `unroll`: what `deno install` installs, which names it after this file.
 *
 * ```sh
 * deno install --global jsr:@unroll/cli/unroll
 * ```
 *
 * @module
 */

import { start } from "./main.ts";

if (import.meta.main) start();
