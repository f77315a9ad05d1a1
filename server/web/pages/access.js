// access.js - the people and programs that may use this installation

import { html, useState } from "../dom.js";
import { patch, post, Problem, remove, useList } from "../api.js";
import { ApiKeys } from "../components/apikeys.js";
import { Confirm, FormDialog, TypedConfirm } from "../components/dialog.js";
import { SelectField, TextField } from "../components/field.js";
import { PageHead } from "../components/page.js";
import { Bounds, roleOptions } from "../components/rights.js";
import { Failure } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Ago, Button, Card, Chip } from "../components/ui.js";
import { number } from "../format.js";
import { isAdmin, whoAmI } from "../session.js";
import { OwnKeys } from "./access/keys.js";
import { RoleDialog } from "./access/role.js";
import { t, word } from "../text.js";

function OperatorDialog({ operator, roles, onClose }) {
  const [id, setId] = useState("");
  const [role, setRole] = useState(operator?.role || "viewer");
  const [password, setPassword] = useState("");
  const submit = () => {
    const body = { role, ...(password && { password }) };
    return operator ? patch(`/operators/${operator.id}`, body, operator.version && `"${operator.version}"`)
      : post("/operators", { ...body, id });
  };
  return html`<${FormDialog} title=${operator ? t("operator.edit", { id: operator.id }) : t("operator.new")} action=${t("save")}
      submit=${submit} onClose=${onClose}>${(problem) => html`
    ${!operator && html`<${TextField} label=${t("sign_in.name")} hint=${t("slug.hint")} value=${id} onInput=${setId}
      error=${problem?.at("/id")} autocomplete="off" spellcheck="false" />`}
    <${SelectField} label=${t("role")} value=${role} onInput=${setRole} options=${roleOptions(roles)} error=${problem?.at("/role")} />
    <${TextField} label=${t(operator ? "operator.new_password" : "sign_in.password")} type="password" value=${password}
      onInput=${setPassword} error=${problem?.at("/password")} autocomplete="new-password"
      hint=${operator ? t("operator.keep_password") : ""} />`}
  </${FormDialog}>`;
}

// Shut, nobody comes in under this name; role and keys wait for it to be opened again.
function Door({ operator, onClose }) {
  const { id, version, disabled_at: shut } = operator;
  return html`<${Confirm} title=${t(shut ? "operator.enable.title" : "operator.disable.title", { id })} text=${t(shut ? "operator.enable.text" : "operator.disable.text")}
    action=${t(shut ? "operator.enable" : "operator.disable")} submit=${() => patch(`/operators/${id}`, { disabled: !shut }, `"${version}"`)} onClose=${onClose} />`;
}

const operatorColumns = (open) => [
  { key: "id", title: t("operator"), lead: true, cell: (row) => html`<b>${row.id}</b>
    ${row.id === whoAmI().id && html` <${Chip}>${t("you")}</${Chip}>`}
    ${row.disabled_at && html` <${Chip} tone="bad">${t("operator.disabled")}</${Chip}>`}
    ${row.second_factor_since && html` <${Chip} tone="ok">${t("factor.short")}</${Chip}>`}` },
  { key: "role", title: t("role"), cell: (row) => word("role", row.role) },
  { key: "since", title: t("since"), end: true, from: "mid", cell: (row) => html`<${Ago} at=${row.created_at} />` },
  { key: "last", title: t("operator.last"), end: true, cell: (row) => html`<a href=${`/audit?actor=${encodeURIComponent(`operator:${row.id}`)}`}><${Ago} at=${row.last_login} none=${t("never")} /></a>` },
  { key: "act", title: "", end: true, width: "max(280px, 40vw - 220px)", cell: (row) => html`<span class="row end">
    ${row.second_factor_since && row.id !== whoAmI().id && html`<${Button} kind="quiet" onClick=${() => open({ kind: "reset-factor", row })}>${t("factor.reset")}</${Button}>`}
    <${Button} kind="quiet" onClick=${() => open({ kind: "operator", row })}>${t("edit")}</${Button}>
    ${row.id !== whoAmI().id && html`<${Button} kind="quiet" onClick=${() => open({ kind: "door", row })}>${t(row.disabled_at ? "operator.enable" : "operator.disable")}</${Button}>`}
    ${row.id !== whoAmI().id && html`<${Button} kind="quiet danger" onClick=${() => open({ kind: "drop-operator", row })}>${t("remove")}</${Button}>`}
  </span>` },
];

