/**
 * The lessons: what the notebooks print on the way, computed anew and set beside what they printed.
 *
 * @module
 */

import { DATA } from "./data.ts";
import { DERIVATIVES } from "./derivatives.ts";
import { GRU } from "./gru.ts";
import type { Lesson } from "./lesson.ts";
import { LINEAR } from "./linear.ts";
import { PLAIN } from "./plain.ts";
import { SCAN } from "./scan.ts";

export * from "./lesson.ts";

/** The lessons by name. */
export const LESSONS: Readonly<Record<string, Lesson>> = {
  derivatives: DERIVATIVES,
  scan: SCAN,
  data: DATA,
  plain: PLAIN,
  gru: GRU,
  linear: LINEAR,
};
