// key.js - a vendor's next key: who has it, and who may hold the old one

import { html, useState } from "../../dom.js";
import { post, put, remove, useList, useResource } from "../../api.js";
import { Dialog } from "../../components/dialog.js";
import { SelectField, TextField } from "../../components/field.js";
import { Loaded } from "../../components/states.js";
import { ListTable } from "../../components/table.js";
import { Ago, Button } from "../../components/ui.js";
import { number, timeOfDay } from "../../format.js";
import { may } from "../../session.js";
import { t, word } from "../../text.js";

const SHARES = ["1%", "10%", "50%", "100%"];

function Next({ next }) {
  return html`<dl class="facts">
    <div><dt>${t("key.given")}</dt><dd>${next.share} (${number(next.given)} / ${number(next.robots)})</dd></div>
    <div><dt>${t("key.carried")}</dt><dd>${number(next.carried)}</dd></div>
    ${next.waiting > 0 && html`<div><dt>${t("key.waiting")}</dt><dd>${number(next.waiting)}</dd></div>`}
    <div><dt>${t("key.missing")}</dt><dd>${number(next.missing)}</dd></div>
    <div><dt>${t("key.refused")}</dt><dd class=${next.refused > 0 ? "tone-bad" : undefined}>${number(next.refused)}</dd></div>
  </dl>`;
}

const COLUMNS = [
  { key: "device", title: t("robot"), lead: true, width: "34%", cell: (row) => html`<a class="row-link" href="/robots/${row.device}">${row.name || row.device}</a>
    ${row.name && html`<span class="sub">${row.device}</span>`}` },
  { key: "why", title: t("key.why"), cell: (row) => word("key_holder", row.state) },
  { key: "seen", title: t("last_seen"), end: true, width: "92px", cell: (row) => html`<${Ago} at=${row.last_seen} none=${t("never")} />` },
];

// Each robot that keeps the old key from being revoked.
function Missing({ vendor }) {
  const list = useList(`/vendors/${vendor.id}/key/devices`, { query: { state: "missing" }, kinds: ["vendor", "device"], limit: 20, gap_ms: 2000 });
  return html`<h3>${t("key.missing.list")} ${list.as_of && html`<span class="sub">${t("as_of", { time: timeOfDay(list.as_of) })}</span>`}</h3>
    <${ListTable} list=${list} columns=${COLUMNS} label=${t("key.missing.list")} rowKey=${(row) => row.device} skeleton=${3} noun="fleet.shown"
      empty=${html`<p class="muted">${t("key.missing.none")}</p>`} />`;
}

function Acts({ vendor, state, act }) {
  const { next } = state;
  const [key, setKey] = useState("");
  const [share, setShare] = useState("1%");
  if (!next) {
    return html`<form class="row" onSubmit=${(event) => { event.preventDefault(); act(() => put(`/vendors/${vendor.id}/key/next`, { key })).then(() => setKey("")); }}>
      <${TextField} label=${t("key.next")} type="password" value=${key} onInput=${setKey} autocomplete="new-password" />
      <${Button} type="submit" disabled=${!key}>${t("key.keep")}</${Button}></form>`;
  }
  const left = SHARES.filter((one) => parseFloat(one) >= parseFloat(next.share));
  const chosen = left.includes(share) ? share : left[0];
  return html`<div class="row">
    <${SelectField} label=${t("key.share")} value=${chosen} onInput=${setShare} options=${left.map((one) => [one, one])} />
    <${Button} onClick=${() => act(() => post(`/vendors/${vendor.id}/key/switch`, { share: chosen }))}>${t("key.switch")}</${Button}>
    <${Button} onClick=${() => act(() => remove(`/vendors/${vendor.id}/key/next`))}>${t("key.drop")}</${Button}>
    <${Button} kind="primary" disabled=${!next.can_finish} onClick=${() => act(() => post(`/vendors/${vendor.id}/key/finish`))}>${t("key.finish")}</${Button}>
  </div>`;
}

export function KeyDialog({ vendor, onClose }) {
  const state = useResource(`/vendors/${vendor.id}/key`, { kinds: ["vendor", "device"] });
  const [problem, setProblem] = useState(null);
  const act = async (run) => {
    try {
      await run();
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
    state.reload();
  };
  return html`<${Dialog} wide title=${t("key.title", { id: vendor.id })} onClose=${onClose}>
    <p>${t("key.lead")}</p>
    <${Loaded} state=${state} lines=${3}>${() => html`
      ${state.data.next && html`<${Next} next=${state.data.next} />`}
      ${state.data.next?.missing > 0 && html`<${Missing} vendor=${vendor} />`}
      ${may("operator") && html`<${Acts} vendor=${vendor} state=${state.data} act=${act} />`}`}</${Loaded}>
    ${problem && html`<p class="error" role="alert">${problem.message}</p>`}
  </${Dialog}>`;
}
