/**
 * What the commands work with. Handed in, so that programs bring models of their own and tests run without a process.
 *
 * @module
 */

import type { Plugin } from "@unroll/core/plugin";
import type { JsonRecord, RunCallbacks } from "@unroll/core/runs";
import type { TrainSettings } from "@unroll/core/training";
import type { MachineReport } from "./machine.ts";
import type { Recipe } from "./recipes/recipe.ts";
import type { StartingWeights } from "./commands/from_weights.ts";
import type { TrainOptions } from "./commands/train_options.ts";
import type { KnownPlugins } from "./plugins.ts";

/** What there is for the command line: models and tasks, and where text goes. */
export interface CliContext {
  /** The built-in models, by name. */
  readonly models: Readonly<Record<string, Plugin>>;
  /** The built-in tasks, by name. */
  readonly tasks: Readonly<Record<string, Plugin>>;
  /** The built-in recipes, by name. */
  readonly recipes: Readonly<Record<string, Recipe>>;
  /** The folder that paths are relative to, as a URL that ends in a slash. */
  readonly base: URL;
  /** Unroll's version. */
  readonly version: string;
  /** Where text goes. */
  readonly terminal: Terminal;
}

/** Is told of a run, and of what its model makes while it learns. */
export interface RunReporter extends RunCallbacks {
  /** Called after a validation, where the task lets models make something. */
  readonly onSample?: (step: number, text: string) => void | Promise<void>;
}

/** What commands work with: also what trains, so that tests run commands without a process. */
export interface CommandContext extends CliContext {
  /** Says why a model cannot learn a task, in one sentence; `undefined` when it can. */
  readonly unsupportedReason: (
    model: PluginSelection,
    task: PluginSelection,
  ) => string | undefined | Promise<string | undefined>;
  /** Trains and saves the run. */
  readonly train: (
    request: TrainRequest,
    callbacks: readonly RunReporter[],
    settings?: StartSettings,
  ) => Promise<void>;
  /** Resumes a run. */
  readonly resume: (
    request: ResumeRequest,
    callbacks: readonly RunReporter[],
    settings?: StartSettings,
  ) => Promise<void>;
  /** Runs something that Ctrl-C asks to end well. */
  readonly interruptible: <Result>(
    body: (signal: AbortSignal) => Promise<Result>,
  ) => Promise<Result>;
  /** Looks at what this machine can run. */
  readonly inspectMachine: () => Promise<MachineReport>;
  /** Says what starts this program again, in a process that may write in a folder. */
  readonly self: (folder: string) => readonly string[] | Promise<readonly string[]>;
}

/** How a run is started. */
export interface StartSettings {
  /** Whether nothing is said of a start that takes long. */
  readonly quiet?: boolean;
}

/** Where text goes. */
export interface Terminal {
  /** Prints on standard output. */
  readonly write: (text: string) => void;
  /** Prints on standard error. */
  readonly writeError: (text: string) => void;
  /** Whether standard output is a terminal, to which control characters do things. */
  readonly isOutputTerminal?: boolean;
  /** Whether standard error is a terminal whose lines can be redrawn. */
  readonly isTerminal: boolean;
  /** Whether colours are welcome on standard error. */
  readonly color: boolean;
  /** Whether colours are welcome on standard output. */
  readonly outputColor: boolean;
  /** Its width now. */
  readonly columns: () => number;
  /** The lines of standard input. */
  readonly lines: () => AsyncIterable<string>;
  /** Whether a person types these lines, and is to see a prompt. */
  readonly isInputTerminal?: boolean;
  /** Says whether who read standard output has left (`| head`), so that what is written goes nowhere. */
  readonly isClosed?: () => boolean;
  /** A variable of the environment, where it may be read. */
  readonly variable: (name: string) => string | undefined;
  /** Whether stacks are shown. */
  readonly debug: boolean;
}

/** A plugin with its options. */
export interface PluginSelection {
  /** The plugin. */
  readonly plugin: Plugin;
  /** What found it: a built-in name, a path or a package. */
  readonly name: string;
  /** The absolute path of its module, if it came from a file. */
  readonly path?: string;
  /** All options, checked. */
  readonly options: JsonRecord;
}

/** A training run that was asked for. */
export interface TrainRequest {
  /** What learns. */
  readonly model: PluginSelection;
  /** What is learned. */
  readonly task: PluginSelection;
  /** How to train. */
  readonly training: TrainOptions;
  /** The weights to begin with, in place of those that the seed makes. */
  readonly weights?: StartingWeights;
  /** The folder that the run's own folder is made in. */
  readonly out: string;
  /** What the run and its folder are called, if not by date, task, model and seed. */
  readonly name?: string;
  /** What the run alone is called. */
  readonly title?: string;
  /** The recipe that it is of. */
  readonly recipe?: string;
  /** Settings that no option has, in place of `training`. */
  readonly settings?: Partial<TrainSettings>;
}

/** A run to go on with. */
export interface ResumeRequest {
  /** The run's folder. */
  readonly run: string;
  /** What was typed, in place of the run's own settings. */
  readonly changes: Partial<TrainOptions>;
  /** Options of the task that were typed: where its data are now. */
  readonly taskOptions?: JsonRecord;
  /** What its names mean, if more than the built-in models and tasks. */
  readonly plugins?: KnownPlugins;
}
