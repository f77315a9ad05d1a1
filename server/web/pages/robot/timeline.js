// timeline.js - everything that happened to a robot, newest first

import { html } from "../../dom.js";
import { useList } from "../../api.js";
import { Icon } from "../../components/icons.js";
import { Empty, Failure, Skeleton, Stale } from "../../components/states.js";
import { Ago, Button, Card, Status } from "../../components/ui.js";
import { tell } from "../../said.js";
import { t, word } from "../../text.js";
import { Change } from "../../components/changes.js";

const ICONS = { audit: "audit", alert: "alerts", alert_over: "check", rollout: "rollouts", generation: "config" };

function title({ kind, what, after }) {
  if (what === "command.create") return t("action.command_create", { kind: word("command", after?.kind).toLowerCase() });
  if (kind === "audit") return word("action", what.replace(".", "_"));
  const name = kind === "alert" || kind === "alert_over" ? word("alert", what) : word("event_what", what);
  return t(`event.${kind}`, { what: name });
}

// What the entry is about, where that is not the robot itself.
function About({ item }) {
  const [kind, ...id] = item.subject.split("/");
  if (kind === "rollout") return html` <a href="/rollouts/${id.join("/")}">${id.join("/")}</a>`;
  if (kind === "group") return html` <a href="/config/group/${id.join("/")}">${id.join("/")}</a>`;
  const number = item.kind === "generation" ? item.after.generation : item.after?.session;
  return ["generation", "session"].includes(item.kind) && number ? html` <span class="muted">${number}</span>` : null;
}

function Entry({ item }) {
  const isCommand = item.what === "command.create";
  return html`<li class="happening ${item.kind}"><${Icon} name=${ICONS[item.kind] ?? (item.what === "began" ? "check" : "warn")} />
    <div class="grow"><b>${title(item)}</b><${About} item=${item} />
      ${isCommand && item.status && html` <${Status} kind="command_status" value=${item.status} />`}
      ${isCommand && item.after?.text && html`<span class="sub">${item.after.text}</span>`}
      ${item.reason && html`<span class="sub">${tell(item.reason)}</span>`}
      ${item.by && html`<span class="sub">${item.by}</span>`}
      ${item.kind === "audit" && !isCommand && html`<${Change} before=${item.before} after=${item.after} />`}</div>
    <span class="muted when"><${Ago} at=${item.at} /></span></li>`;
}

export function Timeline({ id }) {
  const list = useList(`/devices/${id}/timeline`, { limit: 10, gap_ms: 3000,
    kinds: ["device", "layer", "group", "command", "alert", "rollout"] });
  return html`<${Card} title=${t("timeline")}>
    <${Stale} state=${list} />
    ${list.items === null && (list.error ? html`<${Failure} problem=${list.error} retry=${list.reload} />`
      : html`<${Skeleton} lines=${5} />`)}
    ${list.items?.length === 0 && html`<${Empty} icon="audit" title=${t("timeline.none")} />`}
    ${list.items?.length > 0 && html`<ol class="happened plain">${list.items.map((item) => html`<${Entry} key=${item.id} item=${item} />`)}</ol>`}
    ${list.next !== null && html`<${Button} busy=${list.busy} onClick=${list.more}>${t("more")}</${Button}>`}
  </${Card}>`;
}
