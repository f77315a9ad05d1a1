// config.js - the layers of the fleet and of its groups: what they set, whom they reach, since when

import { html, useEffect, useRef, useState } from "../dom.js";
import { patch, post, put, remove, useList, useResource } from "../api.js";
import { FormDialog, TypedConfirm } from "../components/dialog.js";
import { Field, SelectField, TextField } from "../components/field.js";
import { FilterField } from "../components/filter.js";
import { PageHead } from "../components/page.js";
import { Patch } from "../components/patch.js";
import { AddSetting, blankSetting, misfitOf, SettingControl, settingHint, settingName, SettingValue, useCatalogue } from "../components/setting.js";
import { Empty, Failure, Loaded, Missed } from "../components/states.js";
import { attempt } from "../components/toast.js";
import { Ago, Button, Card, IconButton } from "../components/ui.js";
import { useUnsaved } from "../components/unsaved.js";
import { number } from "../format.js";
import { navigate, useQuery } from "../router.js";
import { may, whoAmI } from "../session.js";
import { t } from "../text.js";

function NewGroup({ onClose }) {
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const [priority, setPriority] = useState("100");
  const [kind, setKind] = useState("hand");
  const [filter, setFilter] = useState("");
  const submit = async () => {
    await post("/groups", { id, name, priority: Number(priority), ...(kind === "filter" && { filter }) });
    navigate(`/config/group/${id}`);
  };
  return html`<${FormDialog} title=${t("group.new")} action=${t("group.make")} submit=${submit} onClose=${onClose} ready=${id !== ""}>
    ${(problem) => html`
    <${TextField} label=${t("group.id")} hint=${t("slug.hint")} value=${id} onInput=${setId} error=${problem?.at("/id")}
      autocomplete="off" spellcheck="false" autofocus />
    <${TextField} label=${t("name")} value=${name} onInput=${setName} error=${problem?.at("/name")} />
    <${TextField} label=${t("group.priority")} hint=${t("group.priority.hint")} type="number" value=${priority}
      onInput=${setPriority} error=${problem?.at("/priority")} />
    <${SelectField} label=${t("group.members")} value=${kind} onInput=${setKind}
      options=${[["hand", t("group.by_hand")], ["filter", t("group.by_filter")]]} />
    ${kind === "filter" && html`<${FilterField} value=${filter} use="group" hint=${t("filter.hint")} onInput=${setFilter}
      error=${problem?.at("/filter")} />`}`}
  </${FormDialog}>`;
}

function EditGroup({ group, onClose }) {
  const [name, setName] = useState(group.name);
  const [priority, setPriority] = useState(String(group.priority));
  const [filter, setFilter] = useState(group.filter);
  const submit = () => patch(`/groups/${group.id}`, { name, priority: Number(priority), ...(group.filter && { filter }) }, `"${group.version}"`);
  const ready = priority.trim() !== "" && (!group.filter || filter.trim() !== "");
  return html`<${FormDialog} title=${t("group.edit", { id: group.id })} action=${t("save")} submit=${submit} onClose=${onClose} ready=${ready}>
    ${(problem) => html`
    <${TextField} label=${t("name")} value=${name} onInput=${setName} error=${problem?.at("/name")} autofocus />
    <${TextField} label=${t("group.priority")} hint=${t("group.priority.hint")} type="number" value=${priority}
      onInput=${setPriority} error=${problem?.at("/priority")} />
    ${group.filter && html`<${FilterField} value=${filter} use="group" hint=${t("filter.hint")} onInput=${setFilter} error=${problem?.at("/filter")} />`}`}
  </${FormDialog}>`;
}

function Layers({ current, groups, onNew }) {
  const entry = (href, text, sub, here) => html`<a key=${href} href=${href} aria-current=${here ? "page" : undefined}>
    <span>${text}</span><span class="sub">${sub}</span></a>`;
  return html`<${Card} title=${t("layers")} actions=${may("operator") && html`<${IconButton} icon="plus"
      label=${t("group.new")} onClick=${onNew} />`}>
    <nav class="side-list" aria-label=${t("layers")}>
      ${entry("/config", t("layer.fleet"), t("layer.fleet.sub"), current === "fleet")}
      ${(groups || []).map((group) => entry(`/config/group/${group.id}`, group.name || group.id,
        t("layer.group.sub", { priority: group.priority }), current === `group/${group.id}`))}
    </nav>
  </${Card}>`;
}

function SettingRow({ spec, value, error, editable, onInput, onDrop }) {
  return html`<div class="layer-row">
    <${Field} label=${settingName(spec.name)} hint=${settingHint(spec)} error=${error}>${(attributes) =>
      (editable ? html`<${SettingControl} spec=${spec} value=${value} onInput=${onInput} attributes=${attributes} />`
        : html`<div ...${attributes}><${SettingValue} spec=${spec} value=${value} /></div>`)}</${Field}>
    ${editable && html`<${IconButton} icon="trash" label=${t("setting.drop", { name: settingName(spec.name) })} onClick=${onDrop} />`}
  </div>`;
}

