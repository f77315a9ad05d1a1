// channels.js - where alerts go, and how the last message fared

import { html, useState } from "../../dom.js";
import { post, useList } from "../../api.js";
import { Dialog } from "../../components/dialog.js";
import { Empty } from "../../components/states.js";
import { ListTable } from "../../components/table.js";
import { attempt } from "../../components/toast.js";
import { Ago, Button, Card, Chip, IconButton, Status } from "../../components/ui.js";
import { number } from "../../format.js";
import { tell } from "../../said.js";
import { may } from "../../session.js";
import { t, word } from "../../text.js";
import { ChannelDialog, DropChannel } from "./channeledit.js";

// How many messages are so, which opens them.
function Owed({ count, status, row, open }) {
  return html`<button type="button" class="link ${status === "dead" ? "tone-bad" : ""}" aria-label=${t(`channel.owed.${status}`, { n: count, id: row.id })}
    onClick=${() => open({ kind: "owed", row, status })}>${status === "dead" ? t("channel.dead", { n: count }) : number(count)}</button>`;
}

const columns = (test, open) => [
  { key: "id", title: t("channel"), lead: true, cell: (row) => html`<b>${row.id}</b>${!row.enabled && html` <${Chip} tone="warn">${t("channel.off")}</${Chip}>`}
    <span class="sub">${row.kind === "email" ? row.to.join(", ") : row.origin}</span>` },
  { key: "kind", title: t("channel.kind"), width: "90px", cell: (row) => word("channel_kind", row.kind) },
  { key: "least", title: t("channel.least"), width: "90px", cell: (row) => word("severity", row.min_severity) },
  { key: "sent", title: t("channel.sent"), end: true, from: "desk", width: "110px", cell: (row) => html`<${Ago} at=${row.last_sent_at} />` },
  { key: "problem", title: t("channel.problem"), cell: (row) => (row.last_problem ? html`<span class="tone-bad">${tell(row.last_problem)}</span>` : html`<span class="muted">${t("channel.well")}</span>`) },
  { key: "waiting", title: t("channel.waiting"), end: true, width: "80px", cell: (row) => html`${row.waiting > 0
    ? html`<${Owed} count=${row.waiting} status="waiting" row=${row} open=${open} />` : number(row.waiting)}
    ${row.dead > 0 && html`<span class="sub"><${Owed} count=${row.dead} status="dead" row=${row} open=${open} /></span>`}` },
  { key: "act", title: "", end: true, width: "220px", cell: (row) => may("operator") && html`<span class="row end">
    <${Button} kind="quiet" disabled=${!row.enabled} onClick=${() => test(row)}>${t("channel.test")}</${Button}>
    ${may("admin") && html`<${IconButton} icon="edit" label=${t("channel.edit", { id: row.id })} onClick=${() => open({ kind: "edit", row })} />
      <${IconButton} icon="trash" label=${t("channel.drop", { id: row.id })} onClick=${() => open({ kind: "drop", row })} />`}</span>` },
];

const delivered = (act) => [
  { key: "event", title: t("delivery.event"), width: "120px", lead: true, cell: (row) => (row.alert ? html`<a href=${`/alerts/${row.alert}`}>${word("delivery_event", row.event)}</a>`
    : word("delivery_event", row.event)) },
  { key: "attempts", title: t("delivery.tries"), end: true, width: "70px", cell: (row) => number(row.attempts) },
  { key: "at", title: t("when"), end: true, width: "100px", cell: (row) => html`<${Ago} at=${row.next_due || row.done_at || row.created_at} />` },
  { key: "problem", title: t("channel.problem"), cell: (row) => tell(row.problem) },
  { key: "act", title: "", end: true, width: "120px", cell: (row) => row.status === "dead" && may("operator") && html`<${Button} kind="quiet" onClick=${() => act(row)}>${t("delivery.retry")}</${Button}>` },
];

// What a channel has not got: what waits for its next try, or was given up.
function OwedDialog({ row, status, onClose }) {
  const list = useList("/deliveries", { query: { channel: row.id, status }, kinds: ["channel", "alert"], limit: 20 });
  const again = (delivery) => attempt(() => post(`/deliveries/${delivery.id}/retry`).then(list.reload), t("delivery.again"));
  return html`<${Dialog} wide title=${t(`channel.owed.title.${status}`, { id: row.id })} onClose=${onClose}>
    <${ListTable} list=${list} columns=${delivered(again)} label=${t("deliveries")} skeleton=${2}
      empty=${html`<${Empty} icon="check" title=${t("channel.owed.none")} />`} /></${Dialog}>`;
}

function Asked({ asked: { kind, row, status }, onClose }) {
  if (kind === "owed") return html`<${OwedDialog} row=${row} status=${status} onClose=${onClose} />`;
  if (kind === "drop") return html`<${DropChannel} channel=${row} onClose=${onClose} />`;
  return html`<${ChannelDialog} channel=${row} onClose=${onClose} />`;
}

export function Channels() {
  const list = useList("/channels", { kinds: ["channel", "alert"], gap_ms: 3000 });
  const [asked, setAsked] = useState(null);
  const test = (row) => attempt(() => post(`/channels/${row.id}/test`).then(list.reload), t("channel.tested", { id: row.id }));
  const close = () => {
    setAsked(null);
    list.reload();
  };
  const add = may("admin") && html`<${Button} icon="plus" onClick=${() => setAsked({ kind: "add" })}>${t("channel.add")}</${Button}>`;
  return html`<${Card} title=${t("channels")} flush actions=${add}><${ListTable} list=${list} columns=${columns(test, setAsked)} label=${t("channels")} skeleton=${1}
      empty=${html`<${Empty} icon="alerts" title=${t("channels.none")}><p class="muted">${t(may("admin") ? "channels.none.how" : "channels.none.ask")}</p></${Empty}>`} /></${Card}>
    ${asked && html`<${Asked} asked=${asked} onClose=${close} />`}`;
}

const DELIVERIES = [
  { key: "channel", title: t("channel"), lead: true, cell: (row) => html`<b>${row.channel}</b>` },
  { key: "event", title: t("delivery.event"), width: "120px", cell: (row) => word("delivery_event", row.event) },
  { key: "status", title: t("alert.state"), width: "110px", cell: (row) => html`<${Status} kind="delivery_status" value=${row.status} />` },
  { key: "attempts", title: t("delivery.tries"), end: true, width: "90px", cell: (row) => number(row.attempts) },
  { key: "at", title: t("when"), end: true, width: "110px", cell: (row) => html`<${Ago} at=${row.done_at || row.created_at} />` },
  { key: "problem", title: t("channel.problem"), cell: (row) => tell(row.problem) },
];

// rows: what the channels were told of one alert.
export function Deliveries({ rows }) {
  const list = { items: rows, next: null, error: null };
  return html`<${Card} title=${t("deliveries")} flush><${ListTable} list=${list} columns=${DELIVERIES} label=${t("deliveries")}
    empty=${html`<${Empty} icon="alerts" title=${t("deliveries.none")} />`} /></${Card}>`;
}
