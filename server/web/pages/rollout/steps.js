// steps.js - the first steps of a new rollout: whom it is for, what it changes, in which waves

import { html, useEffect, useState } from "../../dom.js";
import { get, useLoad, useResource } from "../../api.js";
import { Field, SelectField, TextField } from "../../components/field.js";
import { FilterField } from "../../components/filter.js";
import { Patch } from "../../components/patch.js";
import { AddSetting, blankSetting, SettingControl, settingHint, settingName, SettingValue } from "../../components/setting.js";
import { readManifest, SoftwareFacts } from "../../components/software.js";
import { Empty, Loaded, Missed, Skeleton } from "../../components/states.js";
import { Button, IconButton } from "../../components/ui.js";
import { WaveBar } from "../../components/waves.js";
import { NONE, number } from "../../format.js";
import { t } from "../../text.js";
import { layerPath } from "./order.js";

const TARGETS = ["fleet", "group", "filter"];
const FIRST = 8;

// A choice of which all are visible, each with a word on what it means.
function Choices({ label, name, value, options, onInput }) {
  return html`<fieldset class="radio-cards"><legend>${label}</legend>${options.map(([option, text, sub]) => html`<label key=${option} class="radio-card">
    <input type="radio" name=${name} value=${option} checked=${option === value} onChange=${() => onInput(option)} />
    <span><b>${text}</b>${sub && html`<span class="sub">${sub}</span>`}</span></label>`)}</fieldset>`;
}

// Who would be reached: {count, first}.
async function reach({ target, group, filter }) {
  if (target === "filter") {
    const { data } = await get("/filters/preview", { filter, use: "group" });
    return { count: data.devices, first: data.first };
  }
  const where = target === "group" ? `group/${group}` : "fleet";
  const [layer, robots] = await Promise.all([get(`/layers/${where}`),
    get(target === "group" ? `/groups/${group}/devices` : "/devices", { limit: FIRST })]);
  return { count: layer.data.reaches, first: robots.data.items };
}

function Reached({ target, group, filter }) {
  const state = useLoad(() => reach({ target, group, filter }), { kinds: ["device", "group"], gap_ms: 5000, deps: [target, group, filter] });
  return html`<section class="reached" aria-label=${t("wizard.reached")} aria-live="polite"><${Loaded} state=${state} lines=${2}>${({ count, first }) => html`
    <p><b>${t("wizard.reaches", { n: count, told: number(count) })}</b></p>
    <p class="robots-named">${first.slice(0, FIRST).map(({ id, name }) => html`<a key=${id} class="chip" href="/robots/${id}" target="_blank">${name || id}</a>`)}
      ${count > FIRST && html`<span class="muted">\u2026</span>`}</p>`}</${Loaded}></section>`;
}

export function Target({ form, set, problem }) {
  const groups = useResource("/groups", { query: { limit: 200 }, kinds: ["group"] });
  const [good, setGood] = useState(form.filter.trim()); // the last filter that can be read
  const byHand = (groups.data?.items ?? []).map((group) => [group.id, group.name || group.id]);
  const ready = form.target === "fleet" || (form.target === "group" ? form.group : good) !== "";
  return html`
    <${TextField} label=${t("rollout.id")} hint=${t("slug.hint")} value=${form.id} onInput=${(id) => set({ id })} error=${problem?.at("/id")}
      autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="48" />
    <${TextField} label=${t("rollout.name")} hint=${t("rollout.name.hint")} value=${form.name} onInput=${(name) => set({ name })}
      error=${problem?.at("/name")} maxlength="100" />
    <${Choices} label=${t("rollout.target.whom")} name="target" value=${form.target} onInput=${(target) => set({ target })}
      options=${TARGETS.map((target) => [target, t(`wizard.target.${target}`), t(`wizard.target.${target}.what`)])} />
    ${form.target === "group" && html`<${Missed} state=${groups} what=${t("part.groups")} /><${SelectField} label=${t("group")} value=${form.group} onInput=${(group) => set({ group })}
      options=${[["", t("wizard.group.choose")], ...byHand]} error=${problem?.at("/group")} />`}
    ${form.target === "filter" && html`<${FilterField} value=${form.filter} use="group" hint=${t("filter.hint")}
      onInput=${(filter) => set({ filter })} onGood=${setGood} error=${problem?.at("/filter")} />`}
    ${ready && html`<${Reached} target=${form.target} group=${form.group} filter=${form.target === "filter" ? good : ""} />`}`;
}

