// setting.js - a setting's value shown and edited, by the catalogue's row for it

import { html } from "../dom.js";
import { useResource } from "../api.js";
import { number } from "../format.js";
import { tell } from "../said.js";
import { t, word } from "../text.js";
import { Icon } from "./icons.js";
import { Missed } from "./states.js";
import { Button, IconButton } from "./ui.js";

export function settingName(name) {
  return word("setting", name);
}

const USES = ["chat", "speech", "transcription"];

const isChat = ({ use }) => (use || "chat") === "chat";

function RouteList({ routes }) {
  if (!routes?.length) return html`<span class="muted">${t("route.none")}</span>`;
  return html`<ol class="routes">${routes.map((route, i) => html`<li key=${i}>
    <b>${route.vendor}</b> / ${route.model} <span class="muted">${route.contract}${
  isChat(route) ? "" : ` \u00b7 ${t(`route.use.${route.use}`)}`}</span></li>`)}</ol>`;
}

const SHOWN = {
  int: (spec, value) => `${number(value)}${spec.unit ? `\u00a0${spec.unit}` : ""}`,
  text: (spec, value) => (value === "" ? html`<span class="muted">${t("empty")}</span>`
    : html`<span class="clip" title=${value}>${value}</span>`),
  choice: (spec, value) => word(`choice.${spec.name}`, value),
  routes: (spec, value) => html`<${RouteList} routes=${value} />`,
};

export function SettingValue({ spec, value }) {
  if (value === null || value === undefined) return html`<span class="muted">${t("setting.none")}</span>`;
  return (SHOWN[spec?.type] || ((_, plain) => JSON.stringify(plain)))(spec, value);
}

// What fits, in words, for below the control; and that robots take it when they start, where they do.
export function settingHint(spec) {
  return spec.needs_restart ? `${fitting(spec)}. ${t("setting.at_restart")}` : fitting(spec);
}

function fitting(spec) {
  if (spec.type === "int") return t("setting.between", { min: spec.min, max: spec.max, unit: spec.unit });
  if (spec.type === "text") return t("setting.bytes", { max: number(spec.max) });
  return tell(spec.help || "");
}

const bytes = (text) => new TextEncoder().encode(text).length;

// What is wrong with a value before anybody is asked, in words for its field; "" where nothing is.
export function misfitOf(spec, value) {
  if (spec.type === "int" && !(Number.isInteger(value) && value >= spec.min && value <= spec.max)) {
    return t("setting.misfit", { min: number(spec.min), max: number(spec.max) });
  }
  return spec.type === "text" && bytes(value ?? "") > spec.max ? t("setting.too_long", { n: number(bytes(value)), max: number(spec.max) }) : "";
}

function IntControl({ spec, value, onInput, attributes }) {
  return html`<input class="input short" type="number" inputmode="numeric" min=${spec.min} max=${spec.max} step="1"
    value=${value ?? ""} ...${attributes}
    onInput=${(event) => onInput(event.target.value === "" ? null : Number(event.target.value))} />`;
}

function TextControl({ spec, value, onInput, attributes }) {
  if (spec.max <= 80) {
    return html`<input class="input" value=${value ?? ""} ...${attributes}
      onInput=${(event) => onInput(event.target.value)} />`;
  }
  return html`<textarea class="input" rows="4" value=${value ?? ""} ...${attributes}
    onInput=${(event) => onInput(event.target.value)}></textarea>`;
}

function choices(spec) {
  return Array.isArray(spec.choices) ? spec.choices : String(spec.choices || "").split("|");
}

function ChoiceControl({ spec, value, onInput, attributes }) {
  return html`<select class="input short" value=${value} ...${attributes}
      onChange=${(event) => onInput(event.target.value)}>
    ${choices(spec).map((choice) => html`<option key=${choice} value=${choice}
      selected=${choice === value}>${word(`choice.${spec.name}`, choice)}</option>`)}
  </select>`;
}

