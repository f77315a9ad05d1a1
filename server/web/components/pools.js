// pools.js - running accounts of caps and budgets: what is spent, what robots hold, what is free
//
// Credit that robots hold is a part of the bar of its own, so that nobody reads it as spend.

import { html } from "../dom.js";
import { dayIn, lastDayIn, money, number } from "../format.js";
import { givenName, t, word } from "../text.js";
import { dayOf, pageOf, usageBehind } from "./behind.js";
import { Table } from "./table.js";
import { Card, Chip, Facts } from "./ui.js";

// Amounts of a pool in its unit: money with its digits, or a count.
export function PoolAmount({ pool, value }) {
  return pool.currency ? money(value, pool.currency) : number(Math.floor(Number(value)));
}

const share = (part, pool) => {
  const limit = Number(pool.limit);
  return limit > 0 ? Math.min(100, Math.max(0, (Number(part) / limit) * 100)) : 100;
};

function tone(pool) {
  if (pool.over || Number(pool.share) >= 1) return "bad";
  return Number(pool.share) >= 0.8 ? "warn" : "";
}

export function Bar({ pool }) {
  const spent = share(pool.spent, pool);
  const held = Math.min(100 - spent, share(pool.outstanding, pool));
  const label = t("pool.bar", { spent: Math.round(spent), held: Math.round(held) });
  return html`<div class="gauge ${tone(pool)}" role="img" aria-label=${label} title=${label}>
    <i class="spent" style=${{ width: `${spent}%` }}></i><i class="held" style=${{ width: `${held}%` }}></i></div>`;
}

// "cap:dahan-2026:requests" and "budget:night" as people call them.
export function poolName(pool) {
  const [, id, name] = pool.source.split(":");
  if (/^caps\/\d+$/.test(name || "")) return pool.currency || word("metric", pool.unit);
  return name ? givenName(name) : id;
}

function Source({ pool }) {
  const [kind, id] = pool.source.split(":");
  const title = poolName(pool);
  return html`${kind === "budget" ? html`<a class="row-link" href=${pageOf(pool.source)}>${title}</a>` : html`<b>${title}</b>`}
    <span class="sub">${word("pool", kind)}${kind === "cap" && html` \u00b7 <a href="/contracts/${id}">${id}</a>`}
      ${kind === "budget" && pool.subject && ` \u00b7 ${pool.subject}`}</span>`;
}

const SUBJECTS = ["vendor", "contract", "group", "device"];

// What was spent is the usage of whom the pool is for, since its period began.
export const spentOn = ({ scope, subject, period, zone }) => usageBehind({ zone, from: dayOf(Date.parse(period.from), zone),
  end: period.to && dayOf(Date.parse(period.to), zone), ...(SUBJECTS.includes(scope) && { [scope]: subject }) });

const amount = (name) => (pool) => html`<${PoolAmount} pool=${pool} value=${pool[name]} />`;

// Who holds it, one by one.
export function Held({ pool }) {
  return Number(pool.outstanding) > 0 ? html`<a href=${`/pools/${pool.pool}`}>${amount("outstanding")(pool)}</a>` : amount("outstanding")(pool);
}

const periodText = ({ period, zone }) => (period.to ? `${dayIn(period.from, zone)} \u2013 ${lastDayIn(period.to, zone)}` : word("per", "once"));

// What of the limit is where.
export function Account({ title, pool }) {
  return html`<${Card} title=${title}>
    <${Facts} flow items=${[[t("pool.spent"), html`<a href=${spentOn(pool)}>${amount("spent")(pool)}</a>`], [t("pool.outstanding"), html`<${Held} pool=${pool} />`],
      [t("pool.free"), pool.over ? html`<${Chip} tone="bad">${t("pool.over")}</${Chip}>` : amount("free")(pool)], [t("pool.limit"), amount("limit")(pool)],
      [t("budget.period"), periodText(pool)]]} />
    <p><${Bar} pool=${pool} /></p></${Card}>`;
}

const COLUMNS = [
  { key: "source", title: t("pool.source"), lead: true, width: "20%", cell: (pool) => html`<${Source} pool=${pool} />` },
  { key: "unit", title: t("pool.unit"), from: "mid", cell: (pool) => pool.currency || word("metric", pool.unit) },
  { key: "bar", title: t("pool.share"), width: "16%", cell: (pool) => html`<${Bar} pool=${pool} />` },
  { key: "spent", title: t("pool.spent"), end: true, cell: (pool) => html`<a href=${spentOn(pool)}>${amount("spent")(pool)}</a>` },
  { key: "outstanding", title: t("pool.outstanding"), end: true, cell: (pool) => html`<${Held} pool=${pool} />` },
  { key: "free", title: t("pool.free"), end: true, cell: (pool) => (pool.over
    ? html`<${Chip} tone="bad">${t("pool.over")}</${Chip}>` : html`<${PoolAmount} pool=${pool} value=${pool.free} />`) },
  { key: "limit", title: t("pool.limit"), end: true, cell: amount("limit") },
  { key: "until", title: t("pool.until"), end: true, from: "desk", width: "136px", cell: (pool) => (pool.period.to ? lastDayIn(pool.period.to, pool.zone) : word("per", "once")) },
];

export const fullestFirst = (pools) => [...pools].sort((a, b) => Number(b.share ?? 1) - Number(a.share ?? 1));

// Beside other columns there is no room for the end of the period.
const NARROW = COLUMNS.filter(({ key }) => key !== "until").map((column) => (column.key === "bar" ? { ...column, width: "12%" } : column));

export function Pools({ pools, label, narrow = false }) {
  return html`<${Table} label=${label} columns=${narrow ? NARROW : COLUMNS} rows=${pools}
    rowKey=${(pool) => `${pool.source} ${pool.period.from}`} rowHref=${({ source }) => pageOf(source)} />`;
}
