/**
 * For programs that load models and tasks by name and read their options from text, as the command
 * line does.
 *
 * @example Read options as flags
 * ```ts
 * import { nearestName } from "@unroll/core/plugin/host";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(nearestName("gnu", ["mlp", "rnn", "gru", "lstm"]), "gru");
 * ```
 *
 * @module
 */
export { optionFlags, optionHelp, parseOptionTexts } from "./option_flags.ts";
export {
  type BooleanKind,
  type ChoiceKind,
  formatKind,
  type ListKind,
  type NumberKind,
  type OptionKind,
  type TextKind,
} from "./option_kind.ts";
export {
  describeOptions,
  flagName,
  formatOptionValue,
  type Option,
  type OptionNaming,
  optionsFromJson,
  optionsToJson,
  parseOptions,
} from "./options.ts";
export {
  isTrustable,
  knownPlugin,
  modulePath,
  resolvePlugin,
  type ResolveSettings,
} from "./resolve.ts";
export { editDistance, nearestName } from "../util/names.ts";
export { restoreTask } from "./task.ts";
