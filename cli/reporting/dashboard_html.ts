/**
 * The page that follows a run: one document that asks for nothing but `/events`.
 *
 * @module
 */

import { PAGE_STYLE } from "./html.ts";

const SCRIPT = String.raw`
"use strict";
const runs = { progress: [], validation: [] };
let config, steps = 0, hidden, over = false, dirty = false, hiddenDirty = false;
const $ = (id) => document.getElementById(id);
const NS = "http://www.w3.org/2000/svg";
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function count(value) { return Math.round(value).toLocaleString("en-US"); }
function figure(value) {
  if (typeof value !== "number" || !isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}
function share(value) {
  if (typeof value !== "number") return "–";
  const percent = value * 100;
  return (percent > 0 && percent < 0.1 ? "<0.1" : percent < 100 && percent > 99.9 ? ">99.9" : Number(percent.toFixed(1))) + " %";
}
function duration(seconds) {
  if (!isFinite(seconds)) return "–";
  if (seconds < 60) return seconds.toFixed(seconds < 10 ? 1 : 0) + " s";
  const whole = Math.round(seconds);
  if (whole < 3600) return Math.floor(whole / 60) + " min " + whole % 60 + " s";
  return Math.floor(whole / 3600) + " h " + Math.floor(whole % 3600 / 60) + " min";
}
function short(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return Number((value / 1e6).toFixed(2)) + "M";
  if (size >= 1e3) return Number((value / 1e3).toFixed(2)) + "k";
  if (size !== 0 && size < 1e-3) return value.toExponential(0);
  return String(Number(value.toPrecision(3)));
}
function nice(low, high, wanted) {
  const rough = (high - low) / wanted || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((lead) => lead * power).find((step) => step >= rough);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-9); i++) ticks.push(Number((i * step).toPrecision(9)));
  return ticks;
}
function element(parent, name, attributes, text) {
  const child = document.createElementNS(NS, name);
  for (const key in attributes) child.setAttribute(key, attributes[key]);
  if (text !== undefined) child.textContent = text;
  parent.appendChild(child);
  return child;
}

function chart(id, series, options) {
  const svg = $(id), width = 560, height = 230, left = 52, right = 12, top = 10, bottom = 34;
  const all = series.flatMap((one) => one.points).filter((p) => isFinite(p[1]) && p[1] !== null);
  $(id + "-card").hidden = all.length === 0;
  svg.setAttribute("viewBox", "0 0 " + width + " " + height);
  svg.replaceChildren();
  if (all.length === 0) return;
  const log = options.log && all.every((p) => p[1] > 0);
  let low = Infinity, high = -Infinity;
  for (const p of all) { low = Math.min(low, p[1]); high = Math.max(high, p[1]); }
  if (options.zero) low = Math.min(0, low);
  if (high <= low) { high = low + (Math.abs(low) || 1) * 0.1; if (!options.zero && !log) low -= (Math.abs(low) || 1) * 0.1; }
  const f = log ? Math.log10 : (x) => x;
  const pad = log ? (f(high) - f(low)) * 0.05 : (high - low) * 0.06;
  const y0 = f(low) - (options.zero && !log ? 0 : pad), y1 = f(high) + pad;
  const last = Math.max(steps, ...all.map((p) => p[0]), 1);
  const x = (value) => left + value / last * (width - left - right);
  const y = (value) => height - bottom - (f(value) - y0) / (y1 - y0) * (height - top - bottom);
  let ticks;
  if (log) {
    ticks = [];
    const decades = Math.log10(high / low), leads = decades < 0.9 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : decades < 3 ? [1, 2, 5] : [1];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += Math.max(1, Math.ceil(decades / 7))) {
      for (const lead of leads) ticks.push(lead * 10 ** power);
    }
    ticks = ticks.filter((t) => f(t) >= y0 && f(t) <= y1);
  } else ticks = nice(options.zero ? low : low - pad, high, 5);
  for (const tick of ticks) {
    element(svg, "line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), stroke: style("--line") });
    element(svg, "text", { x: left - 7, y: y(tick) + 4, "text-anchor": "end", "font-size": 11, fill: style("--soft") },
      options.percent ? Number((tick * 100).toPrecision(3)) : short(tick));
  }
  for (const tick of nice(0, last, 6)) {
    element(svg, "text", { x: x(tick), y: height - bottom + 16, "text-anchor": "middle", "font-size": 11, fill: style("--soft") }, short(tick));
  }
  element(svg, "text", { x: (left + width) / 2, y: height - 4, "text-anchor": "middle", "font-size": 11, fill: style("--soft") }, "step");
  for (const { points, color, faint, dots } of series) {
    const good = points.filter((p) => isFinite(p[1]) && p[1] !== null);
    const every = Math.max(1, Math.ceil(good.length / 500));
    const thin = good.filter((_, i) => i % every === 0 || i === good.length - 1);
    element(svg, "polyline", {
      points: thin.map((p) => x(p[0]).toFixed(1) + "," + y(p[1]).toFixed(1)).join(" "), fill: "none",
      stroke: style(color), "stroke-width": faint ? 1.2 : 1.8, "stroke-opacity": faint ? 0.55 : 1, "stroke-linejoin": "round",
    });
    if (dots && thin.length <= 80) for (const p of thin) element(svg, "circle", { cx: x(p[0]), cy: y(p[1]), r: 2.6, fill: style(color) });
  }
}

function heat(id, threshold) {
  const canvas = $(id), { time, units, values } = hidden;
  const cell = Math.max(4, Math.min(22, Math.floor(1080 / time)));
  const tall = Math.max(5, Math.min(22, Math.floor(420 / units)));
  const gutter = 30, ruler = 18;
  canvas.width = (gutter + time * cell) * 2; canvas.height = (units * tall + ruler) * 2;
  canvas.style.width = canvas.width / 2 + "px";
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  const signed = values.some((v) => v < 0);
  const bound = Math.max(1, ...values.map(Math.abs));
  const mix = (a, b, t) => "rgb(" + a.map((x, i) => Math.round(x + (b[i] - x) * t)).join(",") + ")";
  for (let t = 0; t < time; t++) for (let u = 0; u < units; u++) {
    const value = values[t * units + u] / bound;
    const shown = threshold === undefined ? value : value > threshold ? 1 : 0;
    context.fillStyle = signed && threshold === undefined
      ? mix([244, 244, 242], shown < 0 ? [44, 107, 179] : [195, 61, 46], Math.min(1, Math.abs(shown)))
      : mix([238, 241, 245], [18, 41, 74], Math.min(1, Math.max(0, shown)));
    const gap = cell > 7 && tall > 7 ? 1 : 0;
    context.fillRect(gutter + t * cell, u * tall, cell - gap, tall - gap);
  }
  context.fillStyle = style("--soft"); context.font = "11px system-ui, sans-serif"; context.textAlign = "right";
  for (let u = 0; u < units; u++) if (tall >= 12 || (u + 1) % 10 === 0) context.fillText(String(u + 1), gutter - 6, u * tall + tall / 2 + 4);
  context.textAlign = "center";
  for (let t = 0; t < time; t += Math.max(1, Math.ceil(30 / cell / 5) * 5)) {
    context.fillText(hidden.labels[t] ?? String(t), gutter + t * cell + cell / 2, units * tall + 14);
  }
}

function draw() {
  dirty = false;
  const { progress, validation } = runs, now = progress[progress.length - 1], checked = validation[validation.length - 1];
  const step = now ? now.step : 0;
  $("bar").style.width = steps ? Math.min(100, step / steps * 100) + "%" : "0";
  $("step").textContent = count(step) + (steps ? " of " + count(steps) : "");
  if (now) {
    $("loss").textContent = figure(now.loss);
    $("speed").textContent = count(now.steps_per_second);
    $("time").textContent = duration(now.seconds);
    $("left").textContent = over ? "–" : duration((steps - step) / now.steps_per_second);
  }
  if (checked) { $("error").textContent = share(checked.error); $("validation").textContent = figure(checked.loss); }
  const of = (lines, field) => lines.filter((l) => typeof l[field] === "number").map((l) => [l.step, l[field]]);
  chart("losses", [
    { points: of(progress, "loss"), color: "--accent", faint: validation.length > 0 },
    { points: of(validation, "loss"), color: "--second", dots: true },
  ], { log: true });
  chart("errors", [{ points: of(validation, "error"), color: "--second", dots: true }], { zero: true, percent: true });
  chart("speeds", [{ points: of(progress, "steps_per_second"), color: "--accent" }], { zero: true });
  chart("rates", [{ points: of(progress, "learning_rate"), color: "--accent" }], { zero: true });
  if (hidden && hiddenDirty) {
    hiddenDirty = false;
    $("hidden").hidden = false;
    const signed = hidden.values.some((v) => v < 0);
    $("hidden-title").textContent = "Hidden states" + (hidden.units < hidden.of ? ", " + hidden.units + " of " + hidden.of + " units" : "");
    $("threshold").textContent = "above " + (signed ? "0" : "0.5");
    heat("raw", undefined);
    heat("binary", signed ? 0 : 0.5);
  }
}

function state(text, kind) { $("state").textContent = text; $("state").className = kind || "soft"; }
function later() { if (!dirty) { dirty = true; setTimeout(draw, 60); } }
const source = new EventSource("/events");
source.onopen = () => { runs.progress = []; runs.validation = []; if (!over) state("training"); };
source.onerror = () => { if (!over) state("the connection is lost", "bad"); };
source.onmessage = ({ data }) => {
  const line = JSON.parse(data);
  if (line.event === "config") {
    config = line.config; steps = (config.training && config.training.steps) || 0;
    $("run").textContent = "· " + line.run + " · seed " + config.seed + " · " + config.device;
  } else if (line.event === "progress" || line.event === "validation") runs[line.event].push(line);
  else if (line.event === "hidden") { hidden = line; hiddenDirty = true; }
  else if (line.event === "done") {
    over = true; state("done in " + duration(line.seconds), "good");
    if (line.shown && line.shown.length) { $("shown").hidden = false; $("shown-text").textContent = line.shown.join("\n"); }
    source.close();
  } else if (line.event === "stopped") {
    over = true; state("stopped; go on with: " + line.resume, "bad"); source.close();
  } else if (line.event === "end") {
    if (!over) { over = true; state("ended with an error", "bad"); }
    source.close();
  }
  document.body.dataset.step = runs.progress.length ? runs.progress[runs.progress.length - 1].step : 0;
  later();
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { hiddenDirty = true; later(); });
`;

