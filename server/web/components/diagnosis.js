// diagnosis.js - the one cause why a robot does not talk, and its cure, with the code of its screen

import { html } from "../dom.js";
import { useResource } from "../api.js";
import { tell } from "../said.js";
import { t, word } from "../text.js";
import { Icon } from "./icons.js";
import { Loaded } from "./states.js";
import { known } from "./trouble.js";
import { Card } from "./ui.js";

export const causeOf = (trouble) => known(word("trouble", trouble.word), trouble.word, tell(trouble.cause));
export const cureOf = (trouble) => known(word("cure", trouble.word), trouble.word, tell(trouble.cure));

function Also({ troubles }) {
  if (troubles.length === 0) return null;
  return html`<p class="muted">${t("doctor.also")}</p><ul class="plain also">${troubles.map((trouble) => html`<li key=${trouble.code}>
    <b class="code">${trouble.code}</b> ${causeOf(trouble)}${trouble.detail && html`<span class="muted"> (${tell(trouble.detail)})</span>`}</li>`)}</ul>`;
}

// data: as /doctor answers.
export function Diagnosis({ data }) {
  const { trouble, also, screen } = data;
  if (data.well) return html`<p class="row tight tone-ok"><${Icon} name="check" />${t("doctor.well")}</p>`;
  return html`<div class="diagnosis">
    <p class="cause"><b class="code">${trouble.code}</b><span>${causeOf(trouble)}
      ${trouble.detail && html`<span class="sub">${tell(trouble.detail)}</span>`}</span></p>
    <p><b>${t("doctor.cure")}:</b> ${cureOf(trouble)}</p>
    <${Also} troubles=${also} />
    ${screen && html`<p class="muted">${t("doctor.screen", { code: screen })}</p>`}
  </div>`;
}

// First on a robot's page.
export function DiagnosisCard({ id }) {
  const state = useResource("/doctor", { query: { robot: id }, id, gap_ms: 3000,
    kinds: ["device", "usage", "alert", "layer", "group", "rollout", "pool"] });
  return html`<${Card} title=${t("doctor")} class="doctor ${state.data && !state.data.well ? "unwell" : ""}">
    <${Loaded} state=${state} lines=${2}>${(data) => html`<${Diagnosis} data=${data} />`}</${Loaded}></${Card}>`;
}
