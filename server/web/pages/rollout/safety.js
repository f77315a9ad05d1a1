// safety.js - what holds a new rollout back: how robots confirm, gates, hours, what red means

import { html } from "../../dom.js";
import { Field, SelectField, TextField } from "../../components/field.js";
import { Button, IconButton, Segmented } from "../../components/ui.js";
import { duration } from "../../format.js";
import { t } from "../../text.js";
import { metricName } from "./gatewords.js";
import { METRICS } from "./plan.js";

const UNITS = [["1", "seconds"], ["60", "minutes"], ["3600", "hours"], ["86400", "days"]];

// A number and its unit; usual: the server's own, in seconds.
function DurationField({ label, hint, error, value, usual, onInput }) {
  return html`<${Field} label=${label} hint=${hint} error=${error}>${(attributes) => html`<span class="row duration">
    <input class="input" inputmode="numeric" value=${value.n} placeholder=${usual === undefined ? "" : duration(usual)} ...${attributes}
      onInput=${(event) => onInput({ ...value, n: event.target.value })} />
    <select class="input" aria-label=${t("wizard.unit_of", { field: label })} value=${value.unit} onChange=${(event) => onInput({ ...value, unit: event.target.value })}>
      ${UNITS.map(([unit, name]) => html`<option key=${unit} value=${unit} selected=${unit === value.unit}>${t(`wizard.unit.${name}`)}</option>`)}</select></span>`}</${Field}>`;
}

function Confirming({ form, set, problem, plan }) {
  const usual = plan?.confirm;
  return html`<section class="group-of"><h3>${t("plan.confirm")}</h3>
    <${SelectField} label=${t("wizard.test")} hint=${t("wizard.test.hint")} value=${form.test} onInput=${(test) => set({ test })} error=${problem?.at("/plan/confirm/test")}
      options=${[["", t("wizard.test.auto")], ["yes", t("wizard.test.yes")], ["no", t("wizard.test.no")]]} />
    <${DurationField} label=${t("wizard.deadline")} hint=${t("wizard.deadline.hint")} value=${form.deadline} usual=${usual?.deadline_s}
      onInput=${(deadline) => set({ deadline })} error=${problem?.at("/plan/confirm/deadline_s")} />
    <div class="pair"><${TextField} label=${t("wizard.retries")} inputmode="numeric" value=${form.retries} placeholder=${usual?.retries}
        onInput=${(retries) => set({ retries })} error=${problem?.at("/plan/confirm/retries")} />
      <${TextField} label=${t("wizard.max_failed")} inputmode="decimal" value=${form.max_failed} placeholder=${usual?.max_failed}
        onInput=${(max_failed) => set({ max_failed })} error=${problem?.at("/plan/confirm/max_failed")} /></div>
    <${DurationField} label=${t("plan.unreachable")} hint=${t("wizard.unreachable.hint")} value=${form.unreachable} usual=${plan?.unreachable_after_s}
      onInput=${(unreachable) => set({ unreachable })} error=${problem?.at("/plan/unreachable_after_s")} />
  </section>`;
}

function Rule({ metric, form, set, problem, usual }) {
  const rule = form.rules[metric] ?? {};
  const on = rule.on ?? true;
  const change = (part) => set((old) => ({ rules: { ...old.rules, [metric]: { ...old.rules[metric], ...part } } }));
  const error = problem?.at(`/plan/gates/${metric}`);
  return html`<li class="gate-rule"><label class="tick"><input type="checkbox" checked=${on} onChange=${(event) => change({ on: event.target.checked })} /> ${metricName(metric)}</label>
    <input class="input" inputmode="decimal" aria-label=${t("wizard.margin_of", { metric: metricName(metric) })} aria-invalid=${error ? "true" : undefined} disabled=${!on}
      value=${rule.margin ?? ""} placeholder=${usual?.margin} onInput=${(event) => change({ margin: event.target.value })} />
    ${metric === "cost" && on && html`<input class="input" inputmode="decimal" aria-label=${t("wizard.expected")} placeholder=${t("wizard.expected")}
      value=${rule.expected ?? ""} onInput=${(event) => change({ expected: event.target.value })} />`}
    ${error && html`<p class="error" role="alert">${error}</p>`}</li>`;
}

