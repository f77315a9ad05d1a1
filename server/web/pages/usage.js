// usage.js - what the fleet used, by vendor and model and by day, and how sure that is

import { html, useMemo, useState } from "../dom.js";
import { useResource } from "../api.js";
import { PageHead } from "../components/page.js";
import { bars, Plot, seriesColour } from "../components/plot.js";
import { Empty, Loaded } from "../components/states.js";
import { Table } from "../components/table.js";
import { Card, Money, Segmented } from "../components/ui.js";
import { compact, dayShort, digitsFor, money, number } from "../format.js";
import { useQuery } from "../router.js";
import { t } from "../text.js";
import { Imports } from "./imports.js";

const DAY_MS = 86400000;
const RANGES = [["1", "usage.today"], ["7", "usage.week"], ["30", "usage.month"]];

const tokens = (row) => Number(row.input_uncached) + Number(row.input_cached);
const MEASURES = {
  attempts: (row) => Number(row.attempts),
  output: (row) => Number(row.output) + Number(row.reasoning),
  input: tokens,
  cost: (row) => Number(row.price),
};

const isoDay = (ms) => new Date(ms).toISOString().slice(0, 10);
const nameOf = (row) => `${row.vendor} / ${row.model}`;

// The last `count` days, newest last. Days are the contract's own, so that around midnight the
// newest may be one that has not begun where the browser is; `rows` know of it.
function daysShown(count, rows) {
  const newest = rows.reduce((last, { day }) => (day > last ? day : last), isoDay(Date.now()));
  return Array.from({ length: count }, (_, i) => isoDay(Date.parse(newest) - (count - 1 - i) * DAY_MS));
}

// Rows of (vendor, model, currency, day) summed over the days.
function total(rows) {
  const sums = new Map();
  for (const row of rows) {
    const key = `${nameOf(row)} ${row.currency}`;
    const sum = sums.get(key);
    if (!sum) sums.set(key, { ...row, key });
    else for (const name of NUMBERS) sum[name] = add(sum[name], row[name]);
  }
  return [...sums.values()].sort((a, b) => Number(b.attempts) - Number(a.attempts));
}

// The sum line, where there is something to sum and one currency to do it in.
function totalRow(sums) {
  const one = new Set(sums.map((row) => row.currency)).size === 1;
  if (sums.length < 2 || !one) return [];
  const sum = { key: "total", total: true, currency: sums[0].currency };
  for (const name of NUMBERS) sum[name] = sums.reduce((all, row) => add(all, row[name]), "0");
  return [sum];
}

const NUMBERS = ["attempts", "failed", "uncertain", "input_uncached", "input_cached", "output", "reasoning", "price"];
const SCALE = 12;

// Decimal text added exactly: money has more digits than a floating point number holds.
function add(a, b) {
  const parts = [a, b].map((text) => String(text ?? 0).split("."));
  const sum = parts.reduce((n, [whole, rest = ""]) =>
    n + BigInt(whole + rest.slice(0, SCALE).padEnd(SCALE, "0")), 0n);
  const digits = sum.toString().padStart(SCALE + 1, "0");
  const rest = digits.slice(-SCALE).replace(/0+$/, "");
  return digits.slice(0, -SCALE) + (rest && `.${rest}`);
}

function Uncertain({ row }) {
  const n = Number(row.uncertain);
  if (n === 0) return html`<span class="muted">0</span>`;
  return html`<span class="tone-warn" title=${t("usage.uncertain.help")}>${number(n)}</span>`;
}

function Share({ row, rows }) {
  const all = rows.reduce((sum, other) => sum + Number(other.attempts), 0);
  const part = all ? Number(row.attempts) / all : 0;
  return html`<span class="share"><i style=${{ width: `${(part * 100).toFixed(1)}%`, background: `var(--series-${(row.index % 6) + 1})` }}></i></span>`;
}

const columns = (rows, digits) => [
  { key: "route", title: t("usage.route"), lead: true, width: "22%", cell: (row) => html`
    ${row.total ? html`<b>${t("usage.total")}</b>` : html`<b>${row.vendor}</b><span class="muted"> / ${row.model}</span>
      <${Share} row=${row} rows=${rows} />`}` },
  { key: "attempts", title: t("attempts"), end: true, cell: (row) => number(row.attempts) },
  { key: "failed", title: t("usage.failed"), end: true, cell: (row) => number(row.failed) },
  { key: "uncertain", title: t("usage.uncertain"), end: true, cell: (row) => html`<${Uncertain} row=${row} />` },
  { key: "input", title: t("tokens.input"), end: true, cell: (row) => number(row.input_uncached) },
  { key: "cached", title: t("tokens.input_cached"), end: true, cell: (row) => number(row.input_cached) },
  { key: "output", title: t("tokens.output"), end: true, cell: (row) => number(row.output) },
  { key: "reasoning", title: t("tokens.reasoning"), end: true, from: "wide", cell: (row) => number(row.reasoning) },
  { key: "cost", title: t("cost"), end: true, width: "13%", cell: (row) => html`<${Money} value=${row.price} currency=${row.currency} digits=${digits} />` },
];

