/**
 * Zod, of which schemas of options are made, so that a plugin needs no package beside this one. Any other zod 4 does
 * as well, and `zod/mini` where the size of a page counts.
 *
 * @example Usage
 * ```ts
 * import type { OptionsSchema } from "@unroll/core/plugin";
 * import { parseOptions } from "@unroll/core/plugin/host";
 * import * as z from "@unroll/core/plugin/zod";
 * import { strictEqual } from "node:assert/strict";
 *
 * const options: OptionsSchema<{ readonly size: number }> = z.object({
 *   size: z.int().min(1).default(32).describe("Sequences of a batch"),
 * });
 * strictEqual(parseOptions(options, {}).size, 32);
 * ```
 *
 * @module
 */
export * from "zod";
