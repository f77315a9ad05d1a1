// robot.js - one robot: how it is, what it runs, what it said goodbye with, and what to ask of it

import { html, useState } from "../dom.js";
import { remove, useResource } from "../api.js";
import { Confirm } from "../components/dialog.js";
import { DiagnosisCard } from "../components/diagnosis.js";
import { PageHead } from "../components/page.js";
import { Pools } from "../components/pools.js";
import { robotState } from "../components/robotstate.js";
import { Loaded, Missed } from "../components/states.js";
import { Button, Card, More, Status } from "../components/ui.js";
import { may } from "../session.js";
import { t } from "../text.js";
import { Attempts } from "./robot/attempts.js";
import { AskBundle, Bundles, mayAsk } from "./robot/bundle.js";
import { LeftOut } from "./robot/circuits.js";
import { Commands, command } from "./robot/commands.js";
import { Ends } from "./robot/ends.js";
import { Facts } from "./robot/facts.js";
import { Face } from "./robot/face.js";
import { Health } from "./robot/health.js";
import { Groups } from "./robot/groups.js";
import { Probe } from "./robot/probe.js";
import { Settings } from "./robot/settings.js";
import { Timeline } from "./robot/timeline.js";

function Lead({ robot }) {
  return html`<${Status} value=${robotState(robot)} />
    <code>${robot.id}</code>
    ${robot.region && html`<a class="chip" href=${`/fleet?filter=${encodeURIComponent(`region = "${robot.region}"`)}`}>${robot.region}</a>`}
    ${(robot.groups || []).map((id) => html`<a class="chip" key=${id} href=${`/config/group/${id}`}>${id}</a>`)}`;
}

// What is seldom asked, or ends something, stands behind one more click.
function Further({ robot, onAsk }) {
  const deed = (name, label, kind) => html`<${Button} kind=${kind} onClick=${() => onAsk(name)}>${label}</${Button}>`;
  return html`<${More} label=${t("robot.more")}>
    ${may("support") && mayAsk(robot) && deed("bundle", t("bundle"), "quiet")}
    ${deed("forget", t("forget"), "quiet")}
    ${deed("quarantine", t("quarantine"), "quiet")}
    ${may("admin") && html`
      ${robot.transfer ? deed("keep", t("transfer.keep"), "quiet") : deed("transfers", t("transfer"), "quiet")}
      ${deed("swap", t("swap"), "quiet")}
      ${deed("retire", t("retire"), "danger quiet")}
      ${deed("revoke", t("revoke"), "danger quiet")}`}</${More}>`;
}

function Actions({ robot, onAsk }) {
  if (robot.status === "quarantined")
    return html`
      ${may("operator") && html`<${Button} onClick=${() => onAsk("release")}>${t("release")}</${Button}>`}
      ${may("admin") && html`<${Button} kind="danger quiet" onClick=${() => onAsk("revoke")}>${t("revoke")}</${Button}>`}`;
  if (robot.status !== "active") return null;
  return html`
    ${may("support") && html`
      <${Button} icon="identify" onClick=${() => command(robot.id, "identify")}>${t("identify")}</${Button}>
      <${Button} icon="report" onClick=${() => command(robot.id, "report")}>${t("report")}</${Button}>
      <${Button} icon="search" onClick=${() => onAsk("probe")}>${t("probe")}</${Button}>`}
    ${may("support") && !may("operator") && mayAsk(robot) && html`<${Button} icon="audit" onClick=${() => onAsk("bundle")}>${t("bundle")}</${Button}>`}
    ${may("operator") && html`
      <${Button} icon="restart" onClick=${() => onAsk("restart")}>${t("restart")}</${Button}>
      <${Further} robot=${robot} onAsk=${onAsk} />`}`;
}

// What this robot alone may use: its plan and other budgets of its own.
function Limits({ id }) {
  const state = useResource("/pools", { query: { open: "true", subject: id }, kinds: ["usage", "pool"], gap_ms: 2000 });
  const own = (state.data?.items || []).filter((pool) => pool.scope === "device");
  if (own.length === 0) return html`<${Missed} state=${state} what=${t("pools")} />`;
  return html`<${Card} title=${t("pools")} flush><${Pools} label=${t("pools")} pools=${own} narrow /></${Card}>`;
}

export function Robot({ id }) {
  const state = useResource(`/devices/${id}`, { kinds: ["device", "usage", "group", "layer"], id });
  const [asked, setAsked] = useState(""); // "restart", "forget", "probe", "bundle" or one of Ends: the question that is open
  const close = () => setAsked("");
  const robot = state.data;

  return html`
    <${PageHead} title=${robot?.name || id} crumbs=${[[t("nav.fleet"), "/fleet"]]} at=${robot?.as_of}
        lead=${robot && html`<${Lead} robot=${robot} />`}>
      ${robot && html`<${Actions} robot=${robot} onAsk=${setAsked} />`}
    </${PageHead}>
    <${Loaded} state=${state} lines=${10}>${() => html`<${DiagnosisCard} id=${id} />
    <div class="robot">
      <div class="column">
        <${Attempts} id=${id} />
        <${LeftOut} robot=${robot} />
        <${Limits} id=${id} />
        <${Health} id=${id} />
        <${Timeline} id=${id} />
        <${Settings} id=${id} robot=${robot} />
      </div>
      <div class="column aside">
        ${robot.capabilities?.includes("face") && html`<${Face} id=${id} robot=${robot} />`}
        <${Commands} id=${id} robot=${robot} />
        ${may("support") && html`<${Bundles} id=${id} />`}
        <${Facts} robot=${robot} etag=${state.etag} onChange=${state.reload} />
        <${Groups} id=${id} groups=${robot.groups || []} onChange=${state.reload} />
      </div>
    </div>`}</${Loaded}>
    ${robot && html`<${Ends} asked=${asked} robot=${robot} reload=${state.reload} onClose=${close} />`}
    ${asked === "bundle" && html`<${AskBundle} id=${id} name=${robot.name || id} onClose=${close} />`}
    ${asked === "probe" && html`<${Probe} id=${id} name=${robot.name || id} onClose=${close} />`}
    ${asked === "keep" && html`<${Confirm} title=${t("transfer.keep.title", { name: robot.name || id })} text=${t("transfer.keep.text")}
      action=${t("transfer.keep")} submit=${() => remove(`/devices/${id}/transfers`).then(state.reload)} onClose=${close} />`}
    ${asked === "forget" && html`<${Confirm} title=${t("forget.title", { name: robot.name || id })} text=${t("forget.text")}
      action=${t("forget")} submit=${() => command(id, "forget")} onClose=${close} />`}
    ${asked === "restart" && html`<${Confirm} title=${t("restart.title", { name: robot.name || id })} text=${t("restart.text")}
      action=${t("restart")} submit=${() => command(id, "restart")} onClose=${close} />`}`;
}
