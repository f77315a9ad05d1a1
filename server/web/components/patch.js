// patch.js - what a change makes of something, beside what that is now

import { html } from "../dom.js";
import { t } from "../text.js";
import { settingName, SettingValue } from "./setting.js";

// lines: [{key, name, before, after}...]; before: null where it is not to be compared with.
export function Becoming({ lines }) {
  return html`<dl class="diffs">${lines.map(({ key, name, before, after }) => html`<div key=${key}><dt>${name}</dt>
    <dd class="patch-line">${before !== null && html`<span class="muted">${before}</span><span class="muted" aria-hidden="true">\u2192</span>
      <span class="unseen">${t("patch.becomes")}</span>`}
      <span>${after}</span></dd></div>`)}</dl>`;
}

// What a rollout changes in its layer. layer: its settings now; null: not to be compared with (the patch
// is in it already, or it is not known).
export function Patch({ patch, layer, catalogue }) {
  const shown = (name, value) => (value === null || value === undefined ? html`<span class="muted">${t("diff.unset")}</span>`
    : html`<${SettingValue} spec=${catalogue.get(name)} value=${value} />`);
  return html`<${Becoming} lines=${Object.entries(patch).map(([name, value]) => ({
    key: name, name: settingName(name), before: layer ? shown(name, layer[name]) : null,
    after: value === null ? html`<span class="tone-warn">${t("patch.taken_out")}</span>` : shown(name, value),
  }))} />`;
}
