/**
 * The table of commands, in the order of help.
 *
 * @module
 */

import type { CommandEntry } from "../command.ts";

/** All commands. The file of a command is read when it is needed: most of the time at the start goes into reading. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "train",
    description: "Train a model on a task.",
    load: async () => (await import("./train.ts")).TRAIN,
  },
  {
    name: "recipe",
    description:
      "Train with settings whose result is known, and compare; without a name, list them.",
    load: async () => (await import("./recipe.ts")).RECIPE,
  },
  {
    name: "lesson",
    description:
      "Compute anew what a notebook prints on the way, beside what it printed; without a " +
      "name, list the lessons.",
    load: async () => (await import("./lesson.ts")).LESSON,
  },
  {
    name: "tour",
    description:
      "Walk through a write-up that recipes repeat: what to run in which order, how long it takes, and " +
      "what to look for; without a name, list the write-ups.",
    argument: "[post]",
    load: async () => (await import("./tour.ts")).TOUR,
  },
  {
    name: "lr-find",
    description:
      "Look for a learning rate: train for some steps while the rate grows until the loss diverges, " +
      "draw the losses, and suggest where to begin. Nothing of it is kept.",
    load: async () => (await import("./lr_find.ts")).LR_FIND,
  },
  {
    name: "summary",
    description:
      "Describe a model on a task: its layers, their output shapes and parameter counts.",
    load: async () => (await import("./summary.ts")).SUMMARY,
  },
  {
    name: "list",
    description:
      "List the models and the tasks with their options, which go together, and the recipes.",
    load: async () => (await import("./list.ts")).LIST,
  },
  {
    name: "runs",
    description:
      "List the runs so far, or those of a folder or a sweep, with their results and the settings " +
      "in which they differ.",
    argument: "[folder]",
    load: async () => (await import("./runs.ts")).RUN_LIST,
  },
  {
    name: "eval",
    description:
      "Measure a trained model on its task, with the options it was trained with or with others, " +
      "which eval RUN --help lists.",
    argument: "[run]",
    load: async () => (await import("./eval.ts")).EVAL,
  },
  {
    name: "limits",
    description:
      "Find where trained models fail: on longer inputs than in training, carries through " +
      "more nines, numbers further on. Several runs are shown side by side.",
    argument: "[runs...]",
    load: async () => (await import("./limits.ts")).LIMITS,
  },
  {
    name: "prove",
    description:
      "Prove that a trained model is right for inputs of every length, and write a certificate, or " +
      "find the shortest input after which it is wrong.",
    argument: "[run]",
    load: async () => (await import("./prove.ts")).PROVE,
  },
  {
    name: "verify",
    description:
      "Verify a certificate that prove has written, by code that shares nothing with what found it.",
    argument: "<certificate>",
    load: async () => (await import("./verify.ts")).VERIFY,
  },
  {
    name: "predict",
    description: "Get a trained model's answers: to --input, or to each line of standard input.",
    argument: "[run]",
    load: async () => (await import("./predict.ts")).PREDICT,
  },
  {
    name: "sample",
    description: "Generate text with a trained model, or numbers, one a line.",
    argument: "[run]",
    load: async () => (await import("./sample.ts")).SAMPLE,
  },
  {
    name: "inspect",
    description:
      "Show the hidden states of a trained model over time, as they are and as on or off, for each unit " +
      "its period and how much of it the task's own state explains, and in sentences what it has found out. " +
      "Colours go from blue (low) over white to red (high), or from white to dark where nothing is below 0; " +
      "without colours, shades of characters stand for them, and are explained below.",
    argument: "[run]",
    load: async () => (await import("./inspect.ts")).INSPECT,
  },
  {
    name: "report",
    description: "Write a report of one or several runs, as a single HTML file.",
    argument: "[runs...]",
    load: async () => (await import("./report.ts")).REPORT,
  },
  {
    name: "board",
    description:
      "Serve a page with all runs and sweeps, on this machine only: live for those that any process trains, " +
      "with a filter, curves beside each other and each run's report. Ctrl-C ends it.",
    argument: "[folders...]",
    load: async () => (await import("./board.ts")).BOARD,
  },
  {
    name: "export",
    description:
      "Write a trained model for other programs: for PyTorch, as ONNX, or its weights alone.",
    argument: "[run]",
    load: async () => (await import("./export.ts")).EXPORT,
  },
  {
    name: "sweep",
    description:
      "Train over a grid of settings, each in a process of its own, and print one table. Every option of train " +
      "takes several values: 4,5,8 or 0..19; an option that is a list itself, 50,20/100. " +
      "The same sweep, started again, continues where it stopped.",
    load: async () => (await import("./sweep.ts")).SWEEP,
  },
  {
    name: "doctor",
    description:
      "Say what this machine can train on: its devices, how accurate and fast they are, what to install.",
    load: async () => (await import("./doctor.ts")).DOCTOR,
  },
  {
    name: "completions",
    description:
      "Print what makes a shell complete commands, options, their values, runs and recipes of the " +
      "installed program, unroll.",
    load: async () => (await import("./completions.ts")).COMPLETIONS,
  },
];
