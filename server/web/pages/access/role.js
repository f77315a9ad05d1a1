// role.js - a role: what it may in each area, which groups and vendors it is bound to, a second factor

import { html, useState } from "../../dom.js";
import { patch, post, useList } from "../../api.js";
import { FormDialog } from "../../components/dialog.js";
import { Field, SelectField, TextField } from "../../components/field.js";
import { t, word } from "../../text.js";

const LEVELS = ["viewer", "support", "operator", "approver", "admin"];
// In the order in which people look for them; what the server takes.
const AREAS = ["fleet", "devices", "commands", "bundles", "groups", "layers", "settings", "rollouts", "blackouts", "alerts", "channels", "deliveries", "doctor",
  "vendors", "vendor-health", "contracts", "budgets", "pools", "thresholds", "usage", "attempts", "usage-imports", "invoices", "whatif",
  "claims", "regions", "retention", "filters", "views", "events", "dialects", "audit"];

const levels = () => [["", t("rights.denied")], ...LEVELS.map((level) => [level, word("role", level)])];

function Areas({ may, onInput, problem }) {
  return html`<fieldset class="areas"><legend>${t("roles.may")}</legend>
    ${AREAS.map((area) => html`<${SelectField} key=${area} label=${word("area", area)} value=${may[area] || ""} options=${levels()}
      onInput=${(level) => onInput(level ? { ...may, [area]: level } : Object.fromEntries(Object.entries(may).filter(([name]) => name !== area)))}
      error=${problem?.at(`/may/${area}`)} />`)}
  </fieldset>`;
}

// chosen: a list of ids, or null for all.
function Bound({ label, all, path, chosen, onInput, error }) {
  const list = useList(path, { limit: 1000 });
  const ids = [...new Set([...(list.items ?? []).map((item) => item.id), ...(chosen ?? [])])];
  const toggle = (id) => onInput(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  return html`<${Field} label=${label} error=${error}>${(attributes) => html`<div>
    <label class="tick"><input type="checkbox" ...${attributes} checked=${chosen === null} onChange=${() => onInput(chosen === null ? [] : null)} /> ${all}</label>
    ${chosen !== null && ids.map((id) => html`<label class="tick" key=${id}><input type="checkbox" checked=${chosen.includes(id)}
      onChange=${() => toggle(id)} /> ${id}</label>`)}</div>`}</${Field}>`;
}

export function RoleDialog({ role, onClose }) {
  const [id, setId] = useState("");
  const [note, setNote] = useState(role?.note || "");
  const [may, setMay] = useState(role?.may || {});
  const [groups, setGroups] = useState(role?.groups ?? null);
  const [vendors, setVendors] = useState(role?.vendors ?? null);
  const [factor, setFactor] = useState(role?.second_factor || false);
  const own = !role || role.own;
  const submit = () => {
    const body = { second_factor: factor, ...(own && { note, may, groups, vendors }) };
    return role ? patch(`/roles/${role.id}`, body, `"${role.version}"`) : post("/roles", { ...body, id });
  };
  return html`<${FormDialog} title=${role ? t("operator.edit", { id: word("role", role.id) }) : t("roles.new")} action=${t("save")} wide=${own}
      submit=${submit} onClose=${onClose}>${(problem) => html`
    ${!role && html`<${TextField} label=${t("role")} hint=${t("slug.hint")} value=${id} onInput=${setId} error=${problem?.at("/id")}
      autocomplete="off" spellcheck="false" />`}
    ${own ? html`<${TextField} label=${t("roles.note")} value=${note} onInput=${setNote} error=${problem?.at("/note")} />
      <${Areas} may=${may} onInput=${setMay} problem=${problem} />
      <${Bound} label=${t("roles.groups")} all=${t("roles.groups.all")} path="/groups" chosen=${groups} onInput=${setGroups} error=${problem?.at("/groups")} />
      <${Bound} label=${t("roles.vendors")} all=${t("roles.vendors.all")} path="/vendors" chosen=${vendors} onInput=${setVendors} error=${problem?.at("/vendors")} />`
    : html`<p class="muted">${t("roles.fixed")}</p>`}
    <label class="tick"><input type="checkbox" checked=${factor} onChange=${() => setFactor(!factor)} /> ${t("roles.factor")}</label>`}
  </${FormDialog}>`;
}
