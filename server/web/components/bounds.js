// bounds.js - how far a role or an API key goes, as somebody sets it: levels in areas, groups, vendors

import { html } from "../dom.js";
import { useList } from "../api.js";
import { Field, SelectField } from "./field.js";
import { t, word } from "../text.js";

const LEVELS = ["viewer", "support", "operator", "approver", "admin"];
// In the order in which people look for them; what the server takes.
const AREAS = ["fleet", "devices", "commands", "bundles", "groups", "layers", "settings", "rollouts", "blackouts", "alerts", "channels", "deliveries", "doctor",
  "vendors", "vendor-health", "contracts", "budgets", "pools", "thresholds", "usage", "attempts", "usage-imports", "invoices", "whatif",
  "claims", "pairings", "regions", "retention", "filters", "views", "events", "dialects", "audit"];

const levels = () => [["", t("rights.denied")], ...LEVELS.map((level) => [level, word("role", level)])];

// pointer: where the body has them.
export function Areas({ may, onInput, problem, pointer = "/may" }) {
  return html`<fieldset class="areas"><legend>${t("roles.may")}</legend>
    ${AREAS.map((area) => html`<${SelectField} key=${area} label=${word("area", area)} value=${may[area] || ""} options=${levels()}
      onInput=${(level) => onInput(level ? { ...may, [area]: level } : Object.fromEntries(Object.entries(may).filter(([name]) => name !== area)))}
      error=${problem?.at(`${pointer}/${area}`)} />`)}
  </fieldset>`;
}

// chosen: a list of ids, or null for all.
export function Bound({ label, all, path, chosen, onInput, error }) {
  const list = useList(path, { limit: 1000 });
  const ids = [...new Set([...(list.items ?? []).map((item) => item.id), ...(chosen ?? [])])];
  const toggle = (id) => onInput(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  return html`<${Field} label=${label} error=${error}>${(attributes) => html`<div>
    <label class="tick"><input type="checkbox" ...${attributes} checked=${chosen === null} onChange=${() => onInput(chosen === null ? [] : null)} /> ${all}</label>
    ${chosen !== null && ids.map((id) => html`<label class="tick" key=${id}><input type="checkbox" checked=${chosen.includes(id)}
      onChange=${() => toggle(id)} /> ${id}</label>`)}</div>`}</${Field}>`;
}
