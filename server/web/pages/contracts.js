// contracts.js - the terms agreed with vendors

import { html, useEffect, useState } from "../dom.js";
import { useList, useResource } from "../api.js";
import { BudgetDialog } from "../components/budget.js";
import { PageHead } from "../components/page.js";
import { fullestFirst, Pools } from "../components/pools.js";
import { Empty, Loaded } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Button, Card } from "../components/ui.js";
import { dayIn, number } from "../format.js";
import { may } from "../session.js";
import { t } from "../text.js";

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
  return html`<${PageHead} title=${t("nav.contracts")} at=${list.at}>${may("operator") && html`<a class="button primary" href="/contracts/new">${t("contracts.new")}</a>`}</${PageHead}>
    <section class="card flush"><${ListTable} list=${list} columns=${COLUMNS} label=${t("nav.contracts")} skeleton=${3} rowHref=${(row) => `/contracts/${row.id}`}
      empty=${html`<${Empty} icon="contracts" title=${t("contracts.none")}>
        <p class="muted">${t("contracts.none.how")}</p>
        ${may("operator") && html`<a class="button" href="/contracts/new">${t("contracts.new")}</a>`}</${Empty}>`} /></section>
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
