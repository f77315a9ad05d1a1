// calendar.js - blackouts: times in which no rollout opens anybody

import { html, useState } from "../../dom.js";
import { post, remove, useList } from "../../api.js";
import { Confirm, FormDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { Empty } from "../../components/states.js";
import { ListTable } from "../../components/table.js";
import { Button, Card, Chip, IconButton } from "../../components/ui.js";
import { person, timeExact } from "../../format.js";
import { may } from "../../session.js";
import { t } from "../../text.js";

// Of the browser's own field, which has no zone: the browser's is meant, and said.
const instant = (text) => (text ? new Date(text).toISOString() : "");

function BlackoutDialog({ onClose }) {
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("");
  const submit = () => post("/blackouts", { from: instant(from), until: instant(until), reason: reason.trim() });
  return html`<${FormDialog} title=${t("blackout.add")} action=${t("add")} submit=${submit} onClose=${onClose}
      ready=${Boolean(from && until && reason.trim())}>${(problem) => html`
    <p>${t("blackout.lead")}</p>
    <div class="pair"><${TextField} label=${t("blackout.from")} type="datetime-local" value=${from} onInput=${setFrom} error=${problem?.at("/from")} />
      <${TextField} label=${t("blackout.until")} type="datetime-local" value=${until} onInput=${setUntil} error=${problem?.at("/until")} /></div>
    <${TextField} label=${t("blackout.reason")} value=${reason} onInput=${setReason} error=${problem?.at("/reason")} maxlength="300" />
    <p class="sub">${t("blackout.zone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}</p>`}
  </${FormDialog}>`;
}

const columns = (onDrop) => [
  { key: "reason", title: t("blackout.reason"), lead: true, cell: (row) => html`<b>${row.reason}</b>
    ${Date.parse(row.from) <= Date.now() && html` <${Chip} tone="warn">${t("blackout.now")}</${Chip}>`}` },
  { key: "from", title: t("blackout.from"), width: "230px", cell: (row) => timeExact(row.from) },
  { key: "until", title: t("blackout.until"), width: "230px", cell: (row) => timeExact(row.until) },
  { key: "by", title: t("rollout.author"), from: "mid", width: "120px", cell: (row) => html`<span class="clip" title=${row.by}>${person(row.by)}</span>` },
  { key: "drop", title: "", end: true, width: "64px", cell: (row) => may("operator", "blackouts") && html`<${IconButton} icon="trash"
    label=${t("blackout.drop", { reason: row.reason })} onClick=${() => onDrop(row)} />` },
];

export function Calendar() {
  const list = useList("/blackouts", { kinds: ["audit"], gap_ms: 2000 });
  const [adding, setAdding] = useState(false);
  const [dropping, setDropping] = useState(null);
  const close = () => {
    setAdding(false);
    setDropping(null);
    list.reload();
  };
  const add = may("operator", "blackouts") && html`<${Button} kind="quiet" icon="plus" onClick=${() => setAdding(true)}>${t("blackout.add")}</${Button}>`;
  return html`<${Card} title=${t("blackouts")} actions=${add} flush><${ListTable} list=${list} columns=${columns(setDropping)} label=${t("blackouts")} skeleton=${1}
    empty=${html`<${Empty} icon="rollouts" title=${t("blackouts.none")}><p class="muted">${t("blackout.lead")}</p></${Empty}>`} />
    ${adding && html`<${BlackoutDialog} onClose=${close} />`}
    ${dropping && html`<${Confirm} title=${t("blackout.drop.title")} text=${t("blackout.drop.text", { reason: dropping.reason })}
      action=${t("blackout.drop.do")} submit=${() => remove(`/blackouts/${dropping.id}`)} onClose=${close} />`}</${Card}>`;
}