// The same however the members stand: the server orders them its own way.
const text = (settings) => JSON.stringify(Object.entries(settings).sort());

// What makes after of before: null where a setting is taken out.
function patchOf(before, after) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => [name, after[name] ?? null]));
}

// What was typed into layers and is not saved yet, by who and where, for a look at another page in between.
const kept = new Map();

// The layer's settings as a draft; saved whole once its changes were looked at, refused whole when someone
// else was faster. Until it is touched it follows what others do.
function Editor({ path, layer, catalogue, onSaved }) {
  const place = `${whoAmI().id} ${path}`;
  const [base, setBase] = useState(kept.get(place)?.base ?? layer); // what the draft began as
  const [draft, setDraft] = useState(kept.get(place)?.draft ?? layer.settings);
  const [problem, setProblem] = useState(null);
  const [asked, setAsked] = useState(false);
  const [looked, setLooked] = useState(0); // how often what is typed was to be looked at: what is out of bounds is told from then on
  const form = useRef(null);
  useEffect(() => form.current.querySelector('[aria-invalid="true"]')?.focus(), [looked]);
  const editable = may("operator");
  const specs = [...catalogue.values()];
  const dirty = text(draft) !== text(base.settings);
  const outdated = layer.revision > base.revision;

  const begin = (from) => {
    setDraft(from.settings);
    setBase(from);
    setProblem(null);
    setLooked(0);
  };
  const reset = () => begin(layer);
  if (outdated && !dirty) reset();
  if (dirty && editable) kept.set(place, { base, draft });
  else kept.delete(place);
  useUnsaved(dirty && editable);
  const review = (event) => {
    event.preventDefault();
    setLooked(looked + 1);
    setAsked(dirty && set.every((spec) => !misfitOf(spec, draft[spec.name])));
  };
  // what is wrong with it stands at the fields, behind the question
  const save = async () => {
    setProblem(null);
    try {
      const { data } = await put(path, { settings: draft }, `"${base.revision}"`);
      begin(data);
      onSaved(data);
    } catch (error) {
      setProblem(error);
    }
  };
  // asked after the fields, which show what is theirs
  const complaint = () => {
    if (problem?.status === 412 || (!problem && outdated && dirty)) return t("layer.conflict");
    return problem && !problem.placed ? problem.message : "";
  };
  const unset = specs.filter((spec) => !(spec.name in draft));
  const set = specs.filter((spec) => spec.name in draft);
  return html`<form ref=${form} onSubmit=${review} novalidate>
    ${set.length === 0 && html`<${Empty} icon="config" title=${t("layer.empty")}><p class="muted">${t("layer.empty.how")}</p></${Empty}>`}
    ${set.map((spec) => html`<${SettingRow} key=${spec.name} spec=${spec} value=${draft[spec.name]} editable=${editable}
      error=${(looked > 0 && misfitOf(spec, draft[spec.name])) || problem?.at(`/settings/${spec.name}`)} onInput=${(value) => setDraft({ ...draft, [spec.name]: value })}
      onDrop=${() => setDraft(Object.fromEntries(Object.entries(draft).filter(([name]) => name !== spec.name)))} />`)}
    ${editable && html`<footer class="row save-bar">
      <${AddSetting} specs=${unset} onAdd=${(name) => setDraft({ ...draft, [name]: blankSetting(catalogue.get(name)) })} />
      <span class="grow"></span>
      ${complaint() && html`<span class="error" role="alert">${complaint()}</span>`}
      <${Button} disabled=${!dirty && !problem} onClick=${reset}>${t("discard")}</${Button}>
      <${Button} kind="primary" type="submit" disabled=${!dirty}>${t("layer.review")}</${Button}>
    </footer>`}
  </form>
  ${asked && html`<${FormDialog} title=${t("layer.review.title")} action=${t("layer.save", { n: layer.reaches })} submit=${save}
      onClose=${() => setAsked(false)}>${() => html`<${Patch} patch=${patchOf(base.settings, draft)} layer=${base.settings} catalogue=${catalogue} />`}
  </${FormDialog}>`}`;
}

// What one revision says otherwise than another.
function Changes({ path, older, newer, catalogue }) {
  const diff = useResource(`${path}/diff`, { query: { from: older, to: newer } });
  const side = (name, value, sign, said) => value !== null && html`<span class="diff-side">
    <span class="muted" title=${said}>${sign}<span class="unseen">${said}</span></span>
    <${SettingValue} spec=${catalogue.get(name)} value=${value} /></span>`;
  return html`<${Loaded} state=${diff} lines=${2}>${() => html`<dl class="diffs">
    ${diff.data.items.map(({ name, from, to }) => html`<div key=${name}><dt>${settingName(name)}</dt>
      <dd>${side(name, from, "\u2212", t("diff.before"))}${side(name, to, "+", t("diff.now"))}</dd></div>`)}
    ${diff.data.items.length === 0 && html`<div class="muted">${t("diff.none")}</div>`}</dl>`}</${Loaded}>`;
}

