// keys.js - the installation's own keys: which follow which, who still depends on the old ones

import { html, useState } from "../../dom.js";
import { post, useList } from "../../api.js";
import { Confirm, Dialog, FormDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { ListTable } from "../../components/table.js";
import { Ago, Button, Card, Chip } from "../../components/ui.js";
import { t, word } from "../../text.js";

const TONES = { current: "ok", retiring: "warn" };

const robotColumns = () => [
  { key: "id", title: t("robot"), lead: true, cell: (row) => html`<a href=${`/robots/${row.id}`}>${row.id}</a>` },
  { key: "online", title: t("state"), cell: (row) => word("state", row.online ? "online" : "offline") },
  { key: "last", title: t("own_key.last_seen"), end: true, cell: (row) => html`<${Ago} at=${row.last_seen} none=${t("never")} />` },
];

function Robots({ id, onClose }) {
  const robots = useList(`/keys/${id}/robots`, { kinds: ["device"] });
  return html`<${Dialog} title=${t("own_key.robots", { id })} wide onClose=${onClose}>
    <${ListTable} list=${robots} columns=${robotColumns()} label=${t("own_key.robots", { id })} skeleton=${3} />
  </${Dialog}>`;
}

// With robots that depend on it only by force, and that wants a reason.
function Retire({ row, onClose }) {
  const [reason, setReason] = useState("");
  const submit = () => post(`/keys/${row.id}/retire`, row.robots > 0 ? { force: true, reason } : {});
  return html`<${FormDialog} title=${t("own_key.retire.title", { id: row.id })} action=${t("own_key.retire")} kind="danger" submit=${submit}
      onClose=${onClose} ready=${row.robots === 0 || reason !== ""}>${(problem) => html`
    <p>${t(row.robots > 0 ? "own_key.retire.force" : "own_key.retire.text", { n: row.robots })}</p>
    ${row.robots > 0 && html`<${TextField} label=${t("own_key.reason")} value=${reason} onInput=${setReason} error=${problem?.at("/reason")} />`}`}
  </${FormDialog}>`;
}

const columns = (open) => [
  { key: "id", title: t("own_key.id"), lead: true, cell: (row) => html`<b>${row.id}</b>` },
  { key: "purpose", title: t("own_key.purpose"), from: "mid", cell: (row) => word("key_purpose", row.purpose) },
  { key: "state", title: t("state"), cell: (row) => html`<${Chip} tone=${TONES[row.state]}>${word("key_state", row.state)}</${Chip}>` },
  { key: "since", title: t("since"), end: true, from: "mid", cell: (row) => html`<${Ago} at=${row.since} />` },
  { key: "robots", title: t("own_key.depend"), end: true, whole: true, cell: (row) => (row.robots > 0
    ? html`<${Button} kind="quiet" onClick=${() => open({ kind: "robots", row })}>${row.robots}</${Button}>` : row.robots) },
  { key: "untold", title: t("own_key.untold"), end: true, from: "wide", cell: (row) => row.untold || "" },
  { key: "act", title: "", end: true, width: "150px", cell: (row) => (row.state === "retiring" && row.purpose === "sealing" // the others are ended on the server
    ? html`<${Button} kind="quiet danger" onClick=${() => open({ kind: "retire", row })}>${t("own_key.retire")}</${Button}>` : "") },
];

export function OwnKeys() {
  const keys = useList("/keys", { kinds: ["key", "device"] });
  const [asked, setAsked] = useState(null);
  const close = () => {
    setAsked(null);
    keys.reload();
  };
  return html`<${Card} title=${t("own_keys")} flush actions=${html`<${Button} onClick=${() => setAsked({ kind: "rotate" })}>
      ${t("own_key.rotate")}</${Button}>`}>
    <${ListTable} list=${keys} columns=${columns(setAsked)} label=${t("own_keys")} skeleton=${2} /></${Card}>
    ${asked?.kind === "rotate" && html`<${Confirm} title=${t("own_key.rotate")} text=${t("own_key.rotate.text")} action=${t("own_key.rotate")}
      submit=${() => post("/keys", { purpose: "sealing" })} onClose=${close} />`}
    ${asked?.kind === "retire" && html`<${Retire} row=${asked.row} onClose=${close} />`}
    ${asked?.kind === "robots" && html`<${Robots} id=${asked.row.id} onClose=${close} />`}`;
}
