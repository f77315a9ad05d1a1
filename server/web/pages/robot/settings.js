// settings.js - what a robot shall run and does run, setting by setting, and its own layer's editor

import { html, useEffect, useRef, useState } from "../../dom.js";
import { get, put, useResource } from "../../api.js";
import { FormDialog } from "../../components/dialog.js";
import { Field } from "../../components/field.js";
import { Icon } from "../../components/icons.js";
import { Patch } from "../../components/patch.js";
import { LayerName, misfitOf, SettingControl, settingHint, settingName, SettingValue, useCatalogue } from "../../components/setting.js";
import { SoftwareTold } from "../../components/software.js";
import { Loaded, Missed } from "../../components/states.js";
import { Ago, Button, Card, IconButton, Status } from "../../components/ui.js";
import { reasonOf, tell } from "../../said.js";
import { may } from "../../session.js";
import { t } from "../../text.js";

// Changes one setting of the robot's own layer on top of what it holds now. value undefined: the
// setting is taken out, so that group or fleet decide again.
async function change(id, name, value) {
  const path = `/layers/device/${id}`;
  const { data, etag } = await get(path);
  const settings = { ...data.settings };
  if (value === undefined) delete settings[name];
  else settings[name] = value;
  await put(path, { settings }, etag);
}

// What it becomes is shown before it is; next undefined: group or fleet decide again.
function Editor({ id, spec, item, catalogue, onClose, onSaved }) {
  const [value, setValue] = useState(item.value);
  const [problem, setProblem] = useState(null);
  const [asked, setAsked] = useState(null);
  const [misfit, setMisfit] = useState("");
  const form = useRef(null);
  useEffect(() => form.current.querySelector("input, select, textarea").focus(), []);

  // what is wrong with it stands at the field, behind the question
  const save = async () => {
    setProblem(null);
    try {
      await change(id, spec.name, asked.next);
    } catch (error) {
      setProblem(error);
      return;
    }
    onSaved();
    onClose();
  };
  const review = (event) => {
    event.preventDefault();
    const found = misfitOf(spec, value);
    setMisfit(found);
    if (found) event.target.querySelector("input, textarea").focus();
    else setAsked({ next: value });
  };
  const error = misfit || (problem && (problem.at(`/settings/${spec.name}`) || problem.message));
  return html`<form class="setting-editor" ref=${form} onSubmit=${review} onKeyDown=${(event) => event.key === "Escape" && onClose()} novalidate>
    <${Field} label=${settingName(spec.name)} hint=${settingHint(spec)} error=${error}>
      ${(attributes) => html`<${SettingControl} spec=${spec} value=${value} onInput=${setValue}
        attributes=${attributes} />`}</${Field}>
    <div class="row">
      <${Button} kind="primary" type="submit">${t("layer.review")}</${Button}>
      <${Button} onClick=${onClose}>${t("cancel")}</${Button}>
      ${item.given_by.layer.startsWith("device") && html`<${Button} kind="quiet"
        onClick=${() => setAsked({ next: undefined })}>${t("setting.inherit")}</${Button}>`}
    </div>
  </form>
  ${asked && html`<${FormDialog} title=${t("layer.review.title")} action=${t(asked.next === undefined ? "setting.inherit" : "setting.save")}
      submit=${save} onClose=${() => setAsked(null)}>${() => html`<${Patch} patch=${{ [spec.name]: asked.next ?? null }}
      layer=${{ [spec.name]: item.value }} catalogue=${catalogue} />`}</${FormDialog}>`}`;
}

// Who gave the value that holds, and what the others say.
function Given({ item, spec }) {
  const { given_by: given, below, coming } = item;
  const said = (layer, value, key) => html`<div key=${key}><dt><${LayerName} layer=${layer} /></dt>
    <dd><${SettingValue} spec=${spec} value=${value} /></dd></div>`;
  return html`<div class="given">
    <p>${given.why ? t("why.threshold", { why: tell(given.why) }) : given.by
      ? html`${/^(fleet|group:|rollout:)/.test(given.layer) && html`<${LayerName} layer=${given.layer} /> `}${t("why.set_by", { by: given.by })} <${Ago} at=${given.at} />` : t("why.default")}</p>
    ${coming && html`<p class="tone-warn">${t("why.coming", { rollout: coming.rollout })}
      <${SettingValue} spec=${spec} value=${coming.value} /></p>`}
    ${below.length > 0 && html`<p class="muted">${t("why.below")}</p><dl class="diffs">${below.map(({ layer, value }, i) =>
      said(layer, value, i))}</dl>`}
  </div>`;
}

// Which layer, and behind it the rest of the story where there is one.
function From({ item, spec }) {
  const { layer, revision, why } = item.given_by;
  const short = html`<${LayerName} layer=${layer} plain />${revision > 0 && !why
    && html`<span class="muted"> ${t("revision.short", { n: revision })}</span>`}`;
  if (layer === "default" && !item.coming) return short;
  return html`<details class="why"><summary>${short}</summary><${Given} item=${item} spec=${spec} /></details>`;
}

// The device's word on a setting, unless a newer generation is still on its way.
function Outcome({ item, behind, online }) {
  if (item.coming) return html`<a class="tone-warn" href="/rollouts/${item.coming.rollout}">${t("why.coming.short", { rollout: item.coming.rollout })}</a>`;
  if (behind) return html`<span class="tone-warn">${t(online ? "outcome.sending" : "outcome.waiting")}</span>`;
  if (!item.outcome && item.given_by.layer === "default") return html`<span class="muted">${t("outcome.default")}</span>`;
  if (!item.outcome) return html`<span class="muted">\u2013</span>`;
  return html`<${Status} kind="setting_outcome" value=${item.outcome} title=${tell(item.reason)} />
    ${item.reason && html`<span class="sub">${tell(item.reason)}</span>`}`;
}

