// rollout.js - one change on its way: what, to whom, how far, what the gate says, what can be done

import { html, useEffect } from "../dom.js";
import { useResource } from "../api.js";
import { PageHead } from "../components/page.js";
import { Patch } from "../components/patch.js";
import { Preflight } from "../components/preflight.js";
import { LayerName, useCatalogue } from "../components/setting.js";
import { SoftwareFacts } from "../components/software.js";
import { Loaded, Missed, Skeleton } from "../components/states.js";
import { Ago, Card } from "../components/ui.js";
import { Place, WaveBar, WaveCounts, waveName, WaveState } from "../components/waves.js";
import { number, person, timeExact } from "../format.js";
import { tell } from "../said.js";
import { t, word } from "../text.js";
import { Acts } from "./rollout/acts.js";
import { Gate } from "./rollout/gate.js";
import { History } from "./rollout/history.js";
import { Plan } from "./rollout/plan.js";
import { Robots } from "./rollout/robots.js";

const OVER = ["completed", "rolled_back", "aborted"];

// While the patch is not yet the layer's, what the layer says is what robots have without it.
function Change({ row }) {
  const [catalogue, known] = useCatalogue();
  const layer = useResource(row.group ? `/layers/group/${row.group}` : "/layers/fleet", { kinds: ["layer"] });
  const compared = !OVER.includes(row.state) && layer.data?.settings;
  return html`<${Card} title=${t(row.manifest ? "software" : row.key ? "rollout.key.title" : "rollout.change")}>
    <p class="muted">${t("rollout.in_layer")} <${LayerName} layer=${row.layer} />${row.filter && html` <code>${row.filter}</code>`}</p>
    ${row.manifest ? html`<${SoftwareFacts} manifest=${row.manifest} withdrawn=${row.software.withdrawn} />`
      : row.key ? html`<p>${t("rollout.key", { vendor: row.key })} <a href="/vendors/${row.key}">${t("rollout.key.where")}</a></p>`
      : catalogue ? html`<${Patch} patch=${row.patch} layer=${compared || null} catalogue=${catalogue} />` : known.error ? html`<${Missed} state=${known} what=${t("settings.known")} />` : html`<${Skeleton} lines=${2} />`}</${Card}>`;
}

// Until when what it waits for may take.
function WaveTimes({ wave, live }) {
  if (!wave.opened_at) return null;
  return html`<span class="muted">${t("rollout.wave.opened")} <${Ago} at=${wave.opened_at} />${live && wave.look_at
    && html`, ${t("rollout.wave.look")} <${Ago} at=${wave.look_at} />`}</span>`;
}

function Wave({ row, wave }) {
  const live = wave.wave === row.wave && row.state === "running";
  const href = (name) => `/rollouts/${row.id}?robots=${name}&wave=${wave.wave}#robots`;
  return html`<li class="wave ${live ? "live-wave" : ""}">
    <div class="row spread"><span class="row"><b>${waveName(wave)}</b>
        <a class="muted" href="/rollouts/${row.id}?wave=${wave.wave}#robots">${t("rollout.robots.n", { n: wave.members ?? wave.planned, told: number(wave.members ?? wave.planned) })}</a>
        <${WaveState} state=${wave.state} />${live && row.step && html`<span class="tone-step">${word("rollout_step", row.step)}</span>`}</span>
      <${WaveTimes} wave=${wave} live=${live} /></div>
    <${WaveBar} counts=${wave.counts} />
    <${WaveCounts} counts=${wave.counts} href=${href} />
    ${wave.forced_by && html`<p class="sub">${t("rollout.forced", { who: wave.forced_by.replace(/^operator:/, ""), why: wave.forced_reason })}</p>`}
    ${wave.verdict && html`<details open=${wave.wave === row.wave}><summary>${t("gate")}</summary>
      <${Gate} verdict=${wave.verdict} looks=${wave.looks} course=${wave.course} /></details>`}
  </li>`;
}

