/**
 * The pictures that tasks describe, drawn.
 *
 * @module
 */

import type { Picture } from "@unroll/core/plugin";
import { barChart } from "../charts/bars.ts";
import { escapeMarkup } from "./html.ts";

/**
 * Draws a picture.
 *
 * @param picture What the task describes.
 * @returns HTML.
 */
export function drawPicture(picture: Picture): string {
  switch (picture.kind) {
    case "bars": {
      const { bars, xLabel, share } = picture;
      return `<div class="card wide">${
        barChart(bars, { title: share ? "Share" : "", xLabel, share })
      }</div>`;
    }
    case "text":
      return coloredText(picture.parts);
    default:
      throw new TypeError(
        `Cannot draw a picture: bars or text is needed, found ${
          JSON.stringify((picture satisfies never as Picture).kind)
        }`,
      );
  }
}

/** The less likely the model thought a part, the redder it is. */
function coloredText(parts: Extract<Picture, { kind: "text" }>["parts"]): string {
  const spans = parts.map(({ text, probability }) => {
    const share = Math.min(1, Math.max(0, probability));
    // Half way to white is where a character had one chance in ten: surprise counts, not distance from 1.
    const surprise = Math.min(1, -Math.log(Math.max(share, 1e-6)) / Math.log(100));
    const color = `background:color-mix(in srgb, var(--bad) ${
      Math.round(surprise * 75)
    }%, transparent)`;
    return `<span style="${color}" title="${(share * 100).toFixed(1)} %">${
      escapeMarkup(text)
    }</span>`;
  });
  return `<pre>${spans.join("")}</pre>
<p class="soft">The redder, the less likely the model thought it: from sure to one chance in a hundred or less.</p>`;
}
