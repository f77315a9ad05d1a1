// history.js - what happened to a rollout and by whom, the newest first

import { html } from "../../dom.js";
import { useList } from "../../api.js";
import { Failure, Skeleton, Stale } from "../../components/states.js";
import { Ago, Button, Card } from "../../components/ui.js";
import { number, person } from "../../format.js";
import { tell } from "../../said.js";
import { may } from "../../session.js";
import { t, word } from "../../text.js";

const TONES = { red: "bad", no_verdict: "warn", refuse: "warn", decline: "warn", expired: "warn", pause: "warn", force: "warn", roll_back: "warn", green: "ok", all_back: "ok", gone: "bad" };

function place(to) {
  const detail = to.cause ? word("rollout_cause", to.cause) : to.step && word("rollout_step", to.step);
  return word("rollout_state", to.state) + (detail ? `: ${detail}` : "");
}

function Step({ item }) {
  const moved = item.to && JSON.stringify(item.to) !== JSON.stringify(item.from);
  const about = [item.wave > 0 && t("rollout.wave.one", { n: item.wave }), item.robots !== null && t("rollout.robots.n", { n: item.robots, told: number(item.robots) })]
    .filter(Boolean).join(", ");
  return html`<li class="event ${TONES[item.event] || ""}">
    <b>${word("rollout_event", item.event)}</b>${about && html` <span class="muted">${about}</span>`}
    ${item.reason && html`<p>${item.event === "close" ? word("rollout_device", item.reason) : tell(item.reason)}</p>`}
    <span class="sub">${moved && html`${place(item.to)} \u00b7 `}${item.actor === "mynad" ? t("rollout.by_itself") : t("alert.by", { who: person(item.actor) })}, <${Ago} at=${item.at} /></span></li>`;
}

export function History({ id }) {
  const list = useList(`/rollouts/${id}/history`, { kinds: ["rollout"], id, limit: 20, gap_ms: 2000 });
  if (list.items === null) {
    return html`<${Card} title=${t("rollout.history")}>${list.error ? html`<${Failure} problem=${list.error} retry=${list.reload} />` : html`<${Skeleton} lines=${5} />`}</${Card}>`;
  }
  return html`<${Card} title=${t("rollout.history")}><${Stale} state=${list} />
    <ol class="events">${list.items.map((item) => html`<${Step} key=${item.seq} item=${item} />`)}</ol>
    <div class="row spread">${list.next !== null && html`<${Button} busy=${list.busy} onClick=${list.more}>${t("more")}</${Button}>`}
      ${may("operator", "audit") && html`<a class="sub" href="/audit?subject=rollout/${id}">${t("rollout.audit")}</a>`}</div></${Card}>`;
}
