// alert.js - one alert: what was seen, what helps, where to look, who was told and who said what

import { html } from "../dom.js";
import { useList, useResource } from "../api.js";
import { Change, flat } from "../components/changes.js";
import { PageHead } from "../components/page.js";
import { Empty, Loaded } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Ago, Card, Facts, Status } from "../components/ui.js";
import { number } from "../format.js";
import { cureOf, tell, wordsOf } from "../said.js";
import { may } from "../session.js";
import { t, word } from "../text.js";
import { Acts, Said } from "./alerts/acts.js";
import { Deliveries } from "./alerts/channels.js";

// Figures as people read them, texts as they are.
function shown(json) {
  const value = JSON.parse(json);
  return typeof value === "number" ? number(value) : typeof value === "string" ? tell(value) : json;
}

function Seen({ alert }) {
  const facts = Object.entries(flat(alert.detail)).map(([name, json]) => [name, shown(json)]);
  return html`<${Card} title=${t("alert.seen")}>
    ${alert.words && html`<p class="strong">${wordsOf(alert)}</p>`}
    ${facts.length > 0 && html`<${Facts} items=${facts} />`}
    <h3>${t("alert.cure")}</h3><p>${cureOf(alert)}</p>
    <p class="row"><a class="button" href=${alert.link}>${t("alert.look")}</a>
      ${alert.detail?.invoice && html`<a class="button" href=${`/invoices/${alert.detail.invoice}`}>${t("alert.invoice", { id: alert.detail.invoice })}</a>`}
      <a class="button" href=${`/alerts?show=all&subject=${encodeURIComponent(alert.subject)}`}>${t("alert.same_subject")}</a>
      <a class="button" href=${`/alerts?show=all&kind=${encodeURIComponent(alert.kind)}`}>${t("alert.same_kind")}</a></p></${Card}>`;
}

const HISTORY = [
  { key: "at", title: t("when"), width: "110px", cell: (row) => html`<${Ago} at=${row.at} />` },
  { key: "actor", title: t("actor"), width: "28%", cell: (row) => row.actor },
  { key: "action", title: t("action"), lead: true, cell: (row) => html`<b>${word("audited", row.action)}</b>` },
  { key: "change", title: t("change"), cell: (row) => html`<${Change} before=${row.before} after=${row.after} />` },
];

function History({ id }) {
  const list = useList("/audit", { query: { subject: `alert/${id}` }, kinds: ["alert"], limit: 20 });
  return html`<${Card} title=${t("alert.history")} flush><${ListTable} list=${list} columns=${HISTORY} label=${t("alert.history")} rowKey=${(row) => row.seq}
    skeleton=${1} empty=${html`<${Empty} icon="audit" title=${t("alert.nobody")} />`} /></${Card}>`;
}

export function Alert({ id }) {
  const state = useResource(`/alerts/${id}`, { kinds: ["alert"] });
  const alert = state.data;
  return html`<${PageHead} title=${alert ? word("alert", alert.kind) : t("alert")} crumbs=${[[t("nav.alerts"), "/alerts"]]} at=${state.at}
      lead=${alert && html`<${Status} kind="severity" value=${alert.severity} /><code>${alert.subject}</code>`}>
      ${alert && html`<${Acts} row=${alert} onDone=${state.reload} />`}</${PageHead}>
    <${Loaded} state=${state} lines=${8}>${() => html`
      <${Card}><${Facts} flow items=${[
        [t("alert.state"), html`${word("alert_state", alert.state)}<${Said} row=${alert} />`],
        [t("count"), number(alert.count)],
        [t("alert.first"), html`<${Ago} at=${alert.first_at} />`],
        [t("alert.last"), html`<${Ago} at=${alert.last_at} />`]]} /></${Card}>
      <${Seen} alert=${alert} />
      <${Deliveries} rows=${alert.deliveries} />
      ${may("operator", "audit") && html`<${History} id=${id} />`}`}</${Loaded}>`;
}
