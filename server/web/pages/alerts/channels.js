// channels.js - where alerts go, and how the last message fared

import { html } from "../../dom.js";
import { post, useList } from "../../api.js";
import { Empty } from "../../components/states.js";
import { ListTable } from "../../components/table.js";
import { attempt } from "../../components/toast.js";
import { Ago, Button, Card, Chip, Status } from "../../components/ui.js";
import { number } from "../../format.js";
import { may } from "../../session.js";
import { t, word } from "../../text.js";

const columns = (test) => [
  { key: "id", title: t("channel"), lead: true, cell: (row) => html`<b>${row.id}</b>${!row.enabled && html` <${Chip} tone="warn">${t("channel.off")}</${Chip}>`}
    <span class="sub">${row.origin || row.to.join(", ")}</span>` },
  { key: "kind", title: t("channel.kind"), width: "110px", cell: (row) => word("channel_kind", row.kind) },
  { key: "least", title: t("channel.least"), width: "110px", cell: (row) => word("severity", row.min_severity) },
  { key: "sent", title: t("channel.sent"), end: true, width: "110px", cell: (row) => html`<${Ago} at=${row.last_sent_at} />` },
  { key: "problem", title: t("channel.problem"), cell: (row) => (row.last_problem ? html`<span class="tone-bad">${row.last_problem}</span>` : html`<span class="muted">${t("channel.well")}</span>`) },
  { key: "waiting", title: t("channel.waiting"), end: true, width: "100px", cell: (row) => html`${number(row.waiting)}
    ${row.dead > 0 && html`<span class="sub tone-bad">${t("channel.dead", { n: row.dead })}</span>`}` },
  { key: "act", title: "", end: true, width: "150px", cell: (row) => may("operator") && html`<${Button} kind="quiet" onClick=${() => test(row)}>${t("channel.test")}</${Button}>` },
];

export function Channels() {
  const list = useList("/channels", { kinds: ["channel", "alert"], gap_ms: 3000 });
  const test = (row) => attempt(() => post(`/channels/${row.id}/test`).then(list.reload), t("channel.tested", { id: row.id }));
  return html`<${Card} title=${t("channels")} flush><${ListTable} list=${list} columns=${columns(test)} label=${t("channels")} skeleton=${1}
    empty=${html`<${Empty} icon="alerts" title=${t("channels.none")}><code>mynactl channel create</code></${Empty}>`} /></${Card}>`;
}

const DELIVERIES = [
  { key: "channel", title: t("channel"), lead: true, cell: (row) => html`<b>${row.channel}</b>` },
  { key: "event", title: t("delivery.event"), width: "120px", cell: (row) => word("delivery_event", row.event) },
  { key: "status", title: t("alert.state"), width: "110px", cell: (row) => html`<${Status} kind="delivery_status" value=${row.status} />` },
  { key: "attempts", title: t("delivery.tries"), end: true, width: "90px", cell: (row) => number(row.attempts) },
  { key: "at", title: t("when"), end: true, width: "110px", cell: (row) => html`<${Ago} at=${row.done_at || row.created_at} />` },
  { key: "problem", title: t("channel.problem"), cell: (row) => row.problem },
];

// rows: what the channels were told of one alert.
export function Deliveries({ rows }) {
  const list = { items: rows, next: null, error: null };
  return html`<${Card} title=${t("deliveries")} flush><${ListTable} list=${list} columns=${DELIVERIES} label=${t("deliveries")}
    empty=${html`<${Empty} icon="alerts" title=${t("deliveries.none")} />`} /></${Card}>`;
}