const roleColumns = (open) => [
  { key: "id", title: t("role"), lead: true, cell: (row) => html`<b>${word("role", row.id)}</b>
    ${row.second_factor && html` <${Chip}>${t("roles.asks_factor")}</${Chip}>`}${row.note && html`<span class="sub">${row.note}</span>`}` },
  { key: "may", title: t("roles.may"), width: "40%", whole: true, cell: (row) => (row.own ? html`<${Bounds} of=${row} />` : t(`roles.may.${row.id}`)) },
  { key: "holders", title: t("roles.holders"), end: true, from: "mid", width: "90px", cell: (row) => (row.holders > 0 ? html`<a href="#operators">${number(row.holders)}</a>` : number(0)) },
  { key: "act", title: "", end: true, width: "190px", cell: (row) => html`<span class="row end">
    <${Button} kind="quiet" onClick=${() => open({ kind: "role", row })}>${t("edit")}</${Button}>
    ${row.own && row.holders === 0 && html`<${Button} kind="quiet danger" onClick=${() => open({ kind: "drop-role", row })}>${t("remove")}</${Button}>`}
  </span>` },
];

const DROPS = {
  "drop-role": (row) => ({ title: t("roles.drop"), text: t("roles.drop.text"), phrase: row.id, action: t("remove"), path: `/roles/${row.id}` }),
  "reset-factor": (row) => ({ title: t("factor.reset"), text: t("factor.reset.text"), phrase: row.id, action: t("factor.reset"), path: `/operators/${row.id}/second-factor` }),
  "drop-operator": (row) => ({ title: t("operator.drop"), text: t("operator.drop.text"), phrase: row.id, action: t("remove"), path: `/operators/${row.id}` }),
};

function Asked({ asked, roles, onClose }) {
  if (asked.kind === "operator") return html`<${OperatorDialog} operator=${asked.row} roles=${roles} onClose=${onClose} />`;
  if (asked.kind === "door") return html`<${Door} operator=${asked.row} onClose=${onClose} />`;
  if (asked.kind === "role") return html`<${RoleDialog} role=${asked.row} onClose=${onClose} />`;
  const { path, ...question } = DROPS[asked.kind](asked.row);
  return html`<${TypedConfirm} ...${question} onClose=${onClose} submit=${() => remove(path)} />`;
}

export function Access() {
  return isAdmin() ? html`<${Lists} />` : html`<${PageHead} title=${t("nav.access")} />
    <section class="card"><${Failure} problem=${new Problem(403, { detail: t("access.admin") })} /></section>`;
}

// Of several lists, when what is the oldest of them was true; null while one has yet to come.
const oldest = (...lists) => (lists.every(({ at }) => at) ? Math.min(...lists.map(({ at }) => at)) : null);

function Lists() {
  const operators = useList("/operators", { kinds: ["operator"] });
  const keys = useList("/api-keys", { kinds: ["api_key"] });
  const roles = useList("/roles", { kinds: ["operator"] });
  const [asked, setAsked] = useState(null);
  const close = () => {
    setAsked(null);
    for (const list of [operators, keys, roles]) list.reload();
  };
  return html`<${PageHead} title=${t("nav.access")} at=${oldest(operators, keys, roles)} />
    <${Card} title=${t("operators")} id="operators" flush actions=${html`<${Button} icon="plus" onClick=${() => setAsked({ kind: "operator" })}>
        ${t("operator.new")}</${Button}>`}>
      <${ListTable} list=${operators} columns=${operatorColumns(setAsked)} label=${t("operators")} skeleton=${2} /></${Card}>
    <${ApiKeys} list=${keys} path="/api-keys" options=${roleOptions(roles.items)} hasOwners />
    <${Card} title=${t("roles")} flush actions=${html`<${Button} icon="plus" onClick=${() => setAsked({ kind: "role" })}>${t("roles.new")}</${Button}>`}>
      <${ListTable} list=${roles} columns=${roleColumns(setAsked)} label=${t("roles")} skeleton=${5} /></${Card}>
    <${OwnKeys} />
    ${asked && html`<${Asked} asked=${asked} roles=${roles.items} onClose=${close} />`}`;
}
