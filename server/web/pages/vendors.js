// vendors.js - who serves the models, where, and with which key; keys go in and never come out

import { html, useState } from "../dom.js";
import { patch, post, useList, useResource } from "../api.js";
import { Confirm, FormDialog } from "../components/dialog.js";
import { Field, SelectField, TextField } from "../components/field.js";
import { PageHead } from "../components/page.js";
import { Empty } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Button, Chip, IconButton } from "../components/ui.js";
import { may } from "../session.js";
import { t, word } from "../text.js";
import { Regions } from "./regions.js";
import { DrainDialog, DrainsDialog, VendorState } from "./vendor/drain.js";
import { KeyDialog } from "./vendor/key.js";

const FIELDS = ["name", "dialect", "base_url", "region", "credential"];
// Filings as people type them: a line each, model, region, number.
const filingLines = (filings) => filings.map(({ model, region, number }) => `${model} ${region} ${number}`).join("\n");

function filingsOf(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [model, region, ...number] = line.split(/\s+/);
    return { model, region: region || "", number: number.join(" ") };
  });
}

const BLANK = { id: "", name: "", dialect: "openai", base_url: "", region: "", credential: "shared" };

function VendorDialog({ vendor, onClose }) {
  const [values, setValues] = useState(vendor || BLANK);
  const dialects = useResource("/dialects").data?.items || [];
  const [key, setKey] = useState("");
  const [filings, setFilings] = useState(filingLines(vendor?.filings || []));
  const set = (name) => (value) => setValues({ ...values, [name]: value });
  const dialect = dialects.find((row) => row.name === values.dialect);
  const credential = dialect && !dialect.can_mint ? "shared" : values.credential;

  const submit = async () => {
    const body = Object.fromEntries(FIELDS.map((name) => [name, values[name] || ""]));
    body.credential = credential;
    body.filings = filingsOf(filings);
    if (key) body.key = key;
    if (vendor) await patch(`/vendors/${vendor.id}`, body, `"${vendor.version}"`);
    else await post("/vendors", { ...body, id: values.id });
  };
  return html`<${FormDialog} title=${vendor ? t("vendor.edit", { id: vendor.id }) : t("vendor.new")}
      action=${t("save")} submit=${submit} onClose=${onClose}>${(problem) => html`
    ${!vendor && html`<${TextField} label=${t("vendor.id")} hint=${t("slug.hint")} value=${values.id} onInput=${set("id")}
      error=${problem?.at("/id")} autocomplete="off" spellcheck="false" />`}
    <${TextField} label=${t("name")} value=${values.name} onInput=${set("name")} error=${problem?.at("/name")} />
    <${SelectField} label=${t("vendor.dialect")} hint=${dialect?.limit} value=${values.dialect} onInput=${set("dialect")}
      options=${(dialect ? dialects : [{ name: values.dialect }]).map((row) => [row.name, word("dialect", row.name)])}
      error=${problem?.at("/dialect")} />
    ${dialect?.can_mint && html`<${SelectField} label=${t("vendor.credential")} value=${credential}
      hint=${t("vendor.credential.hint")} onInput=${set("credential")} error=${problem?.at("/credential")}
      options=${["shared", "minted"].map((kind) => [kind, word("credential", kind)])} />`}
    <${TextField} label=${t("vendor.base_url")} type="url" value=${values.base_url} onInput=${set("base_url")}
      error=${problem?.at("/base_url")} placeholder="https://" spellcheck="false" />
    <${TextField} label=${t("region")} hint=${t("vendor.region.hint")} value=${values.region} onInput=${set("region")}
      error=${problem?.at("/region")} />
    <${Field} label=${t("vendor.filings")} hint=${t("vendor.filings.hint")} error=${problem?.at("/filings")}>${(attributes) => html`
      <textarea class="input" rows="2" value=${filings} spellcheck="false" ...${attributes}
        onInput=${(event) => setFilings(event.target.value)}></textarea>`}</${Field}>
    <${TextField} label=${t("vendor.key")} type="password"
      hint=${[dialect?.key, t(vendor?.has_key ? "vendor.key.kept" : "vendor.key.hint")].filter(Boolean).join(" ")}
      value=${key} onInput=${setKey} error=${problem?.at("/key")} autocomplete="new-password" />`}
  </${FormDialog}>`;
}

const columns = (open) => [
  { key: "id", title: t("vendor"), lead: true, cell: (row) => html`<b>${row.name || row.id}</b>
    ${row.name && html`<span class="sub">${row.id}</span>`}
    <a class="sub" href=${`/vendors/${row.id}/pack`}>${t("pack.link")}</a>` },
  { key: "dialect", title: t("vendor.dialect"), width: "160px", cell: (row) => word("dialect", row.dialect) },
  { key: "base_url", title: t("vendor.base_url"), cell: (row) => html`<code class="clip" title=${row.base_url}>${row.base_url}</code>` },
  { key: "region", title: t("region"), width: "110px", cell: (row) => row.region || t("any") },
  { key: "state", title: t("vendor.state"), width: "170px", cell: (row) => html`<${VendorState} vendor=${row} />` },
  { key: "key", title: t("vendor.key"), width: "110px", cell: (row) => (row.has_key
    ? html`<${Chip} tone="ok">${t("vendor.has_key")}</${Chip}>` : html`<${Chip} tone="warn">${t("vendor.no_key")}</${Chip}>`) },
  { key: "acts", title: "", end: true, width: "170px", cell: (row) => html`
    ${may("operator") && (row.drains.some(({ state }) => state === "active")
      ? html`<${IconButton} icon="check" label=${t("drain.return", { id: row.id })} onClick=${() => open("return", row)} />`
      : html`<${IconButton} icon="leave" label=${t("drain.title", { id: row.id })} onClick=${() => open("drain", row)} />`)}
    <${IconButton} icon="report" label=${t("drain.of", { id: row.id })} onClick=${() => open("drains", row)} />
    <${IconButton} icon="shield" label=${t("key.title", { id: row.id })} onClick=${() => open("key", row)} />
    ${may("operator") && html`<${IconButton} icon="edit" label=${t("vendor.edit", { id: row.id })} onClick=${() => open("edit", row)} />`}` },
];

function ReturnDialog({ vendor, onClose }) {
  return html`<${Confirm} title=${t("drain.return", { id: vendor.id })} text=${t("drain.return.text")}
    action=${t("drain.return.do")} submit=${() => post(`/vendors/${vendor.id}/return`)} onClose=${onClose} />`;
}

const DIALOGS = { edit: VendorDialog, drain: DrainDialog, drains: DrainsDialog, return: ReturnDialog, key: KeyDialog };

export function Vendors() {
  const list = useList("/vendors", { kinds: ["vendor"] });
  const [shown, setShown] = useState(null); // {dialog, vendor}; vendor null: a new one
  const open = (dialog, vendor) => setShown({ dialog: DIALOGS[dialog], vendor });
  const close = () => {
    setShown(null);
    list.reload();
  };
  return html`<${PageHead} title=${t("nav.vendors")}>${may("operator") && html`<${Button} icon="plus"
      onClick=${() => open("edit", null)}>${t("vendor.new")}</${Button}>`}</${PageHead}>
    <section class="card flush"><${ListTable} list=${list} columns=${columns(open)} label=${t("nav.vendors")} skeleton=${3}
      empty=${html`<${Empty} icon="vendors" title=${t("vendors.none")} />`} /></section>
    <${Regions} />
    ${shown && html`<${shown.dialog} vendor=${shown.vendor} onClose=${close} />`}`;
}
