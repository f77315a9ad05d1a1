// invoice.js - one invoice that was checked: what differs, whose robots it concerns, and the records behind it

import { html } from "../dom.js";
import { address, useList, useResource } from "../api.js";
import { attemptsBehind } from "../components/behind.js";
import { Icon } from "../components/icons.js";
import { Only } from "../components/only.js";
import { PageHead } from "../components/page.js";
import { Empty, Loaded } from "../components/states.js";
import { ListTable, Table } from "../components/table.js";
import { Ago, Card, Facts } from "../components/ui.js";
import { grouped, number, plain } from "../format.js";
import { useQuery } from "../router.js";
import { tell } from "../said.js";
import { t, word } from "../text.js";
import { daysText } from "./contract/invoices.js";

const signed = (difference) => html`<span class=${difference.startsWith("-") ? "" : "tone-warn"}>${difference.startsWith("-") ? "" : "+"}${grouped(difference)}</span>`;

// So many of its differences, as a way to them.
const differing = (invoice, n, only) => (n > 0 ? html`<a href=${`/invoices/${invoice.id}?${new URLSearchParams(only)}#differences`}>${number(n)}</a>` : number(0));

function Standing({ invoice }) {
  return html`<${Card} title=${t("invoice.outcome")}><${Facts} flow items=${[
    [t("vendor"), html`<a href=${`/vendors/${invoice.vendor}`}>${invoice.vendor}</a>`],
    [t("invoice.days"), daysText(invoice)], [t("zone"), invoice.zone],
    [t("invoice.tolerance"), `${plain(invoice.tolerance, 6)} %`],
    [t("invoice.compared"), number(invoice.compared)], [t("invoice.equal"), number(invoice.matched)], [t("invoice.different"), differing(invoice, invoice.different, { kind: "different" })],
    [t("invoice.unknown"), differing(invoice, invoice.unknown, { kind: "unknown" })], [t("invoice.settled"), number(invoice.settled)],
    [t("invoice.checked"), html`${invoice.created_by.replace(/^operator:/, "")}, <${Ago} at=${invoice.created_at} />`]]} />
    ${invoice.problems.length > 0 && html`<ul class="plain">${invoice.problems.map(({ problem, count }) => html`<li key=${problem}><b>${differing(invoice, count, { problem })}</b> ${tell(problem)}</li>`)}</ul>`}</${Card}>`;
}

// The records that a difference is about: of a robot, of a day and a model, as far as the row tells.
function recordsOf(invoice, { device, day, model, request_id: request }) {
  const days = day ? { from: day, to: day } : { from: invoice.first_day, to: invoice.last_day };
  return attemptsBehind({ vendor: invoice.vendor, device, ...(!request && { model }), ...days, zone: invoice.zone });
}

// What nobody recorded has no records.
function Ours({ invoice, row }) {
  if (Number(row.ours) === 0) return html`<span class="muted">0</span>`;
  return html`<a href=${recordsOf(invoice, row)}>${grouped(row.ours)}</a>`;
}

const DRIFT = (invoice) => [
  { key: "device", title: t("robot"), lead: true, cell: (row) => html`<a href=${`/robots/${row.device}`}>${row.device}</a>` },
  { key: "quantities", title: t("invoice.quantities"), end: true, cell: (row) => differing(invoice, row.quantities, { device: row.device, kind: "tokens" }) },
  { key: "ours", title: t("invoice.ours"), end: true, cell: (row) => html`<${Ours} invoice=${invoice} row=${row} />` },
  { key: "theirs", title: t("invoice.theirs"), end: true, cell: (row) => grouped(row.theirs) },
  { key: "drift", title: t("invoice.difference"), end: true, cell: (row) => signed(row.drift) },
];

function Drift({ invoice }) {
  if (invoice.devices.length === 0) return null;
  return html`<${Card} title=${t("invoice.drift")} flush><${Table} label=${t("invoice.drift")} columns=${DRIFT(invoice)} rows=${invoice.devices} rowKey=${({ device }) => device} /></${Card}>`;
}

const LINES = (invoice) => [
  { key: "of", title: t("invoice.of"), lead: true, width: "24%", cell: (row) => html`<b>${row.day ?? t("invoice.undated")}</b> <span class="muted">${row.model || t("invoice.any_model")}</span>
    ${row.request_id && html`<span class="sub clip" title=${row.request_id}>${row.request_id}</span>`}` },
  { key: "device", title: t("robot"), width: "12%", cell: (row) => row.device && html`<a href=${`/robots/${row.device}`}>${row.device}</a>` },
  { key: "metric", title: t("charge.metric"), width: "16%", cell: (row) => html`<span class="says">${word("metric", row.metric)}</span>` },
  { key: "ours", title: t("invoice.ours"), end: true, cell: (row) => html`<${Ours} invoice=${invoice} row=${row} />` },
  { key: "theirs", title: t("invoice.theirs"), end: true, cell: (row) => html`${grouped(row.theirs)}${row.line !== null && html`<span class="sub">${t("invoice.line", { n: row.line })}</span>`}` },
  { key: "difference", title: t("invoice.difference"), end: true, cell: (row) => signed(row.difference) },
  { key: "problem", title: t("invoice.problem"), width: "22%", cell: (row) => html`<span class="says">${tell(row.problem)}</span>` },
];

function Lines({ invoice }) {
  const [query, change] = useQuery();
  const list = useList(`/invoices/${invoice.id}/dispute`, { query: { device: query.device, kind: query.kind, problem: query.problem }, limit: 50 });
  const narrowed = [["device", t("robot"), query.device], ["kind", t("invoice.kind"), query.kind && t(`invoice.kind.${query.kind}`)], ["problem", t("invoice.problem"), query.problem && tell(query.problem)]];
  return html`<${Drift} invoice=${invoice} />
    <${Card} title=${t("invoice.differences")} id="differences" class="differences" flush>
      ${narrowed.some(([, , value]) => value) && html`<div class="toolbar"><${Only} change=${change} parts=${narrowed} /></div>`}
      <${ListTable} list=${list} columns=${LINES(invoice)} label=${t("invoice.differences")} rowKey=${(row) => `${row.line} ${row.request_id} ${row.device} ${row.day} ${row.model} ${row.metric}`}
        empty=${html`<${Empty} icon="check" title=${t("invoice.agrees")} />`} /></${Card}>`;
}

export function Invoice({ id }) {
  const state = useResource(`/invoices/${id}`);
  const { data } = state;
  return html`<${PageHead} title=${t("invoice.title", { id })} crumbs=${data ? [[t("nav.vendors"), "/vendors"], [data.vendor, `/vendors/${data.vendor}`]] : [[t("nav.contracts"), "/contracts"]]} at=${state.at}>
      ${data && data.problems.length > 0 && html`<a class="button" href=${address(`/invoices/${id}/dispute`, { format: "csv" })} download=${`invoice-${id}.csv`}><${Icon} name="download" /><span>${t("invoice.csv")}</span></a>`}</${PageHead}>
    <${Loaded} state=${state} lines=${8}>${(invoice) => html`<${Standing} invoice=${invoice} /><${Lines} invoice=${invoice} />`}</${Loaded}>`;
}
