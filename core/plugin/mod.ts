/** Plugins: their options, and how they are found by name. */
export * from "./model.ts";
export * from "../util/names.ts";
export * from "./option_flags.ts";
export {
  type ChoiceKind,
  type EitherKind,
  formatKind,
  type ListKind,
  type NumberKind,
  type OptionKind,
  type PlainKind,
  type TextKind,
} from "./option_kind.ts";
export * from "./options.ts";
export * from "./plugin.ts";
export * from "./resolve.ts";
export * from "./task.ts";
export * from "./task_spec.ts";
