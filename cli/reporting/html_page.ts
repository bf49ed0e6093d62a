/**
 * The frame of every page: a report, the dashboard and the board look alike.
 *
 * @module
 */
import { CHART_SCRIPT } from "./chart_script.ts";
import { escapeMarkup, PAGE_STYLE } from "./html.ts";
import { STATES_STYLE } from "./states_style.ts";

/**
 * Writes an HTML document with the styles and the script that all pages share.
 *
 * @param title What it is of.
 * @param body Its HTML.
 * @param script What it does beside hiding and naming the curves.
 * @returns The document.
 */
export function htmlPage(title: string, body: string, script = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}${STATES_STYLE}</style>
</head>
<body>
${body}
<script>${CHART_SCRIPT}${script}</script>
</body>
</html>
`;
}