function Waves({ row }) {
  if (row.waves.length === 0) return html`<p class="muted">${t("rollout.no_waves")}</p>`;
  return html`<ol class="wave-list">${row.waves.map((wave) => html`<${Wave} key=${wave.wave} row=${row} wave=${wave} />`)}</ol>`;
}

function Total({ row }) {
  if (!row.counts) return null;
  return html`<div class="total-bar"><${WaveBar} counts=${row.counts} />
    <${WaveCounts} counts=${row.counts} href=${(name) => `/rollouts/${row.id}?robots=${name}#robots`} /></div>`;
}

// Whoever declined it said why: the newest such step of its history that gave this reason.
function DeclinedBy({ row }) {
  const steps = useResource(`/rollouts/${row.id}/history`, { query: { limit: 20 }, kinds: ["rollout"], id: row.id, gap_ms: 2000 }).data?.items ?? [];
  const step = steps.find(({ event }) => ["decline", "start", "approve", "resume", "pause", "red", "no_verdict"].includes(event));
  if (step?.event !== "decline" || step.reason !== row.reason) return null;
  return html`<b>${t("rollout.declined_by", { who: person(step.actor) })}</b> `;
}

function Reason({ row }) {
  if (!row.reason) return null;
  const tone = row.cause === "red" ? "bad" : ["paused", "draft", "approval", "waiting"].includes(row.state) ? "warn" : "";
  return html`<p class="notice ${tone}" role="status">${["paused", "draft"].includes(row.state) && html`<${DeclinedBy} row=${row} />`}${tell(row.reason)}</p>`;
}

// Until when nobody is opened, though robots wait.
function Held({ held }) {
  if (!held) return null;
  return html`<p class="notice warn" role="status">${t(`rollout.held.${held.by}`, { at: timeExact(held.until) })}
    ${held.reason && html` <b>${held.reason}</b>`}</p>`;
}

// Robots that are not opened for a drain's sake.
function Drained({ row }) {
  return row.drained.map(({ vendor, robots }) => html`<p key=${vendor} class="notice warn" role="status">
    ${t("rollout.drained", { n: robots })} <a href="/vendors/${vendor}">${vendor}</a></p>`);
}

// A number was followed to the list of its robots, which is on this very page.
function useRobotsAnchor(ready) {
  const wanted = location.hash === "#robots" ? location.search : "";
  useEffect(() => {
    if (ready && wanted) document.getElementById("robots")?.scrollIntoView();
  }, [ready, wanted]);
}

export function Rollout({ id }) {
  const state = useResource(`/rollouts/${id}`, { kinds: ["rollout"], id, gap_ms: 500 });
  const row = state.data;
  useRobotsAnchor(row !== null);
  return html`<${PageHead} title=${id} crumbs=${[[t("nav.rollouts"), "/rollouts"]]} at=${row?.as_of}
      lead=${row && html`<${Place} row=${row} />${row.name && html`<span class="muted">${row.name}</span>`}
        <span class="muted">${t("since")} <${Ago} at=${row.since} /></span>`}>
      ${row && html`<${Acts} row=${row} etag=${state.etag} reload=${state.reload} />`}</${PageHead}>
    <${Loaded} state=${state} lines=${10}>${() => html`<${Reason} row=${row} /><${Held} held=${row.held} /><${Drained} row=${row} />
    <div class="robot rollout">
      <div class="column">
        <${Card} title=${t("rollout.progress")}><${Total} row=${row} /><${Waves} row=${row} /></${Card}>
        ${row.preflight && html`<${Card} title=${t("preflight")}><${Preflight} document=${row.preflight} /></${Card}>`}
        ${row.waves.length > 0 && html`<${Robots} row=${row} />`}
      </div>
      <div class="column aside">
        <${Change} row=${row} />
        <${History} id=${id} />
        <${Plan} row=${row} />
      </div>
    </div>`}</${Loaded}>`;
}
