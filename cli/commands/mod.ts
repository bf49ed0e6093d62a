/**
 * The table of commands, in the order of help.
 *
 * @module
 */

import type { CommandDefinition } from "../command.ts";
import { BOARD } from "./board.ts";
import { COMPLETIONS } from "./completions.ts";
import { DOCTOR } from "./doctor.ts";
import { EVAL } from "./eval.ts";
import { EXPORT } from "./export.ts";
import { INSPECT } from "./inspect.ts";
import { LESSON } from "./lesson.ts";
import { LIMITS } from "./limits.ts";
import { LIST } from "./list.ts";
import { LR_FIND } from "./lr_find.ts";
import { PREDICT } from "./predict.ts";
import { PROVE } from "./prove.ts";
import { RECIPE } from "./recipe.ts";
import { REPORT } from "./report.ts";
import { RUN_LIST } from "./runs.ts";
import { SAMPLE } from "./sample.ts";
import { SUMMARY } from "./summary.ts";
import { SWEEP } from "./sweep.ts";
import { TOUR } from "./tour.ts";
import { TRAIN } from "./train.ts";
import { VERIFY } from "./verify.ts";

/** All commands. */
export const COMMANDS: readonly CommandDefinition[] = [
  TRAIN,
  RECIPE,
  LESSON,
  TOUR,
  LR_FIND,
  SUMMARY,
  LIST,
  RUN_LIST,
  EVAL,
  LIMITS,
  PROVE,
  VERIFY,
  PREDICT,
  SAMPLE,
  INSPECT,
  REPORT,
  BOARD,
  EXPORT,
  SWEEP,
  DOCTOR,
  COMPLETIONS,
];
