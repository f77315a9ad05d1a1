// bulk.js - one thing done to every robot of a list: whom it means before, and the job that does it

import { html, useEffect, useState } from "../../dom.js";
import { post, request, useResource } from "../../api.js";
import { Dialog } from "../../components/dialog.js";
import { Field, SelectField, TextField } from "../../components/field.js";
import { blankSetting, misfitOf, SettingControl, settingHint, settingName, SettingValue, useCatalogue } from "../../components/setting.js";
import { Failure, Missed, Skeleton } from "../../components/states.js";
import { Button } from "../../components/ui.js";
import { number } from "../../format.js";
import { may } from "../../session.js";
import { t } from "../../text.js";
import { Job } from "./job.js";

const PAUSE_MS = 300; // of who types, before it is looked at

const COMMANDS = [["identify", "support"], ["report", "support"], ["restart", "operator"], ["say", "operator"]];

// What is asked for with each, and the role and area that it needs. isSure: it is asked for twice.
const DEEDS = [
  { name: "label", role: "operator", takes: "label" },
  { name: "region", role: "operator", takes: "region" },
  { name: "set", role: "operator", area: "layers", takes: "setting" },
  { name: "join", role: "operator", area: "groups", takes: "group" },
  { name: "leave", role: "operator", area: "groups", takes: "group" },
  ...COMMANDS.map(([name, role]) => ({ name, role, isCommand: true, isSure: name === "restart", takes: name === "say" ? "text" : "" })),
  { name: "quarantine", role: "operator", isSure: true, takes: "reason" },
  { name: "release", role: "operator" },
  { name: "retire", role: "admin", isSure: true },
  { name: "revoke", role: "admin", isSure: true },
];

// What the server is asked to do; null while something is missing.
function orderOf(deed, { key, value, region, setting, group, reason, text }, which) {
  const parts = {
    label: key.trim() && { labels: { [key.trim()]: value.trim() } },
    region: region.trim() && { region: region.trim() },
    setting: setting && !misfitOf(setting.spec, setting.value) && { settings: { [setting.spec.name]: setting.value } },
    group: group && { group },
    reason: reason.trim() && { reason: reason.trim() },
    text: text.trim() && { text: text.trim() },
  };
  const part = deed.takes ? parts[deed.takes] : {};
  return part ? { deed: deed.name, ...part, which } : null;
}

// Whom the order would mean, a moment after it was last changed. {preview, problem, isFresh}.
function usePreview(order) {
  const [state, setState] = useState({});
  const wanted = JSON.stringify(order);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => request("POST", "/jobs/preview", { body: order, once: false, signal: abort.signal })
      .then(({ data }) => setState({ preview: data, of: wanted }), (problem) => abort.signal.aborted || setState({ problem, of: wanted })), state.of ? PAUSE_MS : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [wanted]);
  return { ...state, isFresh: state.of === wanted };
}

const becomes = (before, after) => html`<span class="muted">${before || t("diff.unset")}</span> \u2192 ${after || t("diff.unset")}`;
const shown = (spec, value) => value !== null && value !== undefined && html`<${SettingValue} spec=${spec} value=${value} />`;

function remark(deed, { key, value, region, setting }, { effect, online, status, before }) {
  if (effect === "refused") return t(`state.${status}`);
  if (effect === "unchanged") return t("bulk.has_it");
  if (deed.takes === "label") return becomes(before?.[key.trim()], value.trim());
  if (deed.takes === "region") return becomes(before?.region, region.trim());
  if (deed.takes === "setting") return becomes(shown(setting.spec, before?.[setting.spec.name]), shown(setting.spec, setting.value));
  return t(!deed.isCommand ? "bulk.it_happens" : online ? "bulk.hears" : "bulk.offline");
}

// How many it happens to, and those first to which nothing happens.
function Effects({ preview, deed, asked }) {
  const { robots, changes, unchanged, refused, offline, first } = preview;
  const said = [["bulk.changes", changes, true], ["bulk.idle.has", unchanged], ["bulk.idle.refused", refused], ["bulk.idle.offline", deed.isCommand ? offline : 0]];
  return html`<p role="status">${said.filter(([, n, always]) => n > 0 || always).map(([key, n]) => t(key, { n })).join(" ")}</p>
    <details><summary>${t("bulk.list")}</summary>
      <dl class="diffs failed">${first.map((robot) => html`<div key=${robot.id}><dt><a href="/robots/${robot.id}" target="_blank">${robot.name || robot.id}</a></dt>
        <dd>${remark(deed, asked, robot)}</dd></div>`)}</dl>
      ${robots > first.length && html`<p class="muted">${t("bulk.more", { n: robots - first.length })}</p>`}</details>`;
}

// Any text; those that have borders are offered.
function Region({ value, onInput }) {
  const regions = useResource("/regions").data?.items ?? [];
  return html`<${TextField} label=${t("region")} value=${value} onInput=${onInput} list="bulk-regions" maxlength="48" autocomplete="off" spellcheck="false" />
    <datalist id="bulk-regions">${regions.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}</datalist>`;
}

