// apikeys.js - keys of programs, everybody's or one's own: making them, and making them worthless

import { html, useState } from "../dom.js";
import { post, remove } from "../api.js";
import { may } from "../session.js";
import { t, word } from "../text.js";
import { Areas, Bound } from "./bounds.js";
import { Dialog, FormDialog, TypedConfirm } from "./dialog.js";
import { SelectField, TextField } from "./field.js";
import { Bounds } from "./rights.js";
import { Empty } from "./states.js";
import { ListTable } from "./table.js";
import { Ago, Button, Card, Chip, Copy } from "./ui.js";

const DAY_S = 86400;

// What narrows a key down below its role: {may, groups, vendors}, each null where it does not.
function Scope({ scope, onInput, problem }) {
  const [kind, setKind] = useState("role");
  const set = (part) => onInput({ ...scope, ...part });
  const choose = (chosen) => {
    setKind(chosen);
    set({ may: chosen === "role" ? null : chosen === "reads" ? { "*": "viewer" } : {} });
  };
  return html`<${SelectField} label=${t("key.scope")} hint=${t("key.scope.hint")} value=${kind} onInput=${choose}
      options=${["role", "reads", "areas"].map((id) => [id, t(`key.scope.${id}`)])} />
    ${kind === "areas" && html`<${Areas} may=${scope.may} onInput=${(may) => set({ may })} problem=${problem} pointer="/scope/may" />`}
    <${Bound} label=${t("roles.groups")} all=${t("roles.groups.all")} path="/groups" chosen=${scope.groups} onInput=${(groups) => set({ groups })}
      error=${problem?.at("/scope/groups")} />
    <${Bound} label=${t("roles.vendors")} all=${t("roles.vendors.all")} path="/vendors" chosen=${scope.vendors} onInput=${(vendors) => set({ vendors })}
      error=${problem?.at("/scope/vendors")} />`;
}

function Make({ path, options, onClose }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState(options.some(([id]) => id === "viewer") ? "viewer" : options[0][0]);
  const [days, setDays] = useState("90");
  const [scope, setScope] = useState({ may: null, groups: null, vendors: null });
  const [made, setMade] = useState(null);
  const submit = async () => {
    const { data } = await post(path, { name, role, expires_in_s: Number(days) * DAY_S,
      scope: Object.fromEntries(Object.entries(scope).filter(([, part]) => part !== null)) });
    setMade(data);
    return false;
  };
  if (made) {
    return html`<${Dialog} title=${t("key.ready")} onClose=${onClose}><p>${t("key.once")}</p>
      <pre class="code wrap">${made.key}</pre>
      <footer class="row end"><${Copy} text=${made.key} /><${Button} kind="primary" onClick=${onClose}>${t("close")}</${Button}></footer>
    </${Dialog}>`;
  }
  return html`<${FormDialog} title=${t("key.new")} action=${t("key.make")} submit=${submit} onClose=${onClose}>${(problem) => html`
    <${TextField} label=${t("key.name")} hint=${t("key.name.hint")} value=${name} onInput=${setName} error=${problem?.at("/name")} />
    <${SelectField} label=${t("role")} value=${role} onInput=${setRole} options=${options} error=${problem?.at("/role")} />
    <${Scope} scope=${scope} onInput=${setScope} problem=${problem} />
    <${SelectField} label=${t("key.life")} value=${days} onInput=${setDays} error=${problem?.at("/expires_in_s")}
      options=${["7", "30", "90", "365"].map((n) => [n, t("days", { n })])} />`}
  </${FormDialog}>`;
}

const columns = (hasOwners, end) => [
  { key: "name", title: t("key.name"), lead: true, cell: (row) => html`<b>${row.name}</b>` },
  { key: "role", title: t("role"), whole: true, cell: (row) => html`${word("role", row.role)}${row.scope && html`<${Bounds} of=${row.scope} />`}` },
  hasOwners && { key: "owner", title: t("key.owner"), cell: (row) => row.owner ?? row.created_by },
  { key: "last", title: t("key.last"), end: true, cell: (row) => {
    const used = html`<${Ago} at=${row.last_used_at} none=${t("never")} />`;
    return may("operator", "audit") ? html`<a href=${`/audit?actor=${encodeURIComponent(`api-key:${row.id}`)}`}>${used}</a>` : used;
  } },
  { key: "until", title: t("expires"), end: true, cell: (row) => (row.revoked_at ? html`<${Chip} tone="bad">${t("key.revoked")}</${Chip}>`
    : new Date(row.expires_at) < new Date() ? html`<${Chip} tone="warn">${t("key.expired")}</${Chip}>`
    : row.stopped ? html`<${Chip} tone="bad">${t(`key.stopped.${row.stopped}`)}</${Chip}>` : html`<${Ago} at=${row.expires_at} />`) },
  { key: "act", title: "", end: true, width: "120px", cell: (row) => !row.revoked_at && html`<${Button} kind="quiet danger"
    onClick=${() => end(row)}>${t("key.revoke")}</${Button}>` },
].filter(Boolean);

// list: of path; options: the roles that a key may have.
export function ApiKeys({ list, path, options, hasOwners = false }) {
  const [isNew, setIsNew] = useState(false);
  const [ended, setEnded] = useState(null);
  const close = () => {
    setIsNew(false);
    setEnded(null);
    list.reload();
  };
  return html`<${Card} title=${t("keys")} flush actions=${html`<a class="button quiet" href="/api/v1/reference" target="_blank" rel="noopener">${t("nav.reference")}</a>
      <${Button} icon="plus" onClick=${() => setIsNew(true)}>${t("key.new")}</${Button}>`}>
    <${ListTable} list=${list} columns=${columns(hasOwners, setEnded)} label=${t("keys")} skeleton=${2}
      empty=${html`<${Empty} icon="access" title=${t("keys.none")} />`} /></${Card}>
    ${isNew && html`<${Make} path=${path} options=${options} onClose=${close} />`}
    ${ended && html`<${TypedConfirm} title=${t("key.revoke")} text=${t("key.revoke.text")} phrase=${ended.name} action=${t("key.revoke")}
      submit=${() => remove(`${path}/${ended.id}`)} onClose=${close} />`}`;
}
