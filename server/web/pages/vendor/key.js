// key.js - a vendor's next key: who has it, and who may hold the old one

import { html, useState } from "../../dom.js";
import { post, put, remove, useResource } from "../../api.js";
import { Dialog } from "../../components/dialog.js";
import { SelectField, TextField } from "../../components/field.js";
import { Loaded } from "../../components/states.js";
import { Button } from "../../components/ui.js";
import { number } from "../../format.js";
import { may } from "../../session.js";
import { t } from "../../text.js";

const SHARES = ["1%", "10%", "50%", "100%"];

function Next({ next }) {
  return html`<dl class="facts">
    <div><dt>${t("key.given")}</dt><dd>${next.share} (${number(next.given)} / ${number(next.robots)})</dd></div>
    <div><dt>${t("key.carried")}</dt><dd>${number(next.carried)}</dd></div>
    ${next.waiting > 0 && html`<div><dt>${t("key.waiting")}</dt><dd>${number(next.waiting)}</dd></div>`}
    <div><dt>${t("key.missing")}</dt><dd>${number(next.missing)}${next.missing > 0 && ": "}${next.missing_first.map((row, i) => html`
      ${i > 0 && ", "}<a key=${row.device} href="/robots/${row.device}">${row.device}</a>`)}${next.missing > next.missing_first.length && "…"}</dd></div>
    <div><dt>${t("key.refused")}</dt><dd class=${next.refused > 0 ? "tone-bad" : undefined}>${number(next.refused)}</dd></div>
  </dl>`;
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
  return html`<${Dialog} title=${t("key.title", { id: vendor.id })} onClose=${onClose}>
    <p>${t("key.lead")}</p>
    <${Loaded} state=${state} lines=${3}>${() => html`
      ${state.data.next && html`<${Next} next=${state.data.next} />`}
      ${may("operator") && html`<${Acts} vendor=${vendor} state=${state.data} act=${act} />`}`}</${Loaded}>
    ${problem && html`<p class="error" role="alert">${problem.message}</p>`}
  </${Dialog}>`;
}
