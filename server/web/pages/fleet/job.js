// job.js - how far a bulk job is, what failed and why; it goes on whether or not anybody looks

import { html, useState } from "../../dom.js";
import { post, useList, useResource } from "../../api.js";
import { Failure, Loaded } from "../../components/states.js";
import { Ago, Button } from "../../components/ui.js";
import { number } from "../../format.js";
import { tell } from "../../said.js";
import { may } from "../../session.js";
import { t } from "../../text.js";
import { deedOf } from "./jobs.js";

const OUTCOMES = ["failed", "waiting", "done", "unchanged"];

// Each number of them opens its list; those that failed are listed unasked.
function Robots({ job }) {
  const [chosen, choose] = useState(null);
  const shown = chosen === "" || job[chosen] > 0 ? chosen : job.failed > 0 ? "failed" : ""; // those that waited may be done
  return html`<div class="row tight" role="group" aria-label=${t("bulk.outcomes")}>${OUTCOMES.filter((name) => job[name] > 0).map((name) => html`
      <button type="button" class="chip view" key=${name} aria-pressed=${name === shown} onClick=${() => choose(name === shown ? "" : name)}>
        ${t(`bulk.outcome.${name}`)}: ${number(job[name])}</button>`)}</div>
    ${shown && html`<${OfOutcome} key=${shown} job=${job} outcome=${shown} />`}`;
}

function OfOutcome({ job, outcome }) {
  const list = useList(`/jobs/${job.id}/devices`, { query: { outcome }, limit: 50, kinds: ["job"], id: String(job.id), gap_ms: 2000 });
  if (list.error && !list.items) return html`<${Failure} problem=${list.error} retry=${list.reload} />`;
  return html`${outcome === "failed" && html`<p class="tone-bad">${t("bulk.failed", { n: job.failed })}</p>`}
    <dl class="diffs failed" aria-label=${t(`bulk.outcome.${outcome}`)}>${(list.items || []).map(({ device, name, reason }) => html`<div key=${device}>
      <dt><a href="/robots/${device}">${name || device}</a></dt><dd>${tell(reason)}</dd></div>`)}</dl>
    ${list.next && html`<${Button} kind="quiet" onClick=${list.more}>${t("more")}</${Button}>`}`;
}

function Progress({ job }) {
  const over = job.robots - job.waiting;
  const good = job.done + job.unchanged;
  return html`<div role="status"><progress max=${job.robots} value=${over} aria-label=${t("bulk.progress")}></progress>
    <p>${t(job.state === "ended" ? "bulk.over" : "bulk.runs", { done: number(good), all: number(job.robots) })}
      ${job.unchanged > 0 && ` \u00b7 ${t("bulk.were_so", { n: job.unchanged })}`}
      ${job.state === "stopped" && ` \u00b7 ${t("bulk.left", { n: job.waiting })}`}</p>
    ${job.note && html`<p class="tone-warn">${t("bulk.stopped_since", { reason: tell(job.note) })}</p>`}</div>`;
}

export function Job({ id, onClose }) {
  const state = useResource(`/jobs/${id}`, { kinds: ["job"], id: String(id), gap_ms: 300 });
  const [problem, setProblem] = useState(null);
  const act = (what) => async () => {
    setProblem(null);
    await post(`/jobs/${id}/${what}`).catch(setProblem);
    state.reload();
  };
  return html`<${Loaded} state=${state} lines=${4}>${(job) => html`
    <p><b>${deedOf(job)}</b> <span class="muted">${job.created_by.replace(/^\w[\w-]*:/, "")}, <${Ago} at=${job.created_at} /></span></p>
    <${Progress} job=${job} />
    <${Robots} job=${job} />
    ${job.state === "running" && html`<p class="hint">${t("bulk.goes_on")}</p>`}
    ${problem && html`<${Failure} problem=${problem} />`}
    <footer class="row end">
      ${may("support") && job.state === "running" && html`<${Button} onClick=${act("stop")}>${t("bulk.stop")}</${Button}>`}
      ${may("support") && job.state === "stopped" && html`<${Button} onClick=${act("resume")}>${t("bulk.resume")}</${Button}>`}
      ${may("support") && job.state === "ended" && job.failed > 0 && html`<${Button} onClick=${act("resume")}>${t("bulk.again")}</${Button}>`}
      <${Button} kind="primary" onClick=${onClose}>${t("close")}</${Button}></footer>`}</${Loaded}>`;
}