// asked: {spec, value}, null before one is chosen; value null: none of their own any more.
function Setting({ asked, onInput }) {
  const [catalogue, known] = useCatalogue();
  const specs = [...(catalogue?.values() ?? [])];
  const choose = (name) => {
    const spec = specs.find((one) => one.name === name);
    onInput(spec ? { spec, value: blankSetting(spec) } : null);
  };
  const isOut = asked?.value === null;
  return html`<${Missed} state=${known} what=${t("settings.known")} /><${SelectField} label=${t("bulk.setting")} hint=${t("bulk.setting.own")} value=${asked?.spec.name ?? ""} onInput=${choose}
      options=${[["", t("bulk.setting.choose")], ...specs.map(({ name }) => [name, settingName(name)])]} />
    ${asked && html`
      ${!isOut && html`<${Field} label=${settingName(asked.spec.name)} hint=${settingHint(asked.spec)} error=${misfitOf(asked.spec, asked.value)}>${(attributes) => html`
        <${SettingControl} spec=${asked.spec} value=${asked.value} attributes=${attributes} onInput=${(value) => onInput({ ...asked, value: value ?? NaN })} />`}</${Field}>`}
      <label class="tick"><input type="checkbox" checked=${isOut} onChange=${() => onInput({ ...asked, value: isOut ? blankSetting(asked.spec) : null })} /> ${t("bulk.setting.out")}</label>`}`;
}

function Asked({ deed, asked, set }) {
  const listed = useResource("/groups", { query: { limit: 200 } });
  const groups = (listed.data?.items || []).filter(({ filter }) => !filter);
  if (deed.takes === "label") {
    return html`<${TextField} label=${t("bulk.label.name")} value=${asked.key} onInput=${set("key")} />
      <${TextField} label=${t("bulk.label.value")} hint=${t("bulk.label.hint")} value=${asked.value} onInput=${set("value")} />`;
  }
  if (deed.takes === "region") return html`<${Region} value=${asked.region} onInput=${set("region")} />`;
  if (deed.takes === "setting") return html`<${Setting} asked=${asked.setting} onInput=${set("setting")} />`;
  if (deed.takes === "group") {
    return html`<${Missed} state=${listed} what=${t("part.groups")} /><${SelectField} label=${t("group")} value=${asked.group} onInput=${set("group")}
      options=${[["", t(`bulk.choose.${deed.name}`)], ...groups.map(({ id, name }) => [id, name || id])]} />`;
  }
  if (deed.takes === "reason") return html`<${TextField} label=${t("bulk.reason")} maxlength="200" value=${asked.reason} onInput=${set("reason")} />`;
  if (deed.takes === "text") return html`<${TextField} label=${t("bulk.text")} hint=${t("bulk.text.hint")} value=${asked.text} onInput=${set("text")} />`;
  return null;
}

// query: of the list, an empty one is the fleet; chosen: robots of it, by id, instead. onBegun(id).
function Form({ query, chosen, onBegun, onClose }) {
  const deeds = DEEDS.filter(({ role, area }) => may(role, area));
  const [asked, setAsked] = useState({ deed: deeds[0].name, key: "", value: "", region: "", setting: null, group: "", reason: "", text: "" });
  const [sure, setSure] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState(null);
  const narrowed = Object.fromEntries(Object.entries(query).filter(([, value]) => value));
  const which = chosen.length > 0 ? { devices: chosen } : Object.keys(narrowed).length > 0 ? narrowed : { all: true };
  const deed = deeds.find(({ name }) => name === asked.deed);
  const order = orderOf(deed, asked, which);
  const { preview, problem, isFresh } = usePreview(order ?? { deed: "identify", which });
  const set = (name) => (value) => setAsked((old) => ({ ...old, [name]: value }));
  const setDeed = (name) => {
    setSure(false);
    set("deed")(name);
  };
  const begin = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      onBegun((await post("/jobs", order)).data.id);
    } catch (error) {
      setRefusal(error);
      setBusy(false);
    }
  };
  const names = preview?.first.slice(0, 5).map(({ id, name }) => name || id).join(", ");
  const isReady = order && isFresh && preview?.robots > 0 && (!deed.isSure || sure);

  if (!preview && !problem) return html`<${Skeleton} lines=${4} />`;
  return html`<form onSubmit=${begin} novalidate>
    ${preview && html`<p><b>${t("robots.n", { n: preview.robots })}</b>
      <span class="muted"> ${names}${preview.robots > 5 ? " \u2026" : ""}</span></p>`}
    <${SelectField} label=${t("bulk.deed")} value=${asked.deed} onInput=${setDeed}
      options=${deeds.map(({ name }) => [name, t(`bulk.deed.${name}`)])} />
    <${Asked} deed=${deed} asked=${asked} set=${set} />
    ${deed.isSure && preview && html`<label class="row tight"><input type="checkbox" checked=${sure}
      onChange=${(event) => setSure(event.target.checked)} /> ${t(`bulk.sure.${deed.name}`, { n: preview.robots })}</label>`}
    ${order && preview && html`<${Effects} preview=${preview} deed=${deed} asked=${asked} />`}
    ${(refusal || problem) && html`<${Failure} problem=${refusal || problem} />`}
    <footer class="row end"><${Button} onClick=${onClose}>${t("cancel")}</${Button}>
      <${Button} kind="primary" type="submit" busy=${busy} disabled=${!isReady}>${t("bulk.do", { n: preview?.robots ?? number(0) })}</${Button}></footer>
  </form>`;
}

// job: the number of one that runs or ran; without it, a new one is asked for.
export function BulkDialog({ query, chosen, job, onBegun, onClose }) {
  const title = job ? "bulk.job" : chosen.length > 0 ? "bulk.chosen.title" : "bulk.title";
  return html`<${Dialog} title=${t(title, { job, n: chosen.length })} onClose=${onClose}>
    ${job ? html`<${Job} id=${job} onClose=${onClose} />` : html`<${Form} query=${query} chosen=${chosen} onBegun=${onBegun} onClose=${onClose} />`}
  </${Dialog}>`;
}
