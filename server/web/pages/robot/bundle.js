// bundle.js - a report about the robot for a diagnosis, which its owner must agree to at the robot

import { html } from "../../dom.js";
import { address, useList } from "../../api.js";
import { Confirm } from "../../components/dialog.js";
import { Icon } from "../../components/icons.js";
import { Ago, Card } from "../../components/ui.js";
import { number, timeExact } from "../../format.js";
import { may } from "../../session.js";
import { t } from "../../text.js";
import { command } from "./commands.js";

export function AskBundle({ id, name, onClose }) {
  return html`<${Confirm} title=${t("bundle.title", { name })} text=${t("bundle.text")} action=${t("bundle.ask")}
    submit=${() => command(id, "bundle")} onClose=${onClose} />`;
}

// Those that came; what became of asking stands among the commands.
export function Bundles({ id }) {
  const list = useList(`/devices/${id}/bundles`, { kinds: ["bundle"] });
  if (!list.items || list.items.length === 0) return null;
  return html`<${Card} title=${t("bundles")}><ul class="commands">${list.items.map((item) => html`<li key=${item.id}>
    <span class="grow"><a href=${address(`/bundles/${item.id}`)} download><${Icon} name="down" /> ${t("bundle.save")}</a>
      <span class="sub">${t("bundle.facts", { bytes: number(item.bytes), who: item.asked_by, until: timeExact(item.until) })}</span></span>
    <span class="muted when"><${Ago} at=${item.at} /></span></li>`)}</ul></${Card}>`;
}

export const mayAsk = (robot) => may("support") && robot.capabilities?.includes("bundle");
