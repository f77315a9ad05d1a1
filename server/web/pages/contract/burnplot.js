// burnplot.js - the picture of one limit: what was used, the band in which it goes on, the limit, the
// points of thresholds, today

import { html, useMemo } from "../../dom.js";
import { Plot } from "../../components/plot.js";
import { dayShort } from "../../format.js";
import { locale, t } from "../../text.js";
import uPlot from "../../lib/uplot.js";

const DAY_MS = 86400000;
const numberOf = (date) => Date.parse(`${date}T00:00:00Z`) / DAY_MS;
const months = new Intl.DateTimeFormat(locale, { month: "short", year: "numeric", timeZone: "UTC" });
const dateOf = (day) => new Date(day * DAY_MS).toISOString();

// Each day's end in numbers: what was reached by then, and where the trend and its band go.
function running(line, today) {
  const from = numberOf(line.days.from);
  const to = line.period.to ? numberOf(line.period.to) : from + line.days.amounts.length;
  const known = line.days.amounts.length;
  const { forecast } = line;
  const now = Number(line.so_far);
  let sum = Number(line.base);
  const rows = Array.from({ length: to - from }, (_, i) => {
    if (i < known) return [from + i, (sum += Number(line.days.amounts[i])), null, null, null];
    if (!forecast) return [from + i, null, null, null, null];
    const part = (i - known + 1) / Math.max(1, to - from - known); // straight from today to the end
    const on = (end) => now + (Number(end) - now) * part;
    return [from + i, null, on(forecast.low), on(forecast.at_end), on(forecast.high)];
  });
  const last = rows[known - 1];
  if (forecast && known < rows.length) last.splice(2, 3, now, now, now); // the band begins where the line ends
  return { rows, marker: today ? numberOf(today) : null };
}

// A level's line goes on by itself, whatever today's busiest minute was so far, in a band of one width.
function alongTheLine(rows, { at_end: end, low, high, per_day: step }, today) {
  for (const row of rows.filter(([day]) => day > today)) {
    const trend = Number(end) - Number(step) * (rows.at(-1)[0] - row[0]);
    row.splice(2, 3, ...[trend - (Number(end) - Number(low)), trend, trend + (Number(high) - Number(end))].map((value) => Math.max(0, value)));
  }
}

// Each day by itself: active robots, or the days before of a limit that is of a day.
function single(line, today) {
  if (!line.days.add_up) {
    const from = numberOf(line.days.from);
    const to = line.period.to ? numberOf(line.period.to) : from + line.days.amounts.length;
    const rows = Array.from({ length: to - from }, (_, i) => [from + i, line.days.amounts[i] === undefined ? null : Number(line.days.amounts[i]), null, null, null]);
    const now = rows[numberOf(today) - from];
    if (now && rows.length > 1 && line.told_by !== "minute") now.splice(1, 3, null, null, now[1]); // a day that goes on is a point of its own
    const { forecast } = line;
    if (forecast && line.told_by === "minute") alongTheLine(rows, forecast, numberOf(today));
    else if (forecast && line.days.amounts.length < rows.length) rows.at(-1).splice(2, 3, Number(forecast.low), Number(forecast.at_end), Number(forecast.high));
    return { rows, marker: numberOf(today) };
  }
  const rows = [...line.earlier].reverse().map(({ from, amount }) => [numberOf(from), Number(amount), null, null, null]);
  const { forecast } = line;
  rows.push([numberOf(line.period.from), Number(line.so_far), forecast && Number(forecast.low), forecast && Number(forecast.at_end), forecast && Number(forecast.high)]);
  return { rows, marker: null };
}

const isSingle = (line) => !line.days.add_up || line.per === "day";

