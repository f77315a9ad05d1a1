// sums.js - usage in rows, each beside the period before and with a way to the list behind it

import { html } from "../../dom.js";
import { attemptsBehind } from "../../components/behind.js";
import { Table } from "../../components/table.js";
import { Money } from "../../components/ui.js";
import { digitsFor, NONE, number, percent } from "../../format.js";
import { t, word } from "../../text.js";
import { NARROWED } from "./asked.js";
import { MEASURED, restOf } from "./picture.js";

const MOST_TIMES = 10; // beyond, percents say less than "20 times"

// What one looks at next, after a row of this.
const NEXT = { vendor: "model", contract: "model", model: "device", group: "device", class: "device" };

export const keyOf = (row, by) => [...by.map((name) => row[name] ?? ""), row.currency, row.rest ?? ""].join("\n");

// The page that a row opens: a robot's own, or the same days narrowed to the row.
export function hrefOf(row, by, query) {
  if (row.total || row.rest) return undefined;
  if (row.device) return `/robots/${row.device}#attempts`;
  const known = by.filter((name) => NARROWED.includes(name));
  if (known.length === 0 || known.some((name) => !row[name])) return undefined;
  const narrowed = Object.fromEntries(known.map((name) => [name, row[name]]));
  const next = by.includes("class") ? "class" : known.length > 1 ? "device" : NEXT[known[0]];
  const { top, ...kept } = query;
  return `/usage?${new URLSearchParams({ ...kept, ...narrowed, by: next })}`;
}

function Part({ name, row }) {
  if (name === "class") return word("metric", row.class);
  return row[name] || html`<span class="muted">${t(`unnamed.${name}`)}</span>`;
}

function Names({ row, by, href }) {
  if (row.total) return html`<b>${t("usage.total")}</b>`;
  if (row.rest) return html`<b>${restOf(row)}</b>`;
  const text = by.map((name, i) => html`${i > 0 && html`<span class="muted"> / </span>`}<${Part} key=${name} name=${name} row=${row} />`);
  return href ? html`<a class="row-link" href=${href}>${text}</a>` : text;
}

// More or less than before, of what the picture shows.
export function Change({ now, before }) {
  if (before === undefined) return html`<span class="muted">…</span>`;
  if (before === null || before === 0) return now > 0 ? html`<span class="muted">${t("usage.new")}</span>` : NONE;
  const text = now > MOST_TIMES * before ? t("usage.times", { n: number(now / before) }) : percent((now - before) / before, 1, true);
  return html`<span title=${t("usage.before_was", { n: number(Math.round(before)) })}>${text}</span>`;
}

// The attempts that a row counts; not of a robot that is in no group, nor of what is left over.
export function attemptsOf(row, asked, only) {
  const known = row.total ? [] : asked.by.filter((name) => name !== "class"); // one attempt uses several classes
  if (row.rest || known.some((name) => !row[name])) return undefined;
  return attemptsBehind({ ...asked.only, ...Object.fromEntries(known.map((name) => [name, row[name]])), from: asked.from, to: asked.to, zone: asked.ownZone, ...only });
}

// row.currency: where there are several, each has rows of its own.
function Counted({ row, name, asked, only, children, ...look }) {
  const n = Number(row[name]);
  const href = n > 0 && attemptsOf(row, asked, { currency: row.currency, ...only });
  const shown = children ?? number(n);
  if (href) return html`<a href=${href} ...${look}>${shown}</a>`;
  return n === 0 && !children ? html`<span class="muted">0</span>` : html`<span ...${look}>${shown}</span>`;
}

function Share({ part }) {
  return html`<span class="share"><i style=${{ width: `${(part * 100).toFixed(1)}%`, background: "var(--series-1)" }}></i></span>`;
}

const lead = (by, query, of) => ({
  key: "of", title: by.map((name) => t(`dimension.${name}`)).join(" / "), lead: true, width: "24%",
  cell: (row) => html`<${Names} row=${row} by=${by} href=${hrefOf(row, by, query)} />
    ${!row.total && html`<${Share} part=${of(row)} />`}`,
});

const change = (value, before) => ({
  key: "change", title: t("usage.change"), end: true, cell: (row) => html`<${Change} now=${value(row)} before=${before(row)} />`,
});

const numbers = (digits, asked) => [
  { key: "attempts", title: t("attempts"), end: true, cell: (row) => html`<${Counted} row=${row} name="attempts" asked=${asked} />` },
  { key: "failed", title: t("usage.failed"), end: true, from: "mid", cell: (row) => html`<${Counted} row=${row} name="failed" asked=${asked} only=${{ outcome: "failed" }} />` },
  { key: "uncertain", title: t("usage.uncertain"), end: true, from: "mid", cell: (row) => html`<${Counted} row=${row} name="uncertain" asked=${asked} only=${{ provenance: "uncertain" }}
    class="tone-warn" title=${t("usage.uncertain.help")} />` },
  { key: "input", title: t("tokens.input"), end: true, cell: (row) => html`<${Counted} row=${row} name="input_uncached" asked=${asked} />` },
  { key: "cached", title: t("tokens.input_cached"), end: true, from: "mid", cell: (row) => html`<${Counted} row=${row} name="input_cached" asked=${asked} />` },
  { key: "output", title: t("tokens.output"), end: true, cell: (row) => html`<${Counted} row=${row} name="output" asked=${asked} />` },
  { key: "reasoning", title: t("tokens.reasoning"), end: true, from: "wide", cell: (row) => html`<${Counted} row=${row} name="reasoning" asked=${asked} />` },
  { key: "cost", title: t("cost"), end: true, width: "13%", cell: (row) => html`<${Counted} row=${row} name="price" asked=${asked}>
    <${Money} value=${row.price} currency=${row.currency} digits=${digits} /></${Counted}>` },
];

const classNumbers = (asked) => [{ key: "quantity", title: t("bill.quantity"), end: true, cell: (row) => html`<${Counted} row=${row} name="quantity" asked=${asked} />` }];

// before: the rows of the period before, or null while they are read.
export function Sums({ rows, totals, before, asked, query, label }) {
  const { by } = asked;
  const isClass = by.includes("class");
  const value = isClass ? (row) => Number(row.quantity) : MEASURED[asked.measure];
  const earlier = before && new Map(before.items.map((row) => [keyOf(row, by), value(row)]));
  const of = (row) => (before === null ? undefined : row.total ? value(before.totals.find((one) => one.currency === row.currency) ?? {}) || null
    : earlier.get(keyOf(row, by)) ?? null);
  const most = new Map(); // of each class: unlike quantities have no common measure
  for (const row of rows) most.set(row.class, Math.max(most.get(row.class) ?? 0, value(row)));
  const digits = digitsFor(totals.map(({ price }) => price));
  const sums = isClass || rows.length < 2 ? [] : totals.map((row) => ({ ...row, total: true }));
  return html`<${Table} label=${label} rowKey=${(row) => (row.total ? `total ${row.currency}` : keyOf(row, by))}
    columns=${[lead(by, query, (row) => value(row) / (most.get(row.class) || 1)), ...(isClass ? classNumbers(asked) : numbers(digits, asked)), change(value, of)]}
    rows=${[...rows, ...sums]} rowHref=${(row) => hrefOf(row, by, query)} />`;
}
