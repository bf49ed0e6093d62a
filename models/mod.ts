/**
 * The models of Unroll, and the parts they are made of.
 *
 * @module
 */
import type { ModelPlugin } from "@unroll/core";
import { linear } from "./linear.ts";
import { mlp } from "./mlp.ts";
import { rnn } from "./rnn.ts";

export * from "./initializers.ts";
export * from "./inputs.ts";
export * from "./linear.ts";
export * from "./mlp.ts";
export * from "./recurrent.ts";
export * from "./rnn.ts";

/** The models by name. */
export const MODELS: Readonly<Record<string, ModelPlugin>> = { linear, mlp, rnn };
