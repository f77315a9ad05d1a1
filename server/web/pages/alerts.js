// alerts.js - what someone should look at; an alert that repeats counts, it does not multiply

import { html } from "../dom.js";
import { post, useList } from "../api.js";
import { PageHead } from "../components/page.js";
import { Empty } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { attempt } from "../components/toast.js";
import { Ago, Button, Segmented, Status } from "../components/ui.js";
import { number } from "../format.js";
import { useQuery } from "../router.js";
import { may } from "../session.js";
import { t, word } from "../text.js";

function Subject({ subject }) {
  const [kind, id] = subject.split("/");
  return kind === "device" ? html`<a href="/robots/${id}">${id}</a>` : subject;
}

function Detail({ detail }) {
  const entries = Object.entries(detail || {});
  if (entries.length === 0) return null;
  return html`<span class="sub">${entries.map(([name, value]) =>
    `${name.replaceAll("_", " ")}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ")}</span>`;
}

const columns = (acknowledge) => [
  { key: "severity", title: t("severity"), corner: true, width: "110px", cell: (row) => html`<${Status} kind="severity" value=${row.severity} />` },
  { key: "what", title: t("alert"), lead: true, cell: (row) => html`<b>${word("alert", row.kind)}</b><${Detail} detail=${row.detail} />` },
  { key: "subject", title: t("subject"), width: "16%", cell: (row) => html`<${Subject} subject=${row.subject} />` },
  { key: "count", title: t("count"), end: true, width: "80px", cell: (row) => number(row.count) },
  { key: "first", title: t("first_seen"), end: true, width: "100px", from: "mid", cell: (row) => html`<${Ago} at=${row.first_at} />` },
  { key: "last", title: t("last_seen"), end: true, width: "100px", cell: (row) => html`<${Ago} at=${row.last_at} />` },
  { key: "act", title: "", end: true, width: "150px", cell: (row) => (row.acknowledged_at
    ? html`<span class="muted">${t("alert.by", { who: row.acknowledged_by })}</span>`
    : may("operator") && html`<${Button} onClick=${() => acknowledge(row)}>${t("acknowledge")}</${Button}>`) },
];

export function Alerts() {
  const [query, change] = useQuery();
  const all = query.show === "all";
  const list = useList("/alerts", { query: { open: all ? "" : "true" }, kinds: ["alert"] });
  const acknowledge = (row) => attempt(async () => {
    await post(`/alerts/${row.id}/acknowledge`);
    await list.reload();
  });
  return html`<${PageHead} title=${t("nav.alerts")}>
      <${Segmented} label=${t("show")} value=${all ? "all" : "open"} options=${[["open", t("alerts.only_open")], ["all", t("all")]]}
        onChange=${(value) => change({ show: value === "all" ? "all" : "" })} /></${PageHead}>
    <section class="card flush"><${ListTable} list=${list} columns=${columns(acknowledge)} label=${t("nav.alerts")} skeleton=${4}
      empty=${html`<${Empty} icon="check" title=${t(all ? "alerts.never" : "alerts.none")} />`} /></section>`;
}