function Revision({ path, item, current, catalogue, onRestore }) {
  const [open, setOpen] = useState(false);
  return html`<li><details onToggle=${(event) => setOpen(event.target.open)}>
    <summary><b>${t("revision", { n: item.revision })}</b>
      <span class="muted"> ${item.changed_by}, <${Ago} at=${item.changed_at} />${item.restores !== null
        && `, ${t("revision.restores", { n: item.restores })}`}</span></summary>
    ${open && html`<${Changes} path=${path} older=${item.revision - 1} newer=${item.revision} catalogue=${catalogue} />`}
    ${item.revision !== current && may("operator") && html`<${Button} kind="quiet" icon="restart"
      onClick=${() => onRestore(item.revision)}>${t("revision.restore")}</${Button}>`}
  </details></li>`;
}

// Any two revisions side by side; which stands in the address.
function Comparison({ path, current, catalogue }) {
  const [query, change] = useQuery();
  const chosen = (text, fallback) => (/^\d+$/.test(text ?? "") && Number(text) <= current ? Number(text) : fallback);
  const newer = chosen(query.now, current);
  const older = chosen(query.was, Math.max(0, newer - 1));
  const options = Array.from({ length: current + 1 }, (_, i) => current - i)
    .map((n) => [String(n), n === 0 ? t("revision.none_yet") : t("revision", { n })]);
  return html`<${Card} title=${t("revisions.compare")}>
    <div class="toolbar"><${SelectField} label=${t("versions.older")} value=${String(older)} options=${options}
        onInput=${(was) => change({ was, now: String(newer) })} />
      <${SelectField} label=${t("versions.newer")} value=${String(newer)} options=${options}
        onInput=${(now) => change({ was: String(older), now })} /></div>
    <${Changes} key=${`${older} ${newer}`} path=${path} older=${older} newer=${newer} catalogue=${catalogue} />
  </${Card}>`;
}

function Revisions({ path, layer, etag, catalogue, onChange }) {
  const list = useList(`${path}/revisions`, { kinds: ["layer"], limit: 10 });
  const [wanted, setWanted] = useState(null);
  const submit = async () => {
    await post(`${path}/restore`, { revision: wanted }, etag);
    onChange();
  };
  if (list.error && !list.items) return html`<${Failure} problem=${list.error} retry=${list.reload} />`;
  return html`<ul class="revisions">${(list.items || []).map((item) => html`<${Revision} key=${item.revision} path=${path}
      item=${item} current=${layer.revision} catalogue=${catalogue} onRestore=${setWanted} />`)}
    ${list.items?.length === 0 && html`<li class="muted">${t("revisions.none")}</li>`}</ul>
    ${list.next !== null && html`<${Button} busy=${list.busy} onClick=${list.more}>${t("more")}</${Button}>`}
    ${wanted !== null && html`<${RestoreDialog} path=${path} from=${layer.revision} to=${wanted} reaches=${layer.reaches} catalogue=${catalogue}
      submit=${submit} onClose=${() => setWanted(null)} />`}`;
}

// What would change, before it does.
function RestoreDialog({ path, from, to, reaches, catalogue, submit, onClose }) {
  const diff = useResource(`${path}/diff`, { query: { from, to } });
  const shown = (name, value) => (value === null ? html`<span class="muted">${t("diff.unset")}</span>`
    : html`<${SettingValue} spec=${catalogue.get(name)} value=${value} />`);
  return html`<${FormDialog} title=${t("revision.restore.title", { n: to })} action=${t("revision.restore.do", { n: reaches })}
      submit=${submit} onClose=${onClose} ready=${Boolean(diff.data?.items.length)}>${(problem) => html`
    <${Loaded} state=${diff} lines=${3}>${() => (diff.data.items.length === 0 ? html`<p>${t("diff.none")}</p>`
      : html`<dl class="diffs">${diff.data.items.map(({ name, from: now, to: then }) => html`<div key=${name}>
        <dt>${settingName(name)}</dt><dd>${shown(name, now)} <span class="muted">\u2192</span> ${shown(name, then)}
        ${problem?.at(`/settings/${name}`) && html`<p class="error">${problem.at(`/settings/${name}`)}</p>`}</dd></div>`)}</dl>`)}</${Loaded}>`}
  </${FormDialog}>`;
}

