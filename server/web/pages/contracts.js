// contracts.js - the terms agreed with vendors

import { html } from "../dom.js";
import { useList, useResource } from "../api.js";
import { PageHead } from "../components/page.js";
import { Empty, Loaded } from "../components/states.js";
import { ListTable, Table } from "../components/table.js";
import { Ago, Card, Facts, Money } from "../components/ui.js";
import { number, timeIn } from "../format.js";
import { t, word } from "../text.js";

const COLUMNS = [
  { key: "id", title: t("contract"), lead: true, cell: (row) => html`<a class="row-link" href="/contracts/${row.id}">${row.id}</a>` },
  { key: "vendor", title: t("vendor"), cell: (row) => row.vendor },
  { key: "currency", title: t("currency"), width: "100px", cell: (row) => row.currency },
  { key: "zone", title: t("zone"), from: "mid", cell: (row) => row.zone },
  { key: "version", title: t("version"), end: true, width: "96px", cell: (row) => number(row.version) },
  { key: "from", title: t("effective_from"), end: true, cell: (row) => html`<${Ago} at=${row.effective_from} />` },
];

export function Contracts() {
  const list = useList("/contracts", { kinds: ["contract"] });
  return html`<${PageHead} title=${t("nav.contracts")} />
    <section class="card flush"><${ListTable} list=${list} columns=${COLUMNS} label=${t("nav.contracts")} skeleton=${3} rowHref=${(row) => `/contracts/${row.id}`}
      empty=${html`<${Empty} icon="contracts" title=${t("contracts.none")}>
        <p class="muted">${t("contracts.none.how")}</p></${Empty}>`} /></section>`;
}

const CHARGES = (currency) => [
  { key: "kind", title: t("charge.kind"), lead: true, cell: (row) => word("charge", row.kind) },
  { key: "metric", title: t("charge.metric"), cell: (row) => (row.metric ? word("metric", row.metric) : "\u2013") },
  { key: "models", title: t("charge.models"), cell: (row) => [].concat(row.models || []).join(", ") || "\u2013" },
  { key: "price", title: t("charge.price"), end: true, cell: (row) => html`<${Money} value=${row.price ?? row.amount} currency=${currency} />` },
  { key: "per", title: t("charge.per"), end: true, cell: (row) => (row.kind === "unit" ? number(row.unit || 1) : word("per", row.per)) },
];

// The database keeps members in its own order; people read a contract in this one.
const ORDER = ["contract", "vendor", "currency", "zone", "term", "from", "to", "kind", "of", "metric", "models", "amount", "price", "unit", "per"];

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
      <${Document} document=${newest(contract)} />`}</${Loaded}>`;
}
