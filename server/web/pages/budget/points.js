// points.js - a budget's thresholds as a form: at which share or amount, and what is done there

import { html } from "../../dom.js";
import { SelectField, TextField } from "../../components/field.js";
import { IconButton, Button } from "../../components/ui.js";
import { t, word } from "../../text.js";

const ACTIONS = ["alert", "throttle", "fall_back_to", "canned", "block"];
const nameOf = (action) => (typeof action === "string" ? action : Object.keys(action)[0]);
const find = (point, name) => point.do.find((action) => nameOf(action) === name);

// What the action says when it is chosen, before anybody says more.
const fresh = (name, contracts) => ({ throttle: { throttle: { turns_per_minute: 2 } },
  fall_back_to: { fall_back_to: contracts[0] ?? "" } }[name] ?? name);

// "alert, throttle (2 turns a minute)" of one point.
function actionText(action) {
  if (typeof action === "string") return word("action", action);
  if (action.fall_back_to !== undefined) return `${word("action", "fall_back_to")} ${action.fall_back_to}`;
  const { turns_per_minute: turns, max_output_tokens: tokens, model } = action.throttle;
  const parts = [turns && `${t("threshold.turns")} ${turns}`, tokens && `${t("threshold.tokens")} ${tokens}`, model].filter(Boolean);
  return `${word("action", "throttle")} (${parts.join(", ")})`;
}

export const pointText = (point) => `${point.at}: ${point.do.map(actionText).join(", ")}${point.shadow ? ` (${t("threshold.shadow")})` : ""}`;

function Throttle({ action, error, onChange }) {
  const field = (name) => ({
    value: action.throttle[name] ?? "", inputmode: "numeric", autocomplete: "off",
    onInput: (text) => {
      const { [name]: _, ...rest } = action.throttle;
      onChange({ throttle: { ...rest, ...(text !== "" && { [name]: /^\d+$/.test(text) ? Number(text) : text }) } });
    },
  });
  return html`<div class="pair"><${TextField} label=${t("threshold.turns")} error=${error("turns_per_minute")} ...${field("turns_per_minute")} />
    <${TextField} label=${t("threshold.tokens")} error=${error("max_output_tokens")} ...${field("max_output_tokens")} /></div>`;
}

// The complaint about an action's own part, or about anything in its place.
const complaintAt = (problem, place) => (part) => (part && problem?.at(`${place}/${part}`)) || undefined;

function Action({ name, point, place, problem, contracts, onChange }) {
  const action = find(point, name);
  const nth = point.do.indexOf(action);
  const error = complaintAt(problem, `${place}/do/${nth}`);
  const set = (next) => onChange({ ...point, do: point.do.map((one) => (one === action ? next : one)) });
  const toggle = () => onChange({ ...point, do: action ? point.do.filter((one) => one !== action) : [...point.do, fresh(name, contracts)] });
  return html`<label class="tick"><input type="checkbox" checked=${action !== undefined} onChange=${toggle} /> ${word("action", name)}</label>
    ${action && name === "throttle" && html`<${Throttle} action=${action} error=${(part) => error(`throttle/${part}`)} onChange=${set} />`}
    ${action && name === "fall_back_to" && html`<${SelectField} label=${t("contract")} value=${action.fall_back_to} error=${error("fall_back_to")}
      options=${contracts.map((id) => [id, id])} onInput=${(id) => set({ fall_back_to: id })} />`}`;
}

function Point({ point, place, problem, contracts, onChange, onDrop }) {
  const complaint = problem?.at(place) || problem?.at(`${place}/do`) || point.do.map((_, i) => problem?.at(`${place}/do/${i}`)).find(Boolean);
  return html`<fieldset class="point"><legend class="unseen">${t("threshold.named", { at: point.at })}</legend>
    <div class="row tight"><${TextField} label=${t("threshold.at")} hint=${t("threshold.at.hint")} value=${String(point.at)} autocomplete="off"
      error=${problem?.at(`${place}/at`)} onInput=${(at) => onChange({ ...point, at })} />
      <${IconButton} icon="trash" label=${t("threshold.drop", { at: point.at })} onClick=${onDrop} /></div>
    <div class="group-of">${ACTIONS.map((name) => html`<${Action} key=${name} name=${name} point=${point} place=${place} problem=${problem}
      contracts=${contracts} onChange=${onChange} />`)}
      <label class="tick"><input type="checkbox" checked=${Boolean(point.shadow)}
        onChange=${() => { const { shadow, ...rest } = point; onChange(shadow ? rest : { ...rest, shadow: true }); }} /> ${t("threshold.shadow.tick")}</label></div>
    ${complaint && html`<p class="error" role="alert">${complaint}</p>`}
  </fieldset>`;
}

// points as the API has them; contracts: ids that may be fallen back to.
export function Points({ points, contracts, problem, onChange }) {
  const change = (nth, next) => onChange(points.map((point, i) => (i === nth ? next : point)));
  return html`<section class="group-of"><h3>${t("terms.thresholds")}</h3>
    ${points.length === 0 && html`<p class="muted">${t("threshold.none")}</p>`}
    ${points.map((point, i) => html`<${Point} key=${i} point=${point} place=${`/thresholds/${i}`} problem=${problem} contracts=${contracts}
      onChange=${(next) => change(i, next)} onDrop=${() => onChange(points.filter((_, nth) => nth !== i))} />`)}
    <${Button} icon="plus" onClick=${() => onChange([...points, { at: "", do: ["alert"] }])}>${t("threshold.add")}</${Button}>
    ${problem?.at("/thresholds") && html`<p class="error" role="alert">${problem.at("/thresholds")}</p>`}</section>`;
}
