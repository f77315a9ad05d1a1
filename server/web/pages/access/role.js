// role.js - a role: what it may in each area, which groups and vendors it is bound to, a second factor

import { html, useState } from "../../dom.js";
import { patch, post } from "../../api.js";
import { Areas, Bound } from "../../components/bounds.js";
import { FormDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { t, word } from "../../text.js";

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
