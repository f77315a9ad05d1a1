// acts.js - what can be done with a rollout where it stands: the server says what, the role who may

import { html, useState } from "../../dom.js";
import { post, remove } from "../../api.js";
import { Confirm, FormDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { attempt } from "../../components/toast.js";
import { Button } from "../../components/ui.js";
import { navigate } from "../../router.js";
import { tell } from "../../said.js";
import { may, whoAmI } from "../../session.js";
import { t, word } from "../../text.js";

const PRIMARY = ["start", "approve", "resume", "next"];
const ASKED = ["approve", "decline", "force", "roll-back", "abort", "delete"]; // what is not done by one click
const key = (act) => act.replace("-", "_");

function kind(act) {
  if (PRIMARY.includes(act)) return "primary";
  return act === "roll-back" ? "danger" : "";
}

const APPROVERS = ["approve", "decline"];

function Approve({ row, submit, onClose }) {
  const [remark, setRemark] = useState("");
  return html`<${FormDialog} title=${t("rollout.approve.title", { id: row.id })} action=${t("rollout_act.approve")}
      submit=${() => submit(remark.trim() ? { remark: remark.trim() } : {})} onClose=${onClose}>${(problem) => html`
    ${row.reason && html`<p>${tell(row.reason)}</p>`}
    <${TextField} label=${t("rollout.remark")} hint=${t("rollout.remark.hint")} value=${remark} onInput=${setRemark}
      error=${problem?.at("/remark")} maxlength="300" autofocus />`}
  </${FormDialog}>`;
}

function Decline({ row, submit, onClose }) {
  const [reason, setReason] = useState("");
  return html`<${FormDialog} title=${t("rollout.decline.title", { id: row.id })} action=${t("rollout_act.decline")}
      ready=${reason.trim().length > 2} submit=${() => submit({ reason: reason.trim() })} onClose=${onClose}>${(problem) => html`
    <p>${t(row.state === "approval" ? "rollout.decline.text" : "rollout.decline.paused")}</p>
    <${TextField} label=${t("rollout.reason")} hint=${t("rollout.decline.hint")} value=${reason} onInput=${setReason}
      error=${problem?.at("/reason")} maxlength="300" autofocus />`}
  </${FormDialog}>`;
}

function Force({ row, submit, onClose }) {
  const [reason, setReason] = useState("");
  return html`<${FormDialog} title=${t("rollout.force.title", { id: row.id })} action=${t("rollout_act.force")} kind="danger"
      ready=${reason.trim().length > 2} submit=${() => submit({ reason: reason.trim() })} onClose=${onClose}>${(problem) => html`
    <p>${t("rollout.force.text")}</p>
    <${TextField} label=${t("rollout.reason")} hint=${t("rollout.reason.hint")} value=${reason} onInput=${setReason}
      error=${problem?.at("/reason")} maxlength="300" autofocus />`}
  </${FormDialog}>`;
}

// All at once, or so many a minute; of what is completed a rollout of its own is made.
function RollBack({ row, submit, onClose }) {
  const [rate, setRate] = useState("0");
  const robots = (row.counts?.confirmed ?? 0) + (row.counts?.opened ?? 0) + (row.counts?.unreachable ?? 0);
  const done = row.state === "completed";
  return html`<${FormDialog} title=${t("rollout.back.title", { id: row.id })} action=${t("rollout_act.roll_back")} kind="danger"
      submit=${() => submit({ rate_per_minute: Number(rate) })} onClose=${onClose}>${(problem) => html`
    <p>${done ? t("rollout.back.completed") : t("rollout.back.text", { n: robots })}</p>
    <${TextField} label=${t("rollout.back.rate")} hint=${t("rollout.back.rate.hint")} type="number" min="0" value=${rate} onInput=${setRate}
      error=${problem?.at("/rate_per_minute")} />`}
  </${FormDialog}>`;
}

export function Acts({ row, etag, reload }) {
  const [asking, setAsking] = useState("");
  const close = () => setAsking("");
  const act = async (what, body) => {
    // whoever approves or declines has judged the figures on this page: not others that are asked about meanwhile
    const { data } = await post(`/rollouts/${row.id}/${what}`, body ?? {}, APPROVERS.includes(what) ? etag : undefined);
    if (data.id !== row.id) navigate(`/rollouts/${data.id}`);
    else await reload();
  };
  const drop = async () => {
    await remove(`/rollouts/${row.id}`);
    navigate("/rollouts");
  };
  const mine = row.author === `operator:${whoAmI().id}`;
  const offered = (row.acts ?? [])
    .filter((what) => !(what === "abort" && row.state === "draft") && !(what === "roll-back" && row.state === "rolling_back"))
    .filter((what) => may(APPROVERS.includes(what) ? "approver" : "operator") && !(APPROVERS.includes(what) && mine));
  if (["draft", "aborted"].includes(row.state) && row.members === null && may("operator")) offered.push("delete");
  return html`${row.acts?.includes("approve") && mine && html`<span class="muted">${t("rollout.approval.mine")}</span>`}
    ${offered.map((what) => html`<${Button} key=${what} kind=${kind(what)}
      onClick=${() => (ASKED.includes(what) ? setAsking(what) : attempt(() => act(what)))}>${word("rollout_act", key(what))}</${Button}>`)}
    ${asking === "approve" && html`<${Approve} row=${row} submit=${(body) => act("approve", body)} onClose=${close} />`}
    ${asking === "decline" && html`<${Decline} row=${row} submit=${(body) => act("decline", body)} onClose=${close} />`}
    ${asking === "force" && html`<${Force} row=${row} submit=${(body) => act("force", body)} onClose=${close} />`}
    ${asking === "roll-back" && html`<${RollBack} row=${row} submit=${(body) => act("roll-back", body)} onClose=${close} />`}
    ${asking === "abort" && html`<${Confirm} title=${t("rollout.abort.title", { id: row.id })} text=${t("rollout.abort.text")}
      action=${t("rollout_act.abort")} submit=${() => act("abort")} onClose=${close} />`}
    ${asking === "delete" && html`<${Confirm} title=${t("rollout.delete.title", { id: row.id })} text=${t("rollout.delete.text")}
      action=${t("rollout_act.delete")} submit=${drop} onClose=${close} />`}`;
}
