/**
 * Finite-state machines as pictures: viz.js, which is Graphviz in WebAssembly, lays them out.
 *
 * @module
 */

import { type DotOptions, type Machine, machineToDot } from "@unroll/core/automata";
// Types alone are not downloaded.
// deno-lint-ignore no-import-prefix
import type * as VizPackage from "npm:@viz-js/viz@^3.31.0";

// Only pictures need it: see `svg.ts`.
const VIZ = "npm:@viz-js/viz@^3.31.0";

/** How a machine is drawn. */
export interface MachineChartOptions<Output = string> extends Pick<DotOptions<Output>, "output"> {
  /** What is said of it to who cannot see. */
  readonly title?: string;
  /** A word whose way is drawn in red. */
  readonly highlight?: readonly number[];
  /** What states are called; their numbers if left out. */
  readonly names?: (state: number) => string;
}

/**
 * Finds a light colour for a state, for dark text on it; no two of the first 50 are alike.
 *
 * @param state Its number.
 * @returns The colour as #rrggbb.
 *
 * @example Usage
 * ```ts
 * import { stateColor } from "@unroll/cli/charts";
 * import { match } from "node:assert/strict";
 *
 * match(stateColor(3), /^#[0-9a-f]{6}$/);
 * ```
 */
export function stateColor(state: number): string {
  // Hues by the golden angle are far from those just before, and two lightnesses tell neighbours apart.
  const hue = (state * 137.508) % 360;
  const lightness = state % 2 === 0 ? 0.8 : 0.7;
  const part = (n: number) => {
    const k = (n + hue / 30) % 12;
    const value = lightness - 0.7 * (1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255).toString(16).padStart(2, "0");
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}

/**
 * Draws a machine: a circle for each state, coloured as {@linkcode stateColor} has it, and an arrow for
 * transitions from one to another.
 *
 * @param machine The machine.
 * @param options How.
 * @returns An SVG as text.
 *
 * @example Usage
 * ```ts
 * import { drawMachine } from "@unroll/cli/charts";
 * import { match } from "node:assert/strict";
 *
 * const svg = await drawMachine({
 *   kind: "moore",
 *   alphabet: ["tick"],
 *   start: 0,
 *   next: [[1], [0]],
 *   outputs: ["even", "odd"],
 * });
 * match(svg, /^<svg/);
 * ```
 */
export async function drawMachine<Output>(
  machine: Machine<Output>,
  { title, highlight = [], ...options }: MachineChartOptions<Output> = {},
): Promise<string> {
  const steps = new Set<string>();
  let state = machine.start;
  for (const symbol of highlight) {
    steps.add(`${state} ${symbol}`);
    state = machine.next[state][symbol];
  }
  const dot = machineToDot(machine, {
    ...options,
    fill: stateColor,
    highlight: (from, symbol) => steps.has(`${from} ${symbol}`),
  });
  const { instance }: typeof VizPackage = await import(VIZ);
  // Rings are laid out as rings: in a line their way back would cross all of it.
  const engine = machine.alphabet.length === 1 && machine.next.length > 2 ? "circo" : "dot";
  const svg = (await instance()).renderString(dot, { format: "svg", engine });
  const label = title === undefined ? "" : ` role="img" aria-label="${escapeAttribute(title)}"`;
  // What stands before it belongs to a file of its own, and the names of states would be shown as hints; nothing links.
  return svg.slice(svg.indexOf("<svg")).replace("<svg", `<svg${label}`)
    .replace(/ xmlns:xlink="[^"]*"/, "").replace(/<title>[^<]*<\/title>\n?/g, "").trim();
}

function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
