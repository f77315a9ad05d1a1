// contracts.js - the terms agreed with vendors

import { html, useEffect, useState } from "../dom.js";
import { useList, useResource } from "../api.js";
import { Bill } from "../components/bill.js";
import { BudgetDialog } from "../components/budget.js";
import { PageHead } from "../components/page.js";
import { Pools } from "../components/pools.js";
import { Empty, Loaded } from "../components/states.js";
import { ListTable, Table } from "../components/table.js";
import { Button, Card, Facts, Money } from "../components/ui.js";
import { dayIn, number, timeIn } from "../format.js";
import { may } from "../session.js";
import { t, word } from "../text.js";

const COLUMNS = [
  { key: "id", title: t("contract"), lead: true, cell: (row) => html`<a class="row-link" href="/contracts/${row.id}">${row.id}</a>` },
  { key: "vendor", title: t("vendor"), cell: (row) => row.vendor },
  { key: "currency", title: t("currency"), width: "100px", cell: (row) => row.currency },
  { key: "zone", title: t("zone"), from: "mid", cell: (row) => row.zone },
  { key: "version", title: t("version"), end: true, width: "96px", cell: (row) => number(row.version) },
  { key: "from", title: t("effective_from"), end: true, cell: (row) => dayIn(row.effective_from, row.zone) },
];

export function Contracts() {
  const list = useList("/contracts", { kinds: ["contract"] });
  return html`<${PageHead} title=${t("nav.contracts")} />
    <section class="card flush"><${ListTable} list=${list} columns=${COLUMNS} label=${t("nav.contracts")} skeleton=${3} rowHref=${(row) => `/contracts/${row.id}`}
      empty=${html`<${Empty} icon="contracts" title=${t("contracts.none")}>
        <p class="muted">${t("contracts.none.how")}</p></${Empty}>`} /></section>
    <${Limits} />`;
}

// Every cap and budget that counts now, the fullest first.
function Limits() {
  const [adding, setAdding] = useState(false);
  const state = useResource("/pools", { query: { open: "true" }, kinds: ["usage", "pool", "contract"], gap_ms: 2000 });
  useEffect(() => {
    if (location.hash === "#limits") document.getElementById("limits")?.scrollIntoView();
  }, [state.data === undefined]); // again when they are there and the page has its length
  const add = may("operator") && html`<${Button} onClick=${() => setAdding(true)}>${t("budget.add")}</${Button}>`;
  return html`<${Card} id="limits" title=${t("pools")} actions=${add} flush>
    <${Loaded} state=${state} lines=${4}>${({ items }) => (items.length === 0
      ? html`<${Empty} icon="contracts" title=${t("pools.none")}><p class="muted">${t("pools.none.how")}</p></${Empty}>`
      : html`<${Pools} label=${t("pools")} pools=${fullestFirst(items)} />`)}</${Loaded}></${Card}>
    ${adding && html`<${BudgetDialog} onClose=${() => { setAdding(false); state.reload(); }} />`}`;
}

const fullestFirst = (pools) => [...pools].sort((a, b) => Number(b.share ?? 1) - Number(a.share ?? 1));

function ContractPools({ id }) {
  const state = useResource("/pools", { query: { open: "true" }, kinds: ["usage", "pool", "contract"], gap_ms: 2000 });
  const own = (state.data?.items || []).filter((pool) => pool.source.startsWith(`cap:${id}:`)
    || (pool.scope === "contract" && pool.subject === id));
  if (own.length === 0) return null;
  return html`<${Card} title=${t("pools")} flush><${Pools} label=${t("pools")} pools=${fullestFirst(own)} /></${Card}>`;
}

function SoFar({ id }) {
  const state = useResource(`/contracts/${id}/bill`, { kinds: ["usage", "contract"], gap_ms: 5000 });
  return html`<${Card} title=${t("bill.so_far")} flush>
    <${Loaded} state=${state} lines=${6}>${(bill) => html`<${Bill} bill=${bill} />`}</${Loaded}></${Card}>`;
}

// One price, or how many there are: the document below has them all.
function Price({ charge, currency }) {
  const several = charge.tiers || charge.windows || (charge.prices && Object.keys(charge.prices));
  if (several) return t("charge.prices", { n: several.length });
  const value = charge.price ?? charge.amount;
  return value === undefined ? "\u2013" : html`<${Money} value=${value} currency=${currency} />`;
}

const metricText = (metric) => [].concat(metric ?? []).map((one) => word("metric", one.gauge ?? one)).join(" + ") || "\u2013";

const CHARGES = (currency) => [
  { key: "kind", title: t("charge.kind"), lead: true, cell: (row) => word("charge", row.kind) },
  { key: "metric", title: t("charge.metric"), cell: (row) => metricText(row.metric) },
  { key: "models", title: t("charge.models"), cell: (row) => [].concat(row.models || []).join(", ") || "\u2013" },
  { key: "price", title: t("charge.price"), end: true, cell: (row) => html`<${Price} charge=${row} currency=${currency} />` },
  { key: "unit", title: t("charge.unit_of"), end: true, cell: (row) => (row.unit || row.price ? number(row.unit || row.size || 1) : "\u2013") },
  { key: "per", title: t("charge.per"), end: true, cell: (row) => word("per", row.per ?? "\u2013") },
];

// The database keeps members in its own order; people read a contract in this one.
const ORDER = ["contract", "vendor", "currency", "zone", "term", "from", "to", "kind", "of", "metric", "models", "at_most", "at_least", "amount", "price", "unit", "per"];

function place(name) {
  const at = ORDER.indexOf(name);
  return at < 0 ? ORDER.length : at;
}

function ordered(_, value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => place(a) - place(b)));
}

function Document({ document }) {
  return html`
    ${document.charges?.length > 0 && html`<${Card} title=${t("contract.charges")} flush><${Table} label=${t("contract.charges")}
      columns=${CHARGES(document.currency)} rows=${document.charges} rowKey=${(row) => JSON.stringify(row)} /></${Card}>`}
    <${Card} title=${t("contract.document")}><pre class="code" tabindex="0">${JSON.stringify(document, ordered, 2)}</pre></${Card}>`;
}

// The newest version's document, wherever the answer keeps it.
function newest(contract) {
  return contract.document || contract.versions?.[0]?.document || {};
}

export function Contract({ id }) {
  const state = useResource(`/contracts/${id}`, { kinds: ["contract"] });
  return html`<${PageHead} title=${id} crumbs=${[[t("nav.contracts"), "/contracts"]]} />
    <${Loaded} state=${state} lines=${10}>${(contract) => html`
      <${Card} title=${t("contract.facts")}><${Facts} flow items=${[
        [t("vendor"), contract.vendor], [t("currency"), contract.currency], [t("zone"), contract.zone],
        [t("version"), number(contract.version)],
        [t("effective_from"), contract.effective_from && timeIn(contract.effective_from, contract.zone)],
      ]} /></${Card}>
      <${ContractPools} id=${id} />
      <${SoFar} id=${id} />
      <${Document} document=${newest(contract)} />`}</${Loaded}>`;
}
