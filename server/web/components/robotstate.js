// robotstate.js - the one word for how a robot is, and how far it is with its configuration

import { html } from "../dom.js";
import { number } from "../format.js";
import { t } from "../text.js";

// What an operator must know first wins.
export function robotState(robot) {
  if (robot.status && robot.status !== "active") return robot.status;
  if (!robot.online) return "offline";
  if (robot.trouble?.silences) return "silent";
  return robot.reported_generation < robot.desired_generation ? "behind" : "online";
}

export function Generation({ robot }) {
  const { desired_generation: desired, reported_generation: running } = robot;
  if (running >= desired) {
    return html`<span title=${t("generation.current", { desired })}>${number(running)}</span>`;
  }
  return html`<span class="tone-warn" title=${t("generation.behind", { desired, running })}>
    ${number(running)} \u2192 ${number(desired)}</span>`;
}
