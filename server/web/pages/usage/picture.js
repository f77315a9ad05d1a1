// picture.js - usage over time as stacked columns: what counts most by name, the rest in one

import { html, useMemo, useState } from "../../dom.js";
import { bars, Plot, seriesColour } from "../../components/plot.js";
import { clockIn, compact, dayShort, digitsFor, hourIn, money, monthOf, number } from "../../format.js";
import { t, word } from "../../text.js";
import { periods } from "./asked.js";

const TOKENS = ["input_uncached", "input_cached", "cache_write_5m", "cache_write_1h", "output", "reasoning"];

const sum = (row, ...names) => names.reduce((all, name) => all + Number(row[name] ?? 0), 0);
export const MEASURED = {
  attempts: (row) => sum(row, "attempts"),
  input: (row) => sum(row, "input_uncached", "input_cached", "cache_write_5m", "cache_write_1h"),
  output: (row) => sum(row, "output", "reasoning"),
  cost: (row) => Number(row.price ?? 0),
};

// Classes that are not tokens do not stack on those that are.
export function isDrawn(row) {
  return row.class === undefined || TOKENS.includes(row.class);
}

// Of a class, what all others used of it.
export const restOf = (row) => (row.class === undefined ? t("usage.rest") : t("usage.rest_of", { what: word("metric", row.class) }));

export const nameOf = (row, by) => (row.rest ? restOf(row)
  : by.map((name) => (name === "class" ? word("metric", row.class) : row[name] || t(`unnamed.${name}`))).join(" / "));

function useSeries(rows, asked, by) {
  return useMemo(() => {
    const labels = periods(asked);
    const place = new Map(labels.map((label, i) => [Date.parse(label), i]));
    const series = new Map();
    for (const row of rows.filter(isDrawn)) {
      const name = nameOf(row, by);
      if (!series.has(name)) series.set(name, labels.map(() => 0));
      const at = place.get(Date.parse(row[asked.unit]));
      if (at !== undefined) series.get(name)[at] += row.class === undefined ? MEASURED[asked.measure](row) : Number(row.quantity);
    }
    return { labels, names: [...series.keys()], values: [...series.values()] };
  }, [rows]);
}

// Each series is drawn from the sum of those below it.
function stacked(series) {
  const sums = series[0]?.map(() => 0) ?? [];
  return series.map((values) => values.map((value, i) => (sums[i] += value)));
}

const TEXT = {
  hour: (label, { from, to, zone }) => (from === to ? clockIn(label, zone) : hourIn(label, zone)),
  day: dayShort,
  week: (label) => t("usage.week_of", { day: dayShort(label) }),
  month: monthOf,
  quarter: (label) => t("usage.quarter", { n: Math.ceil(Number(label.slice(5, 7)) / 3), year: label.slice(0, 4) }),
  year: (label) => label.slice(0, 4),
};

// Which columns get their label, the last always: as many as stand side by side. Letters of the
// axis are about 7 pixels wide; between two labels a blank of 12.
function readable(texts, plot) {
  const widest = Math.max(...texts.map((text) => text.length)) * 7 + 12;
  const step = Math.max(1, Math.ceil((texts.length * widest) / (plot.bbox.width / devicePixelRatio || plot.width)));
  return texts.map((_, i) => i).filter((i) => (texts.length - 1 - i) % step === 0);
}

function Legend({ names, values, at, title, shown }) {
  return html`<ul class="legend" aria-live="off"><li class="legend-at">${at === null ? t("usage.whole") : title}</li>
    ${names.map((name, i) => html`<li key=${name}><i style=${{ background: `var(--series-${(i % 6) + 1})` }}></i>${name}
      <b>${shown(at === null ? values[i].reduce((all, value) => all + value, 0) : values[i][at])}</b></li>`)}</ul>`;
}

export function Picture({ rows, asked, by, currency }) {
  const { labels, names, values } = useSeries(rows, asked, by);
  const [at, setAt] = useState(null);
  // the tallest stack is drawn first, so that the shorter ones stay visible before it
  const data = useMemo(() => [labels.map((_, i) => i), ...stacked(values).reverse()], [labels, values]);
  const isMoney = asked.measure === "cost" && !by.includes("class");
  const short = isMoney ? (value) => money(value, currency, digitsFor([value])) : compact;
  const shown = isMoney ? short : number;
  const texts = labels.map((label) => TEXT[asked.unit](label, asked));

  const options = (axis) => ({
    scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: (_, low, high) => [0, high * 1.1 || 1] } },
    axes: [
      axis({ size: 30, grid: { show: false }, splits: (plot) => readable(texts, plot), values: (_, splits) => splits.map((i) => texts[i] ?? "") }),
      axis({ size: 64, values: (_, splits) => splits.map(short) }),
    ],
    series: [{}, ...names.map((_, i) => ({
      fill: seriesColour(names.length - 1 - i), width: 0, points: { show: false }, paths: bars,
    }))],
  });
  if (names.length === 0) return html`<p class="muted">${t("usage.no_tokens")}</p>`;
  const reading = (i) => [texts[i], ...names.map((name, n) => `${name}: ${shown(values[n][i])}`)];
  return html`<${Plot} data=${data} options=${options} reading=${reading} onPoint=${setAt} unseen version=${`${asked.measure} ${labels.join()} ${names.join()}`}
      label=${t("usage.plot", { measure: by.includes("class") ? t("metric.tokens") : t(`measure.${asked.measure}`), by: by.map((name) => t(`dimension.${name}`)).join(", ") })} />
    <${Legend} names=${names} values=${values} at=${at < labels.length ? at : null} title=${texts[at]} shown=${shown} />`;
}