function moved(list, from, to) {
  const next = [...list];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

function RouteRow({ route, index, count, contracts, change, move, drop }) {
  const pick = (event) => {
    const contract = contracts.find(({ id }) => id === event.target.value);
    change({ ...route, contract: contract.id, vendor: contract.vendor });
  };
  const useFor = (event) => {
    const { vendor, model, contract, voice } = route;
    const plain = { vendor, model, contract };
    const use = event.target.value;
    change(use === "speech" && voice ? { ...plain, use, voice } : use === "chat" ? plain : { ...plain, use });
  };
  return html`<li class="route-row">
    <select class="input" aria-label=${t("contract")} value=${route.contract} onChange=${pick}>
      ${contracts.map(({ id, vendor }) => html`<option key=${id} value=${id}
        selected=${id === route.contract}>${vendor} \u00b7 ${id}</option>`)}
    </select>
    <input class="input" aria-label=${t("model")} placeholder=${t("model")} value=${route.model}
      onInput=${(event) => change({ ...route, model: event.target.value })} />
    <select class="input" aria-label=${t("route.use")} value=${route.use || "chat"} onChange=${useFor}>
      ${USES.map((use) => html`<option key=${use} value=${use}
        selected=${use === (route.use || "chat")}>${t(`route.use.${use}`)}</option>`)}
    </select>
    <${IconButton} icon="up" label=${t("route.up")} disabled=${index === 0} onClick=${() => move(index - 1)} />
    <${IconButton} icon="down" label=${t("route.down")} disabled=${index === count - 1} onClick=${() => move(index + 1)} />
    <${IconButton} icon="close" label=${t("route.drop")} onClick=${drop} />
  </li>`;
}

function RoutesControl({ spec, value, onInput, attributes }) {
  const listed = useResource("/contracts", { query: { limit: 200 } });
  const contracts = listed.data?.items || [];
  const routes = value || [];
  const add = () => {
    const last = routes[routes.length - 1];
    const contract = contracts.find(({ id }) => !routes.some((route) => route.contract === id)) || contracts[0];
    onInput([...routes, { vendor: contract.vendor, model: last?.model || "", contract: contract.id }]);
  };
  return html`<div role="group" ...${attributes} aria-label=${settingName(spec.name)}>
    <${Missed} state=${listed} what=${t("nav.contracts")} /><ol class="route-rows">${routes.map((route, i) => html`<${RouteRow} key=${i} route=${route} index=${i}
      count=${routes.length} contracts=${contracts}
      change=${(next) => onInput(routes.map((old, at) => (at === i ? next : old)))}
      move=${(to) => onInput(moved(routes, i, to))}
      drop=${() => onInput(routes.filter((_, at) => at !== i))} />`)}</ol>
    <${Button} kind="quiet" icon="plus" disabled=${!contracts.length || routes.length >= spec.max}
      onClick=${add}>${t("route.add")}</${Button}>
  </div>`;
}

const CONTROLS = { int: IntControl, text: TextControl, choice: ChoiceControl, routes: RoutesControl };

export function SettingControl({ spec, ...rest }) {
  const Control = CONTROLS[spec.type];
  return html`<${Control} spec=${spec} ...${rest} />`;
}

const BLANK = { int: (spec) => spec.min, text: () => "", choice: (spec) => choices(spec)[0], routes: () => [] };

// What an editor begins with where nobody has set it.
export function blankSetting(spec) {
  return spec.default ?? BLANK[spec.type](spec);
}

export function AddSetting({ specs, onAdd }) {
  if (specs.length === 0) return null;
  return html`<select class="input short" aria-label=${t("setting.add")} value=""
      onChange=${(event) => event.target.value && onAdd(event.target.value)}>
    <option value="" selected>${t("setting.add")}</option>
    ${specs.map((spec) => html`<option key=${spec.name} value=${spec.name}>${settingName(spec.name)}</option>`)}
  </select>`;
}

// The catalogue by name, Map of spec, or null while loading; and how the reading of it stands.
export function useCatalogue() {
  const state = useResource("/settings");
  return [state.data && new Map(state.data.items.map((spec) => [spec.name, spec])), state];
}

// plain: without a link, for where one cannot be.
export function LayerName({ layer, plain = false }) {
  if (layer === "default") return html`<span class="muted">${t("layer.default")}</span>`;
  if (layer === "fleet") return plain ? t("layer.fleet") : html`<a href="/config">${t("layer.fleet")}</a>`;
  const kind = layer.split(":", 1)[0];
  const id = layer.slice(kind.length + 1);
  if (kind === "rollout" && !plain) return html`<a class="tone-warn" href="/rollouts/${id}">${t("layer.rollout", { id })}</a>`;
  if (kind === "threshold" || kind === "rollout") return html`<span class="tone-warn">${t(`layer.${kind}`, { id })}</span>`;
  if (kind === "device") return html`<b>${t("layer.device")}</b>`;
  if (plain) return t("layer.group", { id });
  return html`<a href="/config/group/${id}"><${Icon} name="config" size=${12} /> ${t("layer.group", { id })}</a>`;
}
