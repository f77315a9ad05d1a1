// regions.js - borders: whose vendors the robots of a region may use, and where a model needs a filing number

import { html, useState } from "../dom.js";
import { put, useList } from "../api.js";
import { quoted, robotsBehind } from "../components/behind.js";
import { FormDialog } from "../components/dialog.js";
import { SelectField, TextField } from "../components/field.js";
import { Empty } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Button, Card, IconButton } from "../components/ui.js";
import { number } from "../format.js";
import { may } from "../session.js";
import { t } from "../text.js";

const BLANK = { id: "", name: "", note: "", needs_filing: false, allows: [], version: 0 };

function RegionDialog({ region, onClose }) {
  const [id, setId] = useState(region.id);
  const [name, setName] = useState(region.name);
  const [note, setNote] = useState(region.note);
  const [allows, setAllows] = useState(region.allows.join(", "));
  const [filing, setFiling] = useState(region.needs_filing ? "yes" : "no");
  const submit = () => put(`/regions/${encodeURIComponent(id.trim())}`, {
    name, note, needs_filing: filing === "yes", allows: allows.split(",").map((one) => one.trim()).filter(Boolean),
  }, region.version > 0 ? `"${region.version}"` : undefined);
  return html`<${FormDialog} title=${region.id ? t("region.edit", { id: region.id }) : t("region.new")} action=${t("save")}
      submit=${submit} onClose=${onClose} ready=${id.trim() !== ""}>${(problem) => html`
    ${!region.id && html`<${TextField} label=${t("region")} value=${id} onInput=${setId} autocomplete="off" spellcheck="false" autofocus />`}
    <${TextField} label=${t("name")} value=${name} onInput=${setName} error=${problem?.at("/name")} />
    <${TextField} label=${t("region.allows")} hint=${t("region.allows.hint")} value=${allows} onInput=${setAllows}
      error=${problem?.at("/allows")} placeholder="sg, eu" spellcheck="false" />
    <${SelectField} label=${t("region.filing")} hint=${t("region.filing.hint")} value=${filing} onInput=${setFiling}
      options=${[["no", t("no")], ["yes", t("yes")]]} />
    <${TextField} label=${t("region.note")} value=${note} onInput=${setNote} error=${problem?.at("/note")} />`}
  </${FormDialog}>`;
}

const columns = (onEdit) => [
  { key: "id", title: t("region"), lead: true, cell: (row) => html`<b>${row.id}</b>${row.name && html`<span class="sub">${row.name}</span>`}` },
  { key: "allows", title: t("region.allows"), cell: (row) => row.allows.join(", ") || html`<span class="muted">${t("region.own")}</span>` },
  { key: "filing", title: t("region.filing"), width: "150px", cell: (row) => t(row.needs_filing ? "yes" : "no") },
  { key: "vendors", title: t("nav.vendors"), cell: (row) => row.vendors.join(", ") || html`<span class="muted">\u2013</span>` },
  { key: "devices", title: t("fleet.robots"), end: true, width: "90px", cell: (row) => (row.devices > 0 ? html`<a href=${robotsBehind(`region = ${quoted(row.id)}`)}>${number(row.devices)}</a>` : number(0)) },
  { key: "edit", title: "", end: true, width: "56px", cell: (row) => may("admin") && html`<${IconButton} icon="edit"
    label=${t("region.edit", { id: row.id })} onClick=${() => onEdit(row)} />` },
];

export function Regions() {
  const list = useList("/regions", { kinds: ["region", "vendor", "device"], gap_ms: 3000 });
  const [editing, setEditing] = useState(null);
  const close = () => {
    setEditing(null);
    list.reload();
  };
  const add = may("admin") && html`<${Button} kind="quiet" icon="plus" onClick=${() => setEditing(BLANK)}>${t("region.new")}</${Button}>`;
  return html`<${Card} title=${t("regions")} actions=${add} flush><${ListTable} list=${list} columns=${columns(setEditing)} label=${t("regions")} skeleton=${2}
    empty=${html`<${Empty} icon="shield" title=${t("regions.none")}><p class="muted">${t("regions.none.how")}</p></${Empty}>`} />
    ${editing && html`<${RegionDialog} region=${editing} onClose=${close} />`}</${Card}>`;
}
