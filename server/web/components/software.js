// software.js - what a signed manifest says of its software

import { html } from "../dom.js";
import { NONE, number } from "../format.js";
import { t } from "../text.js";
import { tell } from "../said.js";
import { LayerName } from "./setting.js";
import { Facts } from "./ui.js";

// The manifest {document, signature} that a text holds, with what its document says; null: it holds none.
export function readManifest(text) {
  try {
    const envelope = JSON.parse(text);
    const said = JSON.parse(envelope.document);
    return typeof envelope.signature === "string" && said?.kind ? { envelope, said } : null;
  } catch {
    return null;
  }
}

const mib = (bytes) => (bytes >= 1 << 20 ? `${number(Math.round(bytes / (1 << 20)))} MiB` : t("software.bytes", { n: number(bytes) }));

// withdrawn: robots go back to what they had before it.
export function SoftwareFacts({ manifest, withdrawn = false }) {
  const said = JSON.parse(manifest.document);
  return html`<${Facts} items=${[
    [t("software.what"), html`<b>${said.name}</b> ${said.version}`],
    [t("software.kind"), said.kind],
    withdrawn && [t("software.withdrawn"), t("software.withdrawn.yes")],
    [t("software.counter"), said.allow_downgrade ? t("software.counter.any", { n: number(said.counter) }) : number(said.counter)],
    [t("software.from"), said.from?.length > 0 ? said.from.join(", ") : t("software.from.any")],
    [t("software.size"), said.size ? mib(said.size) : NONE],
    [t("software.url"), html`<code class="long">${said.url}</code>`],
    ["SHA-256", html`<code class="long">${said.sha256}</code>`],
    said.installer && [t("software.installer"), html`<code>${said.installer}</code>`],
    [t("software.signature"), html`<code class="long">${manifest.signature}</code>`],
  ]} />`;
}

// What a robot should have of software that came by a manifest, who says so, and how far it came.
export function SoftwareTold({ items }) {
  const row = ({ kind, name, version, layer, has, step, reason, coming }) => html`<tr key=${`${kind} ${name}`}>
    <th scope="row">${name} <span class="muted">${kind}</span></th>
    <td data-label=${t("setting.value")}>${version ?? t("software.none")}${coming && html`<span class="sub">
      <a href="/rollouts/${coming.rollout}">${t("why.coming", { rollout: coming.rollout })}</a> ${coming.version ?? t("software.none")}</span>`}</td>
    <td data-label=${t("setting.from")}>${layer ? html`<${LayerName} layer=${layer} plain />` : NONE}</td>
    <td data-label=${t("setting.outcome")}>${step ? html`${has ?? t("software.none")}, ${t(`software_step.${step}`)}
      ${reason && html`<span class="sub">${tell(reason)}</span>`}` : NONE}</td>
  </tr>`;
  return html`<table class="table settings" aria-label=${t("software")}>
    <thead><tr><th scope="col">${t("software")}</th><th scope="col">${t("setting.value")}</th>
      <th scope="col">${t("setting.from")}</th><th scope="col">${t("setting.outcome")}</th></tr></thead>
    <tbody>${items.map(row)}</tbody></table>`;
}
