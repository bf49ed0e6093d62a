/**
 * The script of all pages: hides and shows the series of charts, and says the value that is pointed at.
 *
 * It asks for nothing. What it needs is in the drawings: each series has a class and says its name, each SVG says where
 * its axes are.
 *
 * @module
 */

/** The script, for a page that has its charts or is sent them; after a change there comes an event, `drawn`. */
export const CHART_SCRIPT = `
"use strict";
{
  const off = new Set();
  const rules = document.head.appendChild(document.createElement("style"));
  const faded = document.head.appendChild(document.createElement("style"));
  const note = document.body.appendChild(document.createElement("div"));
  note.id = "note";
  note.hidden = true;
  const show = () => {
    rules.textContent = [...off].map((id) => "svg ." + CSS.escape(id) + "{display:none}").join("");
    for (const box of document.querySelectorAll("input[data-series]")) {
      box.checked = !off.has(box.dataset.series);
    }
  };
  document.addEventListener("drawn", show);
  document.addEventListener("change", ({ target }) => {
    const id = target.dataset.series;
    if (id === undefined) return;
    if (target.checked) off.delete(id);
    else off.add(id);
    show();
  });
  const paths = new WeakMap();
  const pointsOf = (path) => {
    if (!paths.has(path)) paths.set(path, (path.getAttribute("d").match(/-?[\\d.]+(e-?\\d+)?/g) ?? []).map(Number));
    return paths.get(path);
  };
  const valueAt = (axis, place) => {
    const { type, domain: [a, b], range: [from, to] } = JSON.parse(axis);
    const share = (place - from) / (to - from);
    return type === "log" ? a * (b / a) ** share : a + (b - a) * share;
  };
  const format = (value) => value === 0 ? "0" : Math.abs(value) < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  const end = () => {
    note.hidden = true;
    faded.textContent = "";
  };
  document.addEventListener("pointermove", ({ target, clientX, clientY }) => {
    const svg = target.closest?.("svg[data-x][data-y]");
    if (!svg) return end();
    const { left, top, width } = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / width;
    const [x, y] = [(clientX - left) * scale, (clientY - top) * scale];
    let nearest = { distance: 30 ** 2 };
    for (const series of svg.querySelectorAll("g.series[aria-label=line]")) {
      if (getComputedStyle(series).display === "none") continue;
      const points = pointsOf(series.firstElementChild);
      for (let i = 0; i < points.length; i += 2) {
        const distance = (points[i] - x) ** 2 + (points[i + 1] - y) ** 2;
        if (distance < nearest.distance) nearest = { distance, series, x: points[i], y: points[i + 1] };
      }
    }
    const { series } = nearest;
    if (!series) return end();
    const step = Math.round(valueAt(svg.dataset.x, nearest.x)).toLocaleString("en");
    note.textContent = series.getAttribute("aria-description") + " · step " + step + " · " +
      format(valueAt(svg.dataset.y, nearest.y)) + (svg.dataset.unit ?? "");
    const id = series.getAttribute("class").split(" ")[1];
    faded.textContent = id ? "svg .series:not(." + CSS.escape(id) + "){opacity:.25}" : "";
    note.hidden = false;
    note.style.left = Math.max(4, Math.min(clientX + 14, innerWidth - note.offsetWidth - 8)) + "px";
    note.style.top = clientY + 16 + "px";
  });
  document.addEventListener("pointerleave", end);
}
`;
