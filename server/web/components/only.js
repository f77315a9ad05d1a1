// only.js - what a list is narrowed to, each a button that widens it again

import { html } from "../dom.js";
import { t } from "../text.js";
import { Icon } from "./icons.js";

// parts: [[name of the query, label, value]...]; those without a value are left out.
export function Only({ parts, change }) {
  const shown = parts.filter(([, , value]) => value);
  if (shown.length === 0) return null;
  return html`<span class="row tight" role="group" aria-label=${t("usage.only")}>${shown.map(([name, label, value]) => html`
    <button type="button" class="chip view" key=${name} aria-label=${t("usage.not_only", { name: label, value })}
      onClick=${() => change({ [name]: "" })}>${label}: ${value} <${Icon} name="close" size=${10} /></button>`)}</span>`;
}
