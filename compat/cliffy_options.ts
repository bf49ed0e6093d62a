// deno-lint-ignore-file no-explicit-any -- what a command line holds is typed loosely
/**
 * The options and environment variables of the stand-in for `jsr:@cliffy/command`.
 * See `cliffy_command.ts`.
 *
 * @module
 */

import type { Command } from "./cliffy_command.ts";
import type { Argument } from "./cliffy_types.ts";

/** Values by the name of their property. */
export type Values = Record<string, any>;

/**
 * What a command does. Cliffy infers options and arguments from definitions in one chain only, and
 * otherwise knows of none: an action takes `unknown` options and `...unknown[]` arguments.
 */
export type ActionHandler = (this: Command, options: void, ...args: []) => unknown;

/** An action as it is called: with the options and the arguments of a command. */
export type CalledAction = (this: Command, options: any, ...args: any[]) => unknown;

/** How to add an option. */
export interface OptionOptions {
  readonly required?: boolean;
  readonly default?: any;
  readonly defaultText?: any;
  readonly collect?: boolean;
  readonly hidden?: boolean;
  readonly global?: boolean;
  readonly standalone?: boolean;
  readonly override?: boolean;
  readonly prepend?: boolean;
  readonly conflicts?: readonly string[];
  readonly depends?: readonly string[];
  readonly value?: (value: any, previous?: any) => unknown;
  readonly action?: ActionHandler;
}

/** An option of a command. */
export interface Option extends OptionOptions {
  readonly action?: CalledAction;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly flags: readonly string[];
  readonly description: string;
  readonly args: readonly Argument[];
  readonly groupName?: string;
}

/** How to add an environment variable. */
export interface EnvVarOptions {
  readonly required?: boolean;
  readonly hidden?: boolean;
  readonly global?: boolean;
  readonly prefix?: string;
  readonly value?: (value: any) => unknown;
}

/** An environment variable of a command. */
export interface EnvVar extends EnvVarOptions {
  readonly names: readonly string[];
  readonly description: string;
  readonly details: Argument;
}
