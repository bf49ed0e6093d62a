/**
 * Text in HTML and SVG.
 *
 * @module
 */

/** Text as HTML and XML show it. */
export function escapeMarkup(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}
