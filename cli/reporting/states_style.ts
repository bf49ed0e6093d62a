/**
 * How what a model thinks looks on a page.
 *
 * @module
 */

/** Models with so few units have all of them among those that text can be coloured by. */
export const FEW = 16;
/** Shades of a colour. */
export const SHADES = 4;

/** CSS of these parts. */
export const STATES_STYLE: string = `
.card.states svg { max-width: none; }
.findings { margin: 8px 0; padding-left: 20px; } .findings li { margin: 4px 0; }
.chooser > input { position: absolute; opacity: 0; }
.chooser > label { display: inline-block; margin: 0 6px 6px 0; padding: 2px 10px; border: 1px solid var(--line); border-radius: 14px; font-size: 13px; cursor: pointer; }
.chooser > input:checked + label { background: var(--accent); border-color: var(--accent); color: var(--paper); }
.chooser > input:focus-visible + label { outline: 2px solid var(--second); outline-offset: 1px; }
.chooser > div { display: none; }
.chooser i { font-style: normal; }
${
  Array.from(
    { length: FEW },
    (_, i) =>
      `.chooser > input:nth-of-type(${i + 1}):checked ~ div:nth-of-type(${i + 1})${
        i < FEW - 1 ? "," : ""
      }`,
  ).join("\n")
} { display: block; }
${
  Array.from({ length: SHADES }, (_, i) => {
    const share = Math.round((i + 1) / SHADES * 70);
    const mix = (color: string) =>
      `background: color-mix(in srgb, var(--${color}) ${share}%, transparent);`;
    return `.p${i + 1} { ${mix("bad")} } .n${i + 1} { ${mix("accent")} }`;
  }).join("\n")
}
`;