function Row({ id, spec, item, catalogue, behind, online, editing, onEdit, onClose, onSaved }) {
  if (editing) {
    return html`<tr class="editing"><td colspan="5"><${Editor} id=${id} spec=${spec} item=${item} catalogue=${catalogue}
      onClose=${onClose} onSaved=${onSaved} /></td></tr>`;
  }
  const name = settingName(item.name);
  return html`<tr>
    <th scope="row" title=${tell(spec?.help)}>${name}</th>
    <td data-label=${t("setting.value")}><${SettingValue} spec=${spec} value=${item.value} /></td>
    <td data-label=${t("setting.from")}><${From} item=${item} spec=${spec} /></td>
    <td data-label=${t("setting.outcome")}><${Outcome} item=${item} behind=${behind} online=${online} /></td>
    <td class="end">${spec && may("operator") && html`<${IconButton} icon="edit"
      label=${t("setting.edit", { name })} data-edits=${item.name} onClick=${onEdit} />`}</td>
  </tr>`;
}

// As the catalogue lists them: what matters most comes first.
function inOrder(items, catalogue) {
  const names = catalogue ? [...catalogue.keys()] : [];
  return [...items].sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

// Worth a line at once: somebody set it, it is on its way, or the robot does not take it.
const isTold = (item) => item.given_by.layer !== "default" || item.coming || (item.outcome && item.outcome !== "applied");

function Convergence({ desired, running }) {
  if (running >= desired) {
    return html`<span class="tone-ok row tight"><${Icon} name="check" />${t("generation.current", { desired })}</span>`;
  }
  return html`<span class="tone-warn">${t("generation.behind", { desired, running })}</span>`;
}

// It waits for its turn, and nothing is wrong.
const WAITS = ["held_back", "wave_not_open"];

// Why it does not run its newest configuration, and which routes cannot serve.
function Reasons({ why }) {
  const flaws = why.routes.filter((route) => route.flaw || route.starved_by.length > 0);
  if (why.current && flaws.length === 0) return null;
  const isCalm = flaws.length === 0 && why.reasons.every(({ code }) => WAITS.includes(code));
  return html`<div class="strip ${isCalm ? "calm" : "warn"} reasons" role="status"><${Icon} name=${isCalm ? "rollouts" : "warn"} /><ul class="plain">
    ${why.reasons.map((reason) => html`<li key=${reason.code} title=${reason.code}>${reasonOf(reason)}</li>`)}
    ${why.rollout && !why.current && html`<li><a href="/rollouts/${why.rollout.id}">${t("why.coming.short", { rollout: why.rollout.id })}</a></li>`}
    ${flaws.map((route, i) => html`<li key=${i}><b>${route.vendor} / ${route.model}</b> ${tell(route.flaw)
      || t("why.starved", { by: route.starved_by.join(", ") })}</li>`)}
  </ul></div>`;
}

export function Settings({ id, robot }) {
  const state = useResource(`/devices/${id}/why`, { kinds: ["device", "layer", "group", "rollout", "region"], gap_ms: 300 });
  const [catalogue, known] = useCatalogue();
  const [editing, setEditing] = useState(null);
  const [all, setAll] = useState(false);
  const table = useRef(null);
  const left = useRef(null); // the setting whose editor was open: focus goes back to its button
  useEffect(() => {
    if (editing === null && left.current) table.current?.querySelector(`[data-edits="${left.current}"]`)?.focus();
    left.current = editing;
  }, [editing]);
  const data = state.data;
  const items = data && catalogue ? inOrder(data.settings, catalogue) : [];
  const shown = items.filter((item) => all || isTold(item));
  const folded = items.filter((item) => !isTold(item)).length;
  const behind = data && data.generation.running < data.generation.desired;

  return html`<${Card} title=${t("robot.settings")} flush
      actions=${data && html`<${Convergence} desired=${data.generation.desired} running=${data.generation.running} />`}>
    <${Missed} state=${known} what=${t("settings.known")} />
    <${Loaded} state=${state} lines=${10}>${() => catalogue && html`<${Reasons} why=${data} />
      <table class="table settings" ref=${table} aria-label=${t("robot.settings")}>
      <colgroup><col class="setting-name" /><col /><col class="setting-layer" /><col class="setting-outcome" /><col class="setting-edit" /></colgroup>
      <thead><tr><th scope="col">${t("setting")}</th><th scope="col">${t("setting.value")}</th>
        <th scope="col">${t("setting.from")}</th><th scope="col">${t("setting.outcome")}</th>
        <th scope="col"><span class="unseen">${t("actions")}</span></th></tr></thead>
      <tbody>${shown.map((item) => html`<${Row} key=${item.name} id=${id} item=${item}
        spec=${catalogue?.get(item.name)} catalogue=${catalogue} behind=${behind} online=${robot.online} editing=${editing === item.name}
        onEdit=${() => setEditing(item.name)} onClose=${() => setEditing(null)} onSaved=${state.reload} />`)}</tbody>
    </table>
    ${folded > 0 && html`<footer class="table-foot"><${Button} kind="quiet" aria-expanded=${all}
      onClick=${() => setAll(!all)}>${t(all ? "settings.fold" : "settings.defaults", { n: folded })}</${Button}></footer>`}
    ${data.software.length > 0 && html`<${SoftwareTold} items=${data.software} />`}`}</${Loaded}>
  </${Card}>`;
}
