// pairings.js - robots without a claim code: an operator types the six digits that each speaks

import { html, useState } from "../dom.js";
import { post, remove, useList, useResource } from "../api.js";
import { TextField } from "../components/field.js";
import { PageHead } from "../components/page.js";
import { Empty } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { attempt, toast } from "../components/toast.js";
import { Ago, Button, Chip } from "../components/ui.js";
import { person, timeExact } from "../format.js";
import { may, whoAmI } from "../session.js";
import { t } from "../text.js";

const TONES = { paired: "ok", confirmed: "ok", heard: "warn", failed: "bad", expired: "warn" };
const TRIES = 3;

// What is typed stays while the list is drawn anew.
function Decide({ row }) {
  const [digits, setDigits] = useState("");
  const [problem, setProblem] = useState("");
  const confirm = async (event) => {
    event.preventDefault();
    try {
      const { data } = await post(`/pairings/${row.id}/confirm`, { digits });
      toast(t(data.state === "heard" ? "pairings.heard.mine" : "pairings.done", { robot: row.device_id }));
    } catch (error) {
      setProblem(error.message);
    }
  };
  const refuse = () => attempt(() => post(`/pairings/${row.id}/refuse`, {}));
  return html`<form class="row" onSubmit=${confirm}>
    <${TextField} label=${t("pairings.digits", { robot: row.device_id })} value=${digits} onInput=${setDigits} error=${problem}
      inputmode="numeric" autocomplete="off" maxlength="13" />
    <${Button} kind="primary" type="submit" disabled=${digits.replace(/[ -]/g, "").length !== 6}>${t("pairings.confirm")}</${Button}>
    <${Button} kind="quiet danger" onClick=${refuse}>${t("pairings.refuse")}</${Button}>
  </form>`;
}

// Two people let it in: whoever typed its digits cannot agree as well.
function Agree({ row }) {
  const mine = row.heard_by === `operator:${whoAmI().id}`;
  const act = (what) => attempt(() => post(`/pairings/${row.id}/${what}`, {}));
  return html`<p>${t("pairings.heard.by", { who: person(row.heard_by) })}
      ${mine && html`<span class="sub">${t("pairings.heard.mine")}</span>`}</p>
    <div class="row">
      ${!mine && may("approver", "pairings") && html`<${Button} kind="primary" onClick=${() => act("agree")}>${t("pairings.agree")}</${Button}>`}
      ${may("operator", "pairings") && html`<${Button} kind="quiet danger" onClick=${() => act("refuse")}>${t("pairings.refuse")}</${Button}>`}
    </div>`;
}

const columns = [
  { key: "robot", title: t("robot"), lead: true, cell: (row) => html`<b>${row.device_id}</b>
    <span class="sub">${[row.serial, row.address, row.software].filter(Boolean).join(" · ")}</span>
    ${row.taken && html`<${Chip} tone="bad">${t("pairings.taken")}</${Chip}>`}` },
  { key: "state", title: t("state"), width: "150px", cell: (row) => html`<${Chip} tone=${TONES[row.state]}>${t(`pairings.${row.state}`)}</${Chip}>
    ${row.state === "waiting" && row.attempts_left < TRIES && html`<span class="sub">${t("pairings.left", { n: row.attempts_left })}</span>`}` },
  { key: "since", title: t("pairings.since"), end: true, from: "mid", width: "120px", cell: (row) => html`<${Ago} at=${row.created_at} />` },
  { key: "act", title: t("pairings.confirm"), width: "clamp(280px, 34vw, 440px)", cell: (row) => (row.state === "waiting"
    ? may("operator", "pairings") && html`<${Decide} key=${row.id} row=${row} />`
    : row.state === "heard" ? html`<${Agree} key=${row.id} row=${row} />`
      : row.decided_by && person(row.decided_by)) },
];

function Door() {
  const { data } = useResource("/pairings?limit=1", { kinds: ["pairing"], gap_ms: 1000 });
  const open = data?.window.open_until;
  if (!data) return null;
  return html`<section class="card row" aria-label=${t("state")}>
    <p class="grow">${open ? t("pairings.open_until", { time: timeExact(open), who: person(data.window.opened_by) }) : t("pairings.closed")}</p>
    ${may("operator", "pairings") && html`<${Button} onClick=${() => attempt(() => post("/pairings/window", {}))}>${t(open ? "pairings.longer" : "pairings.open")}</${Button}>
      ${open && html`<${Button} onClick=${() => attempt(() => remove("/pairings/window"))}>${t("pairings.close")}</${Button}>`}`}
  </section>`;
}

export function Pairings() {
  const list = useList("/pairings", { kinds: ["pairing"], gap_ms: 1000, limit: 50 });
  return html`<${PageHead} title=${t("pairings")} crumbs=${[[t("nav.fleet"), "/fleet"]]} at=${list.at} lead=${t("pairings.lead")} />
    <${Door} />
    <section class="card flush" aria-label=${t("pairings")}><${ListTable} list=${list} columns=${columns} label=${t("pairings")} skeleton=${3}
      empty=${html`<${Empty} icon="access" title=${t("pairings.none")}><p class="muted">${t(may("operator", "pairings") ? "pairings.none.how" : "pairings.none.ask")}</p></${Empty}>`} /></section>`;
}
