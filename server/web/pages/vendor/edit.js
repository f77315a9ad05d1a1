// edit.js - a vendor's own facts, and giving it back; keys go in and never come out

import { html, useState } from "../../dom.js";
import { patch, post, useResource } from "../../api.js";
import { Confirm, FormDialog } from "../../components/dialog.js";
import { Field, SelectField, TextField } from "../../components/field.js";
import { Missed } from "../../components/states.js";
import { tell } from "../../said.js";
import { t, word } from "../../text.js";

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

export function VendorDialog({ vendor, onClose }) {
  const [values, setValues] = useState(vendor || BLANK);
  const known = useResource("/dialects");
  const dialects = known.data?.items || [];
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
    <${Missed} state=${known} what=${t("vendor.dialect")} />
    <${SelectField} label=${t("vendor.dialect")} hint=${tell(dialect?.limit)} value=${values.dialect} onInput=${set("dialect")}
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
      hint=${[tell(dialect?.key), t(vendor?.has_key ? "vendor.key.kept" : "vendor.key.hint")].filter(Boolean).join(" ")}
      value=${key} onInput=${setKey} error=${problem?.at("/key")} autocomplete="new-password" />`}
  </${FormDialog}>`;
}

export function ReturnDialog({ vendor, onClose }) {
  return html`<${Confirm} title=${t("drain.return", { id: vendor.id })} text=${t("drain.return.text")}
    action=${t("drain.return.do")} submit=${() => post(`/vendors/${vendor.id}/return`)} onClose=${onClose} />`;
}
