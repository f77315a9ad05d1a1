// acts.js - what can be said to an alert: whose it is, that somebody is at it, not now, it is over

import { html, useState } from "../../dom.js";
import { post } from "../../api.js";
import { FormDialog } from "../../components/dialog.js";
import { SelectField, TextField } from "../../components/field.js";
import { attempt } from "../../components/toast.js";
import { Ago, Button } from "../../components/ui.js";
import { may, whoAmI } from "../../session.js";
import { t, word } from "../../text.js";

const HOUR_MS = 3600000;
const SILENCES = [["1", "alert.silence.hour"], ["8", "alert.silence.shift"], ["24", "alert.silence.day"], ["168", "alert.silence.week"]];

// Who said what to it last, and until when.
export function Said({ row }) {
  return html`<${Word} row=${row} />${row.assigned_to && html`<span class="sub">${t(row.assigned_to === whoAmI()?.id ? "alert.mine" : "alert.of", { who: row.assigned_to })}</span>`}${row.in_force && html`<span class="sub">${t(row.state === "cleared" ? "alert.still_in_force" : "alert.in_force")}</span>`}`;
}

function Word({ row }) {
  if (row.state === "cleared") {
    return html`<span class="sub">${row.cleared_by === "mynad" ? t("alert.gone") : t("alert.by", { who: row.cleared_by })}, <${Ago} at=${row.cleared_at} /></span>`;
  }
  if (row.state === "silenced") return html`<span class="sub">${t("alert.until")} <${Ago} at=${row.silenced_until} /></span>`;
  return row.state === "acknowledged" && html`<span class="sub">${t("alert.by", { who: row.acknowledged_by })}</span>`;
}

// Names of operators are an admin's to list; whoever else assigns knows them.
function AssignDialog({ row, onClose, onDone }) {
  const [who, setWho] = useState(row.assigned_to || whoAmI().id);
  const submit = async () => {
    await post(`/alerts/${row.id}/assign`, who.trim() ? { operator: who.trim() } : {});
    onDone();
  };
  return html`<${FormDialog} title=${t("alert.assign.title")} action=${t("alert.assign")} submit=${submit} onClose=${onClose}>${(problem) => html`
    <p>${word("alert", row.kind)}: ${row.subject}</p>
    <${TextField} label=${t("operator")} hint=${t("alert.assign.hint")} value=${who} onInput=${setWho} error=${problem?.at("/operator")}
      autocomplete="off" spellcheck="false" autofocus />`}
  </${FormDialog}>`;
}

function SilenceDialog({ row, onClose, onDone }) {
  const [hours, setHours] = useState("8");
  const submit = async () => {
    await post(`/alerts/${row.id}/silence`, { until: new Date(Date.now() + Number(hours) * HOUR_MS).toISOString() });
    onDone();
  };
  return html`<${FormDialog} title=${t("alert.silence.title")} action=${t("alert.silence")} submit=${submit} onClose=${onClose}>${(problem) => html`
    <p>${word("alert", row.kind)}: ${row.subject}</p>
    <${SelectField} label=${t("alert.silence.for")} hint=${t("alert.silence.hint")} value=${hours} onInput=${setHours}
      options=${SILENCES.map(([value, text]) => [value, t(text)])} error=${problem?.at("/until")} />`}
  </${FormDialog}>`;
}

export function Acts({ row, onDone }) {
  const [asked, setAsked] = useState("");
  if (!may("operator") || row.state === "cleared") return null;
  const act = (verb) => attempt(async () => {
    await post(`/alerts/${row.id}/${verb}`);
    await onDone();
  });
  return html`<span class="row end">
    ${row.state !== "acknowledged" && html`<${Button} onClick=${() => act("acknowledge")}>${t("acknowledge")}</${Button}>`}
    <${Button} kind="quiet" onClick=${() => setAsked("assign")}>${t("alert.assign")}</${Button}>
    ${row.state !== "silenced" && html`<${Button} kind="quiet" onClick=${() => setAsked("silence")}>${t("alert.silence")}</${Button}>`}
    <${Button} kind="quiet" onClick=${() => act("clear")}>${t("alert.clear")}</${Button}></span>
    ${asked === "assign" && html`<${AssignDialog} row=${row} onDone=${onDone} onClose=${() => setAsked("")} />`}
    ${asked === "silence" && html`<${SilenceDialog} row=${row} onDone=${onDone} onClose=${() => setAsked("")} />`}`;
}
