// contracts.js - the terms agreed with vendors

import { html, useState } from "../dom.js";
import { useList, useResource } from "../api.js";
import { BudgetDialog } from "../components/budget.js";
import { PageHead } from "../components/page.js";
import { fullestFirst, Pools } from "../components/pools.js";
import { Empty, Loaded } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Thresholds } from "../components/thresholds.js";
import { Button, Card, Chip } from "../components/ui.js";
import { dayIn, money, NONE, number, percent } from "../format.js";
import { may } from "../session.js";
import { t, word } from "../text.js";
import { daysLeft, nameOf, TONES } from "./contract/burns.js";

function leftOf(burndown) {
  const n = daysLeft(burndown);
  return n > 0 ? t("contracts.days_left", { n }) : t("term.over");
}

// What is wrong or near first, as the contract's own page has it, and what it costs so far.
function Stands({ row }) {
  const watched = { kinds: ["usage", "contract"], gap_ms: 30000 };
  const burndown = useResource(`/contracts/${row.id}/burndown`, watched);
  const bill = useResource(`/contracts/${row.id}/bill`, watched);
  if (!burndown.data) return burndown.error ? html`<span class="muted">${NONE}</span>` : html`<i class="bone"></i>`;
  const [first] = burndown.data.lines;
  const share = first?.share !== null && first?.share !== undefined && percent(Number(first.share));
  return html`<span class="stands">${first ? html`<${Chip} tone=${TONES[first.state]}>${word("burn_state", first.state)}</${Chip}> ${nameOf(first)} ${share}` : t("contracts.no_limit")}</span>
    <span class="sub">${[burndown.data.term && leftOf(burndown.data), bill.data && `${t("contracts.bill")} ${money(bill.data.total, bill.data.currency)}`]
      .filter(Boolean).join(" \u00b7 ")}</span>`;
}

const COLUMNS = [
  { key: "id", title: t("contract"), lead: true, width: "150px", cell: (row) => html`<a class="row-link" href="/contracts/${row.id}">${row.id}</a>` },
  { key: "vendor", title: t("vendor"), width: "14%", cell: (row) => html`<a href=${`/vendors/${row.vendor}`}>${row.vendor}</a>` },
  { key: "stands", title: t("contracts.stands"), width: "36%", cell: (row) => html`<${Stands} row=${row} />` },
  { key: "currency", title: t("currency"), width: "100px", from: "mid", cell: (row) => row.currency },
  { key: "zone", title: t("zone"), from: "wide", cell: (row) => row.zone },
  { key: "version", title: t("version"), end: true, from: "mid", width: "96px", cell: (row) => number(row.version) },
  { key: "from", title: t("effective_from"), end: true, from: "mid", cell: (row) => dayIn(row.effective_from, row.zone) },
];

export function Contracts() {
  const list = useList("/contracts", { kinds: ["contract"] });
  return html`<${PageHead} title=${t("nav.contracts")} at=${list.at}>${may("operator") && html`<a class="button primary" href="/contracts/new">${t("contracts.new")}</a>`}</${PageHead}>
    <section class="card flush"><${ListTable} list=${list} columns=${COLUMNS} label=${t("nav.contracts")} skeleton=${3} rowHref=${(row) => `/contracts/${row.id}`}
      empty=${html`<${Empty} icon="contracts" title=${t("contracts.none")}>
        <p class="muted">${t("contracts.none.how")}</p>
        ${may("operator") && html`<a class="button" href="/contracts/new">${t("contracts.new")}</a>`}</${Empty}>`} /></section>
    <${Thresholds} />
    <${Limits} />`;
}

// Every cap and budget that counts now, the fullest first.
function Limits() {
  const [adding, setAdding] = useState(false);
  const state = useResource("/pools", { query: { open: "true" }, kinds: ["usage", "pool", "contract"], gap_ms: 2000 });
  const add = may("operator") && html`<${Button} onClick=${() => setAdding(true)}>${t("budget.add")}</${Button}>`;
  return html`<${Card} title=${t("pools")} actions=${add} flush>
    <${Loaded} state=${state} lines=${4}>${({ items }) => (items.length === 0
      ? html`<${Empty} icon="contracts" title=${t("pools.none")}><p class="muted">${t("pools.none.how")}</p></${Empty}>`
      : html`<${Pools} label=${t("pools")} pools=${fullestFirst(items)} />`)}</${Loaded}></${Card}>
    ${adding && html`<${BudgetDialog} onClose=${() => { setAdding(false); state.reload(); }} />`}`;
}
