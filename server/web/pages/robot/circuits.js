// circuits.js - the routes that a robot leaves out for now, as its last report says

import { html } from "../../dom.js";
import { Circuits } from "../../components/circuits.js";
import { Ago, Card } from "../../components/ui.js";
import { t } from "../../text.js";

export function LeftOut({ robot }) {
  const { circuits = [], left_out: vendors = [] } = robot.health ?? {};
  const told = new Set(circuits.map(({ vendor }) => vendor));
  const rows = [...circuits, ...vendors.filter((vendor) => !told.has(vendor)).map((vendor) => ({ vendor }))];
  if (rows.length === 0) return null;
  return html`<${Card} title=${t("circuit.title")} flush id="left-out">
    <p class="pad muted">${t("circuit.text")} <${Ago} at=${robot.reported_at} none=${t("never")} /></p>
    <${Circuits} label=${t("circuit.title")} rows=${rows} /></${Card}>`;
}