function PatchRow({ spec, value, now, error, onInput, onDrop }) {
  const out = value === null;
  return html`<div class="layer-row">
    <${Field} label=${settingName(spec.name)} hint=${out ? undefined : settingHint(spec)} error=${error}>${(attributes) => html`
      ${out ? html`<input class="input short" disabled value=${t("patch.taken_out")} ...${attributes} />`
        : html`<${SettingControl} spec=${spec} value=${value} onInput=${onInput} attributes=${attributes} />`}
      <span class="sub">${now === undefined ? t("wizard.change.unset") : html`${t("wizard.change.now")} <${SettingValue} spec=${spec} value=${now} />`}</span>
      ${now !== undefined && html`<label class="tick"><input type="checkbox" checked=${out} onChange=${(event) => onInput(event.target.checked ? null : now)} />
        ${t("wizard.change.take_out")}</label>`}`}</${Field}>
    <${IconButton} icon="trash" label=${t("wizard.change.drop", { name: settingName(spec.name) })} onClick=${onDrop} />
  </div>`;
}

// The first complaint about a setting, wherever inside it.
function complaint(problem, name) {
  const error = problem?.errors.find(({ pointer = "" }) => (`${pointer.replace(/^#/, "")}/`).startsWith(`/patch/${name}/`));
  return error && problem.at(error.pointer.replace(/^#/, ""));
}

// What the layer says today; of a filter the layer of its group, when there is one already.
export function useLayer(form) {
  const groups = useResource("/groups", { query: { limit: 200 } }).data?.items;
  const group = form.target === "filter" ? groups?.find((one) => one.filter === form.filter.trim())?.id : null;
  const path = layerPath(form, group);
  const state = useLoad(async () => (path ? (await get(path)).data.settings : {}), { kinds: ["layer"], deps: [path] });
  return state.data;
}

// The signed file that mynactl manifest sign wrote: chosen, or pasted.
function Software({ form, set, problem }) {
  const found = readManifest(form.manifest);
  const error = problem?.at("/manifest") || problem?.at("/manifest/signature") || problem?.at("/manifest/document");
  const take = async (event) => set({ manifest: (await event.target.files[0]?.text()) ?? "" });
  return html`<p class="muted">${t("wizard.software.lead")}</p>
    <${Field} label=${t("wizard.software.file")}>${(attributes) => html`<input type="file" class="input" accept=".json,application/json" ...${attributes} onChange=${take} />`}</${Field}>
    <${Field} label=${t("wizard.software.text")} hint=${t("wizard.software.hint")} error=${error || (form.manifest.trim() && !found ? t("wizard.software.none") : "")}>${(attributes) => html`
      <textarea class="input" rows="6" spellcheck="false" ...${attributes} value=${form.manifest} onInput=${(event) => set({ manifest: event.target.value })}></textarea>`}</${Field}>
    ${found && html`<${SoftwareFacts} manifest=${found.envelope} />`}`;
}

function Key({ form, set, problem }) {
  const vendors = useResource("/vendors", { query: { limit: 200 }, kinds: ["vendor"] });
  const key = useLoad(async () => (form.key ? (await get(`/vendors/${form.key}/key`)).data : null), { kinds: ["vendor"], deps: [form.key] });
  return html`<p class="muted">${t("wizard.key.lead")}</p><${Missed} state=${vendors} what=${t("nav.vendors")} />
    <${SelectField} label=${t("wizard.key.vendor")} value=${form.key} onInput=${(vendor) => set({ key: vendor })} error=${problem?.at("/key")}
      options=${[["", t("wizard.key.choose")], ...(vendors.data?.items ?? []).map(({ id, name }) => [id, name || id])]} />
    ${form.key && key.data && !key.data.next && html`<p class="error" role="alert">${t("wizard.key.none")} <a href="/vendors/${form.key}">${t("wizard.key.give")}</a></p>`}`;
}

const KINDS = { settings: Settings, software: Software, key: Key };

export function Change(props) {
  const { form, set } = props;
  const View = KINDS[form.what];
  return html`<${Choices} label=${t("wizard.what")} name="what" value=${form.what} onInput=${(what) => set({ what })}
      options=${Object.keys(KINDS).map((what) => [what, t(`wizard.what.${what}`), t(`wizard.what.${what}.sub`)])} />
    <${View} ...${props} />`;
}

function Settings({ form, set, problem, catalogue }) {
  const layer = useLayer(form);
  if (!catalogue || !layer) return html`<${Skeleton} lines=${6} />`;
  const specs = [...catalogue.values()];
  const put = (name, value) => set((old) => ({ patch: { ...old.patch, [name]: value } }));
  const drop = (name) => set((old) => ({ patch: Object.fromEntries(Object.entries(old.patch).filter(([other]) => other !== name)) }));
  const chosen = specs.filter((spec) => spec.name in form.patch);
  return html`
    <p class="muted">${t("wizard.change.lead")}</p>
    ${chosen.length === 0 && html`<${Empty} icon="config" title=${t("wizard.change.none")} />`}
    ${chosen.map((spec) => html`<${PatchRow} key=${spec.name} spec=${spec} value=${form.patch[spec.name]} now=${layer[spec.name]}
      error=${complaint(problem, spec.name)} onInput=${(value) => put(spec.name, value)} onDrop=${() => drop(spec.name)} />`)}
    <p class="add-setting"><${AddSetting} specs=${specs.filter((spec) => !(spec.name in form.patch))}
      onAdd=${(name) => put(name, layer[name] ?? blankSetting(catalogue.get(name)))} /></p>
    ${problem?.at("/patch") && chosen.length > 0 && html`<p class="error" role="alert">${problem.at("/patch")}</p>`}
    ${chosen.length > 0 && html`<h3>${t("wizard.change.diff")}</h3><${Patch} patch=${form.patch} layer=${layer} catalogue=${catalogue} />`}`;
}

// As typed: a share without its sign, empty where there is no bound.
const typed = (wave) => ({ share: wave.share.replace(/%$/, ""), at_least: wave.at_least ? String(wave.at_least) : "", at_most: wave.at_most ? String(wave.at_most) : "" });

function WaveRow({ index, row, planned, total, problem, change, drop }) {
  const at = (member) => problem?.at(`/plan/waves/${index}/${member}`);
  const input = (member, label) => html`<td data-label=${label}><input class="input" inputmode="decimal" aria-label=${t("wizard.wave.field", { n: index + 1, field: label })}
    value=${row[member]} aria-invalid=${at(member) ? "true" : undefined} onInput=${(event) => change({ ...row, [member]: event.target.value })} />
    ${at(member) && html`<p class="error" role="alert">${at(member)}</p>`}</td>`;
  return html`<tr><th scope="row">${number(index + 1)}</th>
    ${input("share", t("wizard.wave.share"))}${input("at_least", t("wizard.wave.at_least"))}${input("at_most", t("wizard.wave.at_most"))}
    <td class="end" data-label=${t("fleet.robots")}>${planned ? html`<b>${number(planned)}</b>` : html`<span class="muted">${t("wizard.wave.nobody")}</span>`}</td>
    <td class="end" data-label=${t("wizard.wave.so_far")}>${planned ? number(total) : NONE}</td>
    <td class="end">${drop && html`<${IconButton} icon="trash" label=${t("wizard.wave.drop", { n: index + 1 })} onClick=${drop} />`}</td></tr>`;
}

// The robots of each wave, by its share: waves that would open nobody are not in the answer.
function sizes(rows, preview) {
  let total = 0;
  return rows.map((row) => {
    const found = preview?.waves.find((wave) => !wave.control && parseFloat(wave.share) === parseFloat(row.share));
    total += found?.planned ?? 0;
    return { planned: found?.planned ?? 0, total };
  });
}

export function Waves({ form, set, problem, preview }) {
  const rows = form.waves ?? preview?.plan.waves.map(typed);
  const [first, setFirst] = useState(null); // the server's own, to go back to
  useEffect(() => {
    if (preview && form.waves === null) setFirst(preview.plan.waves.map(typed));
  }, [preview]);
  if (!rows) return html`<${Empty} icon="config" title=${t("wizard.waves.later")} />`;
  const planned = sizes(rows, preview);
  const control = preview?.waves.find((wave) => wave.control);
  const defaults = preview?.plan;
  const put = (waves) => set({ waves });
  return html`
    <p class="muted">${t("wizard.waves.lead")}</p>
    ${problem?.at("/plan/waves") && html`<p class="error" role="alert">${problem.at("/plan/waves")}</p>`}
    <table class="table wave-rows" aria-label=${t("rollout.waves")}><thead><tr><th scope="col">${t("rollout.wave.n")}</th><th scope="col">${t("wizard.wave.share")}</th>
      <th scope="col">${t("wizard.wave.at_least")}</th><th scope="col">${t("wizard.wave.at_most")}</th><th scope="col" class="end">${t("fleet.robots")}</th>
      <th scope="col" class="end">${t("wizard.wave.so_far")}</th><th scope="col"><span class="unseen">${t("actions")}</span></th></tr></thead>
      <tbody>${rows.map((row, i) => html`<${WaveRow} key=${i} index=${i} row=${row} ...${planned[i]} problem=${problem}
        change=${(next) => put(rows.map((old, at) => (at === i ? next : old)))} drop=${rows.length > 1 && (() => put(rows.filter((_, at) => at !== i)))} />`)}
      ${control && html`<tr><th scope="row" colspan="4">${t("wizard.control")}</th><td class="end" data-label=${t("fleet.robots")}><b>${number(control.planned)}</b></td>
        <td class="end" data-label=${t("wizard.wave.so_far")}>${number(preview.devices)}</td><td></td></tr>`}</tbody></table>
    <div class="row wave-tools"><${Button} kind="quiet" icon="plus" disabled=${rows.length >= 16} onClick=${() => put([...rows.slice(0, -1),
        { share: "", at_least: "", at_most: "" }, rows[rows.length - 1]])}>${t("wizard.wave.add")}</${Button}>
      ${form.waves && first && html`<${Button} kind="quiet" icon="restart" onClick=${() => put(null)}>${t("wizard.waves.usual")}</${Button}>`}</div>
    ${preview && html`<div class="waves" aria-hidden="true">${preview.waves.map((wave) => html`<div key=${wave.wave}
      style=${{ flexGrow: Math.max(wave.planned, preview.devices / 20) }}><${WaveBar} counts=${wave.control ? { waiting: wave.planned } : { opened: wave.planned }} /></div>`)}</div>`}
    <div class="pair"><${TextField} label=${t("wizard.control.share")} hint=${t("wizard.control.hint")} inputmode="decimal" value=${form.control.share}
        placeholder=${defaults?.control?.share} onInput=${(share) => set({ control: { ...form.control, share } })} error=${problem?.at("/plan/control/share") || problem?.at("/plan/control")} />
      <${TextField} label=${t("wizard.control.at_least")} inputmode="numeric" value=${form.control.at_least} placeholder=${defaults?.control?.at_least}
        onInput=${(at_least) => set({ control: { ...form.control, at_least } })} error=${problem?.at("/plan/control/at_least")} /></div>
    <div class="pair"><${TextField} label=${t("wizard.rate")} hint=${t("wizard.rate.hint")} inputmode="numeric" value=${form.rate} placeholder=${defaults?.rate_per_minute}
        onInput=${(rate) => set({ rate })} error=${problem?.at("/plan/rate_per_minute")} />
      <${TextField} label=${t("wizard.ramp.from")} hint=${t("wizard.ramp.hint")} inputmode="numeric" value=${form.ramp.from}
        onInput=${(from) => set({ ramp: { ...form.ramp, from } })} error=${problem?.at("/plan/ramp/from") || problem?.at("/plan/ramp")} />
      ${form.ramp.from !== "" && html`<${TextField} label=${t("wizard.ramp.percent")} inputmode="numeric" value=${form.ramp.percent} placeholder="200"
        onInput=${(percent) => set({ ramp: { ...form.ramp, percent } })} error=${problem?.at("/plan/ramp/percent")} />`}</div>`;
}
