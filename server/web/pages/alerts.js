// alerts.js - what someone should look at; an alert that repeats counts, it does not multiply

import { html, useState } from "../dom.js";
import { post, useList } from "../api.js";
import { FormDialog } from "../components/dialog.js";
import { SelectField } from "../components/field.js";
import { PageHead } from "../components/page.js";
import { Empty } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { attempt } from "../components/toast.js";
import { Ago, Button, Segmented, Status } from "../components/ui.js";
import { number } from "../format.js";
import { useQuery } from "../router.js";
import { cureOf, wordsOf } from "../said.js";
import { may } from "../session.js";
import { t, word } from "../text.js";

const HOUR_MS = 3600000;
const SILENCES = [["1", "alert.silence.hour"], ["8", "alert.silence.shift"], ["24", "alert.silence.day"], ["168", "alert.silence.week"]];

// Who said what to it last, and until when.
function Said({ row }) {
  return html`<${Word} row=${row} />${row.in_force && html`<span class="sub">${t(row.state === "cleared" ? "alert.still_in_force" : "alert.in_force")}</span>`}`;
}

function Word({ row }) {
  if (row.state === "cleared") {
    return html`<span class="sub">${row.cleared_by === "mynad" ? t("alert.gone") : t("alert.by", { who: row.cleared_by })}, <${Ago} at=${row.cleared_at} /></span>`;
  }
  if (row.state === "silenced") return html`<span class="sub">${t("alert.until")} <${Ago} at=${row.silenced_until} /></span>`;
  return row.state === "acknowledged" && html`<span class="sub">${t("alert.by", { who: row.acknowledged_by })}</span>`;
}

function Actions({ row, act, onSilence }) {
  if (!may("operator") || row.state === "cleared") return null;
  return html`<span class="row end">
    ${row.state !== "acknowledged" && html`<${Button} onClick=${() => act(row, "acknowledge")}>${t("acknowledge")}</${Button}>`}
    ${row.state !== "silenced" && html`<${Button} kind="quiet" onClick=${() => onSilence(row)}>${t("alert.silence")}</${Button}>`}
    <${Button} kind="quiet" onClick=${() => act(row, "clear")}>${t("alert.clear")}</${Button}></span>`;
}

function SilenceDialog({ row, onClose }) {
  const [hours, setHours] = useState("8");
  const submit = () => post(`/alerts/${row.id}/silence`,
    { until: new Date(Date.now() + Number(hours) * HOUR_MS).toISOString() });
  return html`<${FormDialog} title=${t("alert.silence.title")} action=${t("alert.silence")} submit=${submit} onClose=${onClose}>${(problem) => html`
    <p>${row.title}: ${row.subject}</p>
    <${SelectField} label=${t("alert.silence.for")} hint=${t("alert.silence.hint")} value=${hours} onInput=${setHours}
      options=${SILENCES.map(([value, text]) => [value, t(text)])} error=${problem?.at("/until")} />`}
  </${FormDialog}>`;
}

const columns = (act, onSilence) => [
  { key: "severity", title: t("severity"), width: "96px", cell: (row) => html`<${Status} kind="severity" value=${row.severity} />` },
  { key: "what", title: t("alert"), lead: true, cell: (row) => html`<b>${word("alert", row.kind)}</b>${row.words && html`<span class="sub seen">${wordsOf(row)}</span>`}
    <span class="sub">${cureOf(row)}</span>` },
  { key: "subject", title: t("subject"), width: "136px", cell: (row) => html`<a href=${row.link}>${row.subject.split("/").slice(1).join("/") || row.subject}</a>` },
  { key: "state", title: t("alert.state"), width: "104px", cell: (row) => html`${word("alert_state", row.state)}<${Said} row=${row} />` },
  { key: "count", title: t("count"), end: true, width: "64px", cell: (row) => number(row.count) },
  { key: "last", title: t("last_seen"), end: true, width: "100px", cell: (row) => html`<${Ago} at=${row.last_at} />
    ${row.count > 1 && html`<span class="sub">${t("alert.since")} <${Ago} at=${row.first_at} /></span>`}` },
  { key: "act", title: "", end: true, width: "288px", cell: (row) => html`<${Actions} row=${row} act=${act} onSilence=${onSilence} />` },
];

// What the page shows: by the word in its address.
const SHOWN = { "": "open", hand: "current", all: "" };

export function Alerts() {
  const [query, change] = useQuery();
  const show = query.show in SHOWN ? query.show : "";
  const list = useList("/alerts", { query: { state: SHOWN[show] }, kinds: ["alert"] });
  const [silencing, setSilencing] = useState(null);
  const act = (row, verb) => attempt(async () => {
    await post(`/alerts/${row.id}/${verb}`);
    await list.reload();
  });
  const close = () => {
    setSilencing(null);
    list.reload();
  };
  return html`<${PageHead} title=${t("nav.alerts")}>
      <${Segmented} label=${t("show")} value=${show} options=${[["", t("alerts.only_open")], ["hand", t("alerts.current")], ["all", t("all")]]}
        onChange=${(value) => change({ show: value })} /></${PageHead}>
    <section class="card flush"><${ListTable} list=${list} columns=${columns(act, setSilencing)} label=${t("nav.alerts")} skeleton=${4}
      empty=${html`<${Empty} icon="check" title=${t(show === "all" ? "alerts.never" : "alerts.none")} />`} /></section>
    ${silencing && html`<${SilenceDialog} row=${silencing} onClose=${close} />`}`;
}