// Who chooses the members: people, or a filter, which then stands above them.
function Members({ group: whole, id: group }) {
  const byFilter = whole?.filter;
  const list = useList(`/groups/${group}/devices`, { kinds: ["group", "device"], gap_ms: 3000, limit: 50 });
  const [robot, setRobot] = useState("");
  const act = async (action) => {
    if (await attempt(action)) list.reload();
  };
  const join = async (event) => {
    event.preventDefault();
    await act(() => put(`/groups/${group}/devices/${robot.trim()}`));
    setRobot("");
  };
  const all = whole && html`<a href=${`/fleet?group=${group}`}>${t("group.all", { n: number(whole.devices) })}</a>`;
  return html`<${Card} title=${t("group.members")} actions=${all}>
    ${byFilter && html`<p><span class="muted">${t("group.filter")}</span> <code>${byFilter}</code></p>`}
    <ul class="plain members">${(list.items || []).map((robot) => html`<li key=${robot.id} class="row spread">
      <a href="/robots/${robot.id}">${robot.name || robot.id}</a>
      ${!byFilter && may("operator") && html`<${IconButton} icon="close" label=${t("groups.remove", { id: robot.id })}
        onClick=${() => act(() => remove(`/groups/${group}/devices/${robot.id}`))} />`}</li>`)}
      ${list.items?.length === 0 && html`<li class="muted">${t("group.no_members")}</li>`}</ul>
    ${list.next !== null && html`<p><${Button} busy=${list.busy} onClick=${list.more}>${t("more")}</${Button}></p>`}
    ${!byFilter && may("operator") && html`<form class="row" onSubmit=${join}>
      <input class="input grow" aria-label=${t("group.add_id")} placeholder=${t("group.add_id")} value=${robot}
        autocomplete="off" spellcheck="false" onInput=${(event) => setRobot(event.target.value)} />
      <${Button} type="submit" disabled=${!robot.trim()}>${t("add")}</${Button}></form>`}
  </${Card}>`;
}

export function Config({ kind, id }) {
  const current = kind ? `${kind}/${id}` : "fleet";
  const path = `/layers/${current}`;
  const groups = useResource("/groups", { query: { limit: 200 }, kinds: ["group"] });
  const state = useResource(path, { kinds: ["layer", "group"], gap_ms: 300 });
  const [catalogue, known] = useCatalogue();
  const [dialog, setDialog] = useState(null);
  const layer = state.data;
  const group = kind === "group" && groups.data?.items.find((item) => item.id === id);
  const title = kind ? group?.name || id : t("layer.fleet");
  const close = () => setDialog(null);

  return html`
    <${PageHead} title=${t("nav.config")} at=${state.at}>${group && may("operator") && html`<${Button} icon="edit" onClick=${() => setDialog("edit")}>${t("group.edit.short")}</${Button}>
      <${Button} kind="danger quiet" onClick=${() => setDialog("drop")}>${t("group.drop")}</${Button}>`}</${PageHead}>
    <div class="split">
      <div class="column"><${Missed} state=${groups} what=${t("part.groups")} /><${Layers} current=${current} groups=${groups.data?.items} onNew=${() => setDialog("new")} />
        ${kind === "group" && html`<${Members} key=${id} id=${id} group=${group} />`}</div>
      <div class="column">
        <${Card} title=${title} actions=${layer && html`<span class="muted">${layer.revision
            ? t("layer.state", { revision: layer.revision, by: layer.changed_by }) : t("layer.unset")}</span>
            <a href=${kind === "group" ? `/fleet?group=${id}` : "/fleet"}>${t("layer.reaches", { n: number(layer.reaches) })}</a>`}>
          <${Missed} state=${known} what=${t("settings.known")} />
          <${Loaded} state=${state} lines=${8}>${() => catalogue && html`<${Editor} key=${path} path=${path} layer=${layer}
            catalogue=${catalogue} onSaved=${state.reload} />`}</${Loaded}>
        </${Card}>
        ${layer && catalogue && html`<${Card} title=${t("revisions")}><${Revisions} key=${path} path=${path} layer=${layer}
          etag=${state.etag} catalogue=${catalogue} onChange=${state.reload} /></${Card}>
          ${layer.revision > 0 && html`<${Comparison} key=${`two ${path}`} path=${path} current=${layer.revision} catalogue=${catalogue} />`}`}
      </div>
    </div>
    ${dialog === "new" && html`<${NewGroup} onClose=${close} />`}
    ${dialog === "edit" && html`<${EditGroup} group=${group} onClose=${close} />`}
    ${dialog === "drop" && html`<${TypedConfirm} title=${t("group.drop")} text=${t("group.drop.text")} phrase=${id}
      action=${t("group.drop")} onClose=${close} submit=${async () => {
        await remove(`/groups/${id}`);
        navigate("/config");
      }} />`}`;
}
