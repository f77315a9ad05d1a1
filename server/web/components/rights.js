// rights.js - what a role may do, in words

import { html } from "../dom.js";
import { t, word } from "../text.js";

const ROLES = ["viewer", "support", "operator", "approver", "admin"];

// roles: as the API lists them, else those that there are everywhere; own ones tell what they are for.
export const roleOptions = (roles) => (roles ?? ROLES.map((id) => ({ id }))).map((role) => [role.id,
  role.own ? `${role.id}${role.note && `: ${role.note}`}` : `${word("role", role.id)}: ${t(`roles.may.${role.id}`)}`]);

// Of whoever has this role, for keys that may no more.
export const roleOptionsUpTo = (me) => (me.may ? [[me.role, me.role]]
  : roleOptions(ROLES.slice(0, ROLES.indexOf(me.role) + 1).map((id) => ({ id }))));

const join = (names) => names.join(", ");

// of: {may, groups, vendors} of a role or of a key's scope, each null where it does not narrow; under a name in a list.
export function Bounds({ of }) {
  const areas = Object.entries(of.may ?? {});
  const area = (name) => (name !== "*" ? word("area", name) : t(areas.length > 1 ? "rights.elsewhere" : "rights.everywhere"));
  return html`${of.may && html`<span class="sub">${areas.map(([name, level]) => `${area(name)}: ${word("role", level)}`).join(", ") || t("rights.none")}</span>`}
    ${of.groups && html`<span class="sub">${t("rights.groups", { names: join(of.groups) || t("rights.no_group") })}</span>`}
    ${of.vendors && html`<span class="sub">${t("rights.vendors", { names: join(of.vendors) || t("rights.no_vendor") })}</span>`}`;
}

// role: one of the API, or whoever has one: {role or id, may, groups, vendors}.
export function Rights({ role }) {
  const name = role.role ?? role.id;
  if (!role.may || role.own === false) return html`<p class="muted">${t(`roles.may.${name}`)}</p>`;
  const areas = Object.entries(role.may).sort(([a], [b]) => a.localeCompare(b));
  return html`${areas.length === 0 && html`<p class="muted">${t("rights.none")}</p>`}
    ${areas.length > 0 && html`<dl class="facts">${areas.map(([area, level]) => html`<div key=${area}><dt>${word("area", area)}</dt><dd>${word("role", level)}</dd></div>`)}</dl>`}
    ${role.groups && html`<p class="muted">${t("rights.groups", { names: join(role.groups) || t("rights.no_group") })}</p>`}
    ${role.vendors && html`<p class="muted">${t("rights.vendors", { names: join(role.vendors) || t("rights.no_vendor") })}</p>`}`;
}
