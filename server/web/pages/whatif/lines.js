// lines.js - costs as lines, with the places marked where another contract becomes the cheapest

import { html, useMemo, useRef, useState } from "../../dom.js";
import { Plot, seriesColour } from "../../components/plot.js";
import { compact, money, number } from "../../format.js";
import { t } from "../../text.js";
import { letterOf } from "./asked.js";

const MOST_MARKS = 8; // more would be a fence

// Lines have points of their own; between them they are straight.
export function aligned(lines) {
  const xs = [...new Set(lines.flatMap((points) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const ys = lines.map((points) => {
    const at = new Map(points.map(([x, y]) => [x, Number(y)]));
    let next = 0;
    return xs.map((x) => {
      if (at.has(x)) return at.get(x);
      while (next < points.length && points[next][0] < x) next++;
      if (next === 0 || next === points.length) return null;
      const [[x0, y0], [x1, y1]] = [points[next - 1], points[next]];
      return Number(y0) + ((Number(y1) - Number(y0)) * (x - x0)) / (x1 - x0);
    });
  });
  return [xs, ...ys];
}

// Dashed lines at marks, and at what is chosen.
function drawMarks(plot, marks, chosen) {
  const { ctx, bbox } = plot;
  const line = (x, dash, colour) => {
    const left = Math.round(plot.valToPos(x, "x", true)) + 0.5;
    if (left < bbox.left || left > bbox.left + bbox.width) return;
    ctx.setLineDash(dash);
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
  };
  const style = getComputedStyle(document.documentElement);
  ctx.save();
  for (const { x, place } of marks.slice(0, MOST_MARKS)) line(x, [5 * devicePixelRatio, 4 * devicePixelRatio], seriesColour(place));
  if (chosen !== undefined) line(chosen, [], style.getPropertyValue("--ink-2").trim());
  ctx.restore();
}

// What each line says at the place of the pointer.
function Readout({ names, data, at, currency, unit, rest }) {
  const height = { minHeight: `${22 * names.length + 4}px` }; // the same with and without the pointer
  if (at === null || data[0][at] === undefined) return html`<p class="muted readout" style=${height}>${rest}</p>`;
  const values = names.map((name, i) => ({ name, place: i, value: data[i + 1][at] })).filter(({ value }) => value !== null);
  const least = Math.min(...values.map(({ value }) => value));
  return html`<table class="table readout" style=${height} aria-hidden="true"><tbody>${values.map(({ name, place, value }) => html`<tr key=${name}>
    <td>${place === values[0].place && unit(data[0][at])}</td>
    <td><i class="swatch" style=${{ background: `var(--series-${place + 1})` }}></i>${letterOf(place)} ${name}</td>
    <td class="end">${money(value, currency, 0)}</td><td class="end muted">${value > least ? `+${money(value - least, currency, 0)}` : t("whatif.least")}</td></tr>`)}</tbody></table>`;
}

// lines: the points of each side; names; marks: [{x, place}]; chosen: the size looked at, onChoose(x)
// when another is clicked; unit(x): x in words.
export function Lines({ lines, names, marks = [], chosen, onChoose, currency, label, unit, rest, height }) {
  const data = useMemo(() => aligned(lines), [lines]);
  const [at, setAt] = useState(null);
  const choose = useRef(onChoose);
  choose.current = onChoose;
  const options = (axis) => ({
    hooks: {
      draw: [(plot) => drawMarks(plot, marks, chosen)],
      ready: [(plot) => plot.over.addEventListener("click", () => {
        if (plot.cursor.left >= 0) choose.current?.(Math.max(0, Math.round(plot.posToVal(plot.cursor.left, "x"))));
      })],
    },
    scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(0, low), high * 1.05 || 1] } },
    axes: [
      axis({ size: 30, grid: { show: false }, values: (_, splits) => splits.map((x) => unit(x, true)) }),
      axis({ size: 72, values: (_, splits) => splits.map((y) => compactMoney(y, currency)) }),
    ],
    series: [{}, ...names.map((_, i) => ({ stroke: seriesColour(i), width: 2, pxAlign: 0, points: { show: false } }))],
  });
  const reading = (i) => [unit(data[0][i]), ...names.map((name, n) => data[n + 1][i] !== null && `${letterOf(n)} ${name}: ${money(data[n + 1][i], currency, 0)}`)];
  return html`<${Plot} data=${data} options=${options} label=${label} height=${height} reading=${reading} onPoint=${setAt} unseen
      version=${`${names.join()} ${marks.map(({ x, place }) => `${x}:${place}`).join()} ${chosen} ${currency}`} />
    <${Readout} names=${names} data=${data} at=${at} currency=${currency} unit=${unit} rest=${rest} />`;
}

const compactMoney = (value, currency) => (Math.abs(value) < 1000 ? money(value, currency, 0) : `${money(0, currency, 0).replace(/\d/, "")}${compact(value)}`);

export const robots = (n, short) => (short ? compact(n) : t("whatif.robots", { n: number(n) }));
export const load = (percent, short) => (short ? `${percent} %` : t("whatif.of_usage", { n: percent }));
