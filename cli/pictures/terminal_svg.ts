/**
 * Pictures of a terminal as SVG, for documents: text that was printed, with its colours, on a dark window.
 *
 * What programs of npm draw of this is an animation, or needs a browser; this one is a still picture of a few kilobytes.
 *
 * @module
 */

const WIDTH = 8.4;
const HEIGHT = 18;
const MARGIN = 16;
const FOREGROUND = "#d4d4d4";
const BACKGROUND = "#1e1e1e";
/** The colours 30 to 37 of terminals, then 90 to 97. */
const COLORS: readonly string[] = [
  ...["#1e1e1e", "#f14c4c", "#6fc276", "#d7ba7d", "#569cd6", "#c586c0", "#4ec9b0", "#d4d4d4"],
  ...["#8a8a8a", "#f48771", "#8fd694", "#e2cf9b", "#7fb8e8", "#d8a9d4", "#7fdfcd", "#ffffff"],
];

interface Style {
  readonly color: string;
  readonly bold: boolean;
}

interface Cell extends Style {
  readonly text: string;
}

const PLAIN: Style = { color: FOREGROUND, bold: false };

/**
 * Draws what was printed.
 *
 * @param printed The text, with the escapes of colours, and with lines that were drawn again after a carriage return.
 * @param label What the picture is of, for those who do not see it.
 * @returns An SVG document.
 * @throws {RangeError} When there is an escape that it does not know.
 */
export function terminalSvg(printed: string, label: string): string {
  const lines = screenOf(printed);
  const columns = Math.max(...lines.map((line) => line.length));
  const width = Math.ceil(columns * WIDTH + 2 * MARGIN);
  const height = lines.length * HEIGHT + 2 * MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}">
<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
${lines.flatMap(drawLine).join("\n")}
</g>
</svg>
`;
}

/** The lines that stand on the screen in the end. */
function screenOf(printed: string): readonly (readonly Cell[])[] {
  const lines: Cell[][] = [[]];
  let column = 0;
  let style = PLAIN;
  // deno-lint-ignore no-control-regex -- that is what terminals are told with
  for (const [part, parameters, kind] of printed.matchAll(/\x1b\[([\d;]*)([A-Za-z])|[^]/gu)) {
    const line = lines[lines.length - 1];
    if (kind === "m") style = styled(style, parameters);
    else if (kind === "K") line.length = column;
    else if (kind !== undefined || part === "\x1b") {
      throw new RangeError(
        `Cannot draw a terminal: the escape ${JSON.stringify(part)} is not known`,
      );
    } else if (part === "\n") {
      lines.push([]);
      column = 0;
    } else if (part === "\r") column = 0;
    else line[column++] = { text: part, ...style };
  }
  while (lines.at(-1)?.length === 0) lines.pop();
  return lines;
}

function styled(style: Style, parameters: string): Style {
  const codes = parameters.split(";").map(Number);
  const [code] = codes;
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, color: COLORS[8] };
  if (code >= 30 && code <= 37) return { ...style, color: COLORS[code - 30] };
  if (code >= 90 && code <= 97) return { ...style, color: COLORS[code - 82] };
  throw new RangeError(`Cannot draw a terminal: the style ${parameters} is not known`);
}

function drawLine(cells: readonly Cell[], row: number): string[] {
  const drawn: string[] = [];
  for (let start = 0; start < cells.length;) {
    const { color, bold, text } = cells[start];
    const block = blockOf(text);
    let end = start + 1;
    while (
      end < cells.length && cells[end].color === color && cells[end].bold === bold &&
      (block === undefined ? blockOf(cells[end].text) === undefined : cells[end].text === text)
    ) end++;
    const run = cells.slice(start, end).map(({ text }) => text).join("");
    const x = round(MARGIN + start * WIDTH);
    const width = round((end - start) * WIDTH);
    if (block === undefined) {
      if (run.trim() !== "") {
        drawn.push(
          `<text x="${x}" y="${
            MARGIN + row * HEIGHT + 13
          }" fill="${color}" textLength="${width}" ` +
            `xml:space="preserve"${bold ? ' font-weight="bold"' : ""}>${escape(run)}</text>`,
        );
      }
    } else {
      // Fonts leave gaps between blocks, or have none.
      const y = round(MARGIN + row * HEIGHT + 2 + (1 - block.height) * (HEIGHT - 4));
      drawn.push(
        `<rect x="${x}" y="${y}" width="${round(width * block.width)}" ` +
          `height="${round(block.height * (HEIGHT - 4))}" fill="${color}"/>`,
      );
    }
    start = end;
  }
  return drawn;
}

/** How much of its cell a character of blocks fills, from the bottom or from the left. */
function blockOf(text: string): { readonly width: number; readonly height: number } | undefined {
  const code = text.codePointAt(0) ?? 0;
  if (code >= 0x2581 && code <= 0x2588) return { width: 1, height: (code - 0x2580) / 8 };
  if (code >= 0x2589 && code <= 0x258f) return { width: (0x2590 - code) / 8, height: 1 };
  return undefined;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

function escape(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
}