function Gates({ form, set, problem, plan }) {
  const usual = plan?.gates === "off" ? {} : plan?.gates ?? {};
  return html`<section class="group-of"><h3>${t("plan.gates")}</h3>
    <${DurationField} label=${t("plan.soak")} hint=${t("wizard.soak.hint")} value=${form.soak} usual=${plan?.soak_s} onInput=${(soak) => set({ soak })}
      error=${problem?.at("/plan/soak_s")} />
    <${Segmented} label=${t("plan.gates")} value=${form.gates} onChange=${(gates) => set({ gates })} options=${[["on", t("wizard.gates.on")], ["off", t("wizard.gates.off")]]} />
    ${form.gates === "off" ? html`<p class="hint">${t("plan.gates.off")}</p>` : html`<p class="hint">${t("wizard.gates.hint")}</p>
      <ul class="gate-rules">${METRICS.map((metric) => html`<${Rule} key=${metric} metric=${metric} form=${form} set=${set} problem=${problem} usual=${usual[metric]} />`)}</ul>`}
    <${SelectField} label=${t("plan.on_red")} value=${form.on_red} onInput=${(on_red) => set({ on_red })} error=${problem?.at("/plan/on_red")}
      options=${[["pause", t("plan_on_red.pause")], ["roll_back", t("plan_on_red.roll_back")]]} />
  </section>`;
}

function Blackout({ index, span, problem, change, drop }) {
  const error = ["/from", "/to", ""].map((end) => problem?.at(`/plan/blackouts/${index}${end}`)).find(Boolean);
  const end = (name) => html`<input type="datetime-local" class="input" aria-label=${t(`wizard.blackout.${name}`, { n: index + 1 })} value=${span[name]}
    onInput=${(event) => change({ ...span, [name]: event.target.value })} />`;
  return html`<li class="blackout">${end("from")}<span class="muted">\u2013</span>${end("to")}
    <${IconButton} icon="trash" label=${t("wizard.blackout.drop", { n: index + 1 })} onClick=${drop} />${error && html`<p class="error" role="alert">${error}</p>`}</li>`;
}

function Hours({ form, set, problem, plan }) {
  const put = (blackouts) => set({ blackouts });
  return html`<section class="group-of"><h3>${t("wizard.when")}</h3>
    <${TextField} label=${t("plan.windows")} hint=${t("wizard.windows.hint")} value=${form.windows} placeholder="22:00-06:00" onInput=${(windows) => set({ windows })}
      error=${problem?.at("/plan/windows") || problem?.at("/plan/windows/0") || problem?.at("/plan/windows/1")} spellcheck="false" />
    <${TextField} label=${t("wizard.zone")} hint=${t("wizard.zone.hint")} value=${form.zone} placeholder=${plan?.zone} onInput=${(zone) => set({ zone })}
      error=${problem?.at("/plan/zone")} spellcheck="false" />
    <ul class="blackouts" aria-label=${t("plan.blackouts")}>${form.blackouts.map((span, i) => html`<${Blackout} key=${i} index=${i} span=${span} problem=${problem}
      change=${(next) => put(form.blackouts.map((old, at) => (at === i ? next : old)))} drop=${() => put(form.blackouts.filter((_, at) => at !== i))} />`)}</ul>
    <${Button} kind="quiet" icon="plus" disabled=${form.blackouts.length >= 32} onClick=${() => put([...form.blackouts, { from: "", to: "" }])}>${t("wizard.blackout.add")}</${Button}>
    <label class="tick"><input type="checkbox" checked=${form.manual} onChange=${(event) => set({ manual: event.target.checked })} /> ${t("wizard.manual")}</label>
    <label class="tick"><input type="checkbox" checked=${form.queue} onChange=${(event) => set({ queue: event.target.checked })} /> ${t("wizard.queue")}</label>
    <${TextField} label=${t("wizard.above_cost")} hint=${t("wizard.above_cost.hint")} inputmode="decimal" value=${form.above_cost}
      onInput=${(above_cost) => set({ above_cost })} error=${problem?.at("/plan/approval/above_cost")} />
  </section>`;
}

export function Safety(props) {
  const plan = props.preview?.plan;
  return html`<p class="muted">${t("wizard.safety.lead")}</p>
    <div class="groups-of"><${Confirming} ...${props} plan=${plan} /><${Gates} ...${props} plan=${plan} /><${Hours} ...${props} plan=${plan} /></div>`;
}