// Lines across with their names: the limit, and the points of thresholds.
function levels(line) {
  const own = line.limit === null ? [] : [{ at: Number(line.limit), text: t(line.kind === "commitment" ? "burn.promise" : "burn.limit"), kind: line.kind === "commitment" ? "--ok" : "--bad", dash: [] }];
  const points = line.thresholds.filter(({ point, trigger }) => point !== null && trigger !== "forecast")
    .map(({ point }) => ({ at: Number(point), text: t("burn.threshold"), kind: "--warn", dash: [3, 3] }));
  return [...own, ...points.filter(({ at }) => !own.some((limit) => limit.at === at))];
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function drawLevels(plot, lines) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px ${colour("--font")}`;
  for (const [i, { at, text, kind, dash }] of lines.entries()) {
    const y = Math.round(plot.valToPos(at, "y", true));
    ctx.strokeStyle = ctx.fillStyle = colour(kind);
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(dash.map((n) => n * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.textBaseline = y - bbox.top < 16 * devicePixelRatio ? "top" : "bottom";
    ctx.textAlign = i === 0 ? "left" : "right"; // so that two that are near each other can be read
    ctx.fillText(text, i === 0 ? bbox.left + 6 * devicePixelRatio : bbox.left + bbox.width - (6 + 64 * (i - 1)) * devicePixelRatio,
      y + (ctx.textBaseline === "top" ? 3 : -3) * devicePixelRatio);
  }
  ctx.restore();
}

function drawToday(plot, day) {
  const { ctx, bbox } = plot;
  const x = Math.round(plot.valToPos(day, "x", true));
  ctx.save();
  ctx.strokeStyle = colour("--line-strong");
  ctx.fillStyle = colour("--ink-2");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.font = `${11 * devicePixelRatio}px ${colour("--font")}`;
  ctx.textBaseline = "bottom";
  ctx.textAlign = x > bbox.left + bbox.width - 60 * devicePixelRatio ? "right" : "left";
  ctx.fillText(t("burn.today"), x + (ctx.textAlign === "right" ? -4 : 4) * devicePixelRatio, bbox.top + bbox.height - 4 * devicePixelRatio);
  ctx.restore();
}

// At most so many dates below the picture.
function dates(plot, from, to) {
  const step = Math.max(1, Math.ceil(((to - from) * 76) / plot.width));
  const found = [];
  for (let day = from; day <= to; day += step) found.push(day);
  return found;
}

function optionsOf({ line, rows, marker, brief }) {
  const lines = levels(line);
  const most = Math.max(...lines.map(({ at }) => at), ...rows.flatMap((row) => row.slice(1).map((value) => value ?? 0)));
  const from = rows[0][0];
  const to = rows.at(-1)[0];
  const bars = isSingle(line) && rows.length <= 62;
  const goes = line.told_by === "minute"; // bars, and a line that goes on
  const paths = bars ? { paths: uPlot.paths.bars({ size: [0.7, 40] }) } : {};
  return (axis) => ({
    scales: { x: { time: false, range: bars ? [from - 0.6, to + 0.6] : [from, Math.max(to, from + 1)] }, y: { range: [0, most * 1.08 || 1] } },
    axes: [
      axis({ size: 28, grid: { show: false }, splits: (plot) => dates(plot, from, to), values: (_, splits) => splits.map((day) => (to - from > 400 ? months.format(day * DAY_MS) : dayShort(dateOf(day)))) }),
      axis({ size: 62, values: (_, splits) => splits.map(brief) }),
    ],
    bands: bars && !goes ? [] : [{ series: [4, 2], fill: `${colour("--series-1")}30` }],
    series: [{},
      { stroke: colour("--series-1"), fill: bars ? colour("--series-1") : `${colour("--series-1")}1f`, width: bars ? 0 : 2, points: { show: false }, ...paths },
      { stroke: "transparent", points: { show: false }, width: 0 },
      { stroke: colour("--series-1"), dash: [4, 4], width: 1.5, points: { show: isSingle(line) && !goes, size: 7 }, ...(bars && !goes ? { paths: () => null } : {}) },
      { stroke: "transparent", points: { show: false }, width: 0 }],
    hooks: {
      draw: [(plot) => { drawLevels(plot, lines); if (marker !== null) drawToday(plot, marker); }],
    },
  });
}

// What is known of a day, in words.
function said([day, used, low, trend, high], show) {
  const parts = [used !== null && show(used), trend !== null && used === null && low === null && show(trend),
    low !== null && used === null && t("burn.going", { trend: show(trend), low: show(low), high: show(high) })].filter(Boolean);
  return [dayShort(dateOf(day)), parts.join(", ") || t("burn.nothing_known")];
}

// show(value): in full; brief(value): for the axis.
export function BurnPlot({ line, today, show, brief, label }) {
  const drawn = useMemo(() => {
    const { rows, marker } = isSingle(line) ? single(line, today) : running(line, today);
    return { rows, marker, data: [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column])) };
  }, [line, today]);
  const { rows, marker, data } = drawn;
  if (rows.length === 0) return null; // a daily cap has its first day
  // the scale is a part of the options: they are made anew when it moves
  const version = [rows.length, line.limit, line.so_far, line.busiest, line.forecast?.high, line.thresholds.length].join();
  return html`<div class="burn-plot"><${Plot} data=${data} options=${optionsOf({ line, rows, marker, brief })} version=${version} label=${label} height=${170}
    reading=${(i) => said(rows[i], show)} /></div>`;
}
