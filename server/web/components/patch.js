// patch.js - what a rollout changes in its layer, beside what the layer says

import { html } from "../dom.js";
import { t } from "../text.js";
import { settingName, SettingValue } from "./setting.js";

// layer: its settings now; null: not to be compared with (the patch is in it already, or it is not known).
export function Patch({ patch, layer, catalogue }) {
  const shown = (name, value) => (value === null || value === undefined ? html`<span class="muted">${t("diff.unset")}</span>`
    : html`<${SettingValue} spec=${catalogue.get(name)} value=${value} />`);
  return html`<dl class="diffs">${Object.entries(patch).map(([name, value]) => html`<div key=${name}><dt>${settingName(name)}</dt>
    <dd class="patch-line">${layer && html`<span class="muted">${shown(name, layer[name])}</span><span class="muted" aria-hidden="true">\u2192</span>
      <span class="unseen">${t("patch.becomes")}</span>`}
      <span>${value === null ? html`<span class="tone-warn">${t("patch.taken_out")}</span>` : shown(name, value)}</span></dd></div>`)}</dl>`;
}
