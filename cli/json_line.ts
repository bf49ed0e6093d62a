/**
 * Lines of JSON, in snake case, for programs that read what commands print with `--json`.
 *
 * @module
 */

/** Fields whose own keys are names of options, of metrics or of a task's states, and stay as they are. */
const NAMED_BY_OTHERS: ReadonlySet<string> = new Set([
  "options",
  "modelOptions",
  "taskOptions",
  "values",
  "metrics",
  "annotations",
  "correlationRatio",
]);

/**
 * Formats a value as a line of JSON with keys in snake case.
 *
 * @param value Plain objects and lists.
 * @returns The line, with its end.
 */
export function jsonLine(value: object): string {
  return `${JSON.stringify(snakeCase(value))}\n`;
}

function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      NAMED_BY_OTHERS.has(key) ? part : snakeCase(part),
    ]),
  );
}