// Stacked columns over x; each series is drawn from the sum of those below it.
function stacked(series) {
  const sums = series[0].map(() => 0);
  return series.map((values) => values.map((value, i) => (sums[i] += value)));
}

function useBars(rows, days, measure) {
  return useMemo(() => {
    const names = [...new Set(rows.map(nameOf))];
    const of = MEASURES[measure];
    const labels = days.length > 1 ? days : names;
    const values = names.map((name) => labels.map((label) => rows
      .filter((row) => nameOf(row) === name && (days.length === 1 ? name === label : row.day === label))
      .reduce((sum, row) => sum + of(row), 0)));
    return { names, labels, values };
  }, [rows, days, measure]);
}

// Which columns get their label, the last always: as many as stand side by side. Letters of the
// axis are about 7 pixels wide; between two labels a blank of 12.
function readable(labels, plot) {
  const widest = Math.max(...labels.map((text) => text.length)) * 7 + 12;
  const step = Math.max(1, Math.ceil((labels.length * widest) / (plot.bbox.width / devicePixelRatio || plot.width)));
  return labels.map((_, i) => i).filter((i) => (labels.length - 1 - i) % step === 0);
}

function BarPlot({ rows, days, measure, currency }) {
  const { names, labels, values } = useBars(rows, days, measure);
  // the tallest stack is drawn first, so that the shorter ones stay visible before it
  const data = useMemo(() => [labels.map((_, i) => i), ...stacked(values).reverse()], [labels, values]);
  const shown = measure === "cost" ? (value) => money(value, currency, digitsFor([value])) : compact;
  const label = (i) => (days.length > 1 ? dayShort(labels[i]) : labels[i]) ?? "";

  const options = (axis) => ({
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: (_, low, high) => [0, high * 1.1 || 1] } },
    axes: [
      axis({ size: 30, grid: { show: false }, splits: (plot) => readable(labels.map((_, i) => label(i)), plot),
        values: (_, splits) => splits.map(label) }),
      axis({ size: 64, values: (_, splits) => splits.map(shown) }),
    ],
    series: [{}, ...names.map((_, i) => ({
      fill: seriesColour(names.length - 1 - i), width: 0, points: { show: false }, paths: bars,
    }))],
  });
  return html`<${Plot} data=${data} options=${options} version=${`${measure} ${labels.join()} ${names.join()}`}
    label=${t("usage.plot", { measure: t(`measure.${measure}`) })} />`;
}

function Legend({ names }) {
  return html`<ul class="legend">${names.map((name, i) => html`<li key=${name}>
    <i style=${{ background: `var(--series-${(i % 6) + 1})` }}></i>${name}</li>`)}</ul>`;
}

function Body({ rows, count }) {
  const [measure, setMeasure] = useState("attempts");
  const days = useMemo(() => daysShown(count, rows), [rows]);
  const names = [...new Set(rows.map(nameOf))];
  const sums = total(rows).map((row) => ({ ...row, index: names.indexOf(nameOf(row)) }));
  if (rows.length === 0) return html`<section class="card"><${Empty} icon="usage" title=${t("usage.none")} /></section>`;

  const currencies = [...new Set(rows.map((row) => row.currency))];
  const measures = Object.keys(MEASURES).filter((name) => name !== "cost" || currencies.length === 1);
  return html`
    <${Card} title=${t("usage.by_model")} flush><${Table} label=${t("usage.by_model")} columns=${columns(sums, digitsFor(sums.map(({ price }) => price)))}
      rows=${[...sums, ...totalRow(sums)]} rowKey=${(row) => row.key} /></${Card}>
    <${Card} title=${t(days.length > 1 ? "usage.by_day" : "usage.today")} actions=${html`<${Segmented} label=${t("usage.measure")}
        value=${measure} options=${measures.map((name) => [name, t(`measure.${name}`)])} onChange=${setMeasure} />`}>
      <${BarPlot} rows=${rows} days=${days} measure=${measure} currency=${currencies[0]} />
      ${days.length > 1 && html`<${Legend} names=${names} />`}
    </${Card}>`;
}

export function Usage() {
  const [query, change] = useQuery();
  const length = RANGES.some(([days]) => days === query.days) ? query.days : "1";
  const count = Number(length);
  // without "from" the server answers each contract's own today
  const wanted = count > 1 ? { by: "vendor,model,day", from: isoDay(Date.now() - (count - 1) * DAY_MS) } : { by: "vendor,model" };
  const state = useResource("/usage", { query: wanted, kinds: ["usage"], gap_ms: 3000 });

  return html`
    <${PageHead} title=${t("nav.usage")} at=${state.data?.as_of}>
      <${Segmented} label=${t("usage.range")} value=${length} options=${RANGES.map(([value, key]) => [value, t(key)])}
        onChange=${(value) => change({ days: value === "1" ? "" : value })} />
    </${PageHead}>
    <${Loaded} state=${state} lines=${8}>${(data) => html`<${Body} key=${length} rows=${data.items} count=${count} />`}</${Loaded}>
    ${state.data && html`<${Imports} />`}`;
}