/** The page; `{{title}}` stands for what runs. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}
.track { height: 8px; background: var(--panel); border: 1px solid var(--line); border-radius: 5px; overflow: hidden; margin: 14px 0 0; }
#bar { height: 100%; width: 0; background: var(--accent); }
.card h3 { font-size: 14px; margin: 0 0 6px 6px; }
canvas { display: block; margin: 4px 0 12px; }
</style>
</head>
<body>
<h1>{{title}}</h1>
<p><span id="state" class="soft">connecting</span> <span class="soft" id="run"></span></p>
<div class="track"><div id="bar"></div></div>
<div class="figures">
<div class="figure"><b id="step">–</b><span>steps</span></div>
<div class="figure"><b id="loss">–</b><span>training loss</span></div>
<div class="figure"><b id="validation">–</b><span>validation loss</span></div>
<div class="figure"><b id="error">–</b><span>validation error</span></div>
<div class="figure"><b id="speed">–</b><span>steps per second</span></div>
<div class="figure"><b id="time">–</b><span>so far</span></div>
<div class="figure"><b id="left">–</b><span>left</span></div>
</div>
<div class="grid">
<div class="card" id="losses-card"><h3>Loss</h3><svg id="losses"></svg><div class="legend"><span><i style="background:var(--accent)"></i>training</span><span><i style="background:var(--second)"></i>validation</span></div></div>
<div class="card" id="errors-card" hidden><h3>Validation error (%)</h3><svg id="errors"></svg></div>
<div class="card" id="speeds-card" hidden><h3>Steps per second</h3><svg id="speeds"></svg></div>
<div class="card" id="rates-card" hidden><h3>Learning rate</h3><svg id="rates"></svg></div>
</div>
<div id="hidden" hidden>
<h2 id="hidden-title">Hidden states</h2>
<div class="card wide"><span class="soft">raw: a row for each unit, a column for each step</span><canvas id="raw"></canvas>
<span class="soft" id="threshold"></span><canvas id="binary"></canvas></div>
</div>
<div id="shown" hidden><h2>What it says</h2><pre id="shown-text"></pre></div>
<script>${SCRIPT}</script>
</body>
</html>
`;
