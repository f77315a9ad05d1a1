// vendors.js - who serves the models, where, how well, and with which key

import { html, useState } from "../dom.js";
import { useList, useResource } from "../api.js";
import { PageHead } from "../components/page.js";
import { Empty, Missed } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Button, Chip, IconButton } from "../components/ui.js";
import { milliseconds, number, percent } from "../format.js";
import { may } from "../session.js";
import { t, word } from "../text.js";
import { Regions } from "./regions.js";
import { DrainDialog, VendorState } from "./vendor/drain.js";
import { ReturnDialog, VendorDialog } from "./vendor/edit.js";
import { KeyDialog } from "./vendor/key.js";

// How it answered since the hour before this one began. health: undefined while that is read.
function Answers({ health }) {
  if (!health) return html`<span class="muted">\u2013</span>`;
  if (health.attempts === 0) return html`<span class="muted">${t("vendor.quiet_now")}</span>`;
  const share = health.failed / health.attempts;
  return html`<a href=${`/vendors/${health.id}`} class=${share > 0.05 ? "tone-bad" : undefined}>${t("vendor.fails", { share: percent(share) })}</a>
    <span class="sub">${t("vendor.of", { n: number(health.attempts) })}${health.first_token_ms !== null && html`, ${milliseconds(Math.round(health.first_token_ms))}`}</span>
    ${health.left_out > 0 && html`<span class="sub"><a class="tone-bad" href=${`/vendors/${health.id}#left-out`}>${t("vendor.left_out.by", { n: health.left_out })}</a></span>`}`;
}

const columns = (open, healthOf) => [
  { key: "id", title: t("vendor"), lead: true, cell: (row) => html`<a class="row-link" href=${`/vendors/${row.id}`}>${row.name || row.id}</a>
    ${row.name && html`<span class="sub">${row.id}</span>`}
    <a class="sub" href=${`/vendors/${row.id}/pack`}>${t("pack.link")}</a>` },
  { key: "health", title: t("vendor.answers"), width: "204px", whole: true, cell: (row) => html`<${Answers} health=${healthOf(row.id)} />` },
  { key: "state", title: t("vendor.state"), width: "150px", cell: (row) => html`<${VendorState} vendor=${row} />` },
  { key: "dialect", title: t("vendor.dialect"), width: "20%", from: "wide", cell: (row) => html`${word("dialect", row.dialect)}
    <code class="sub clip" title=${row.base_url}>${row.base_url}</code>` },
  { key: "region", title: t("region"), width: "90px", from: "desk", cell: (row) => row.region || t("any") },
  { key: "key", title: t("vendor.key"), width: "96px", cell: (row) => (row.has_key
    ? html`<${Chip} tone="ok">${t("vendor.has_key")}</${Chip}>` : html`<${Chip} tone="warn">${t("vendor.no_key")}</${Chip}>`) },
  { key: "acts", title: "", end: true, width: "126px", cell: (row) => html`
    ${may("operator") && (row.drains.some(({ state }) => state === "active")
      ? html`<${IconButton} icon="check" label=${t("drain.return", { id: row.id })} onClick=${() => open("return", row)} />`
      : html`<${IconButton} icon="drain" label=${t("drain.title", { id: row.id })} onClick=${() => open("drain", row)} />`)}
    <${IconButton} icon="shield" label=${t("key.title", { id: row.id })} onClick=${() => open("key", row)} />
    ${may("operator") && html`<${IconButton} icon="edit" label=${t("vendor.edit", { id: row.id })} onClick=${() => open("edit", row)} />`}` },
];

const DIALOGS = { edit: VendorDialog, drain: DrainDialog, return: ReturnDialog, key: KeyDialog };

export function Vendors() {
  const list = useList("/vendors", { kinds: ["vendor"] });
  const health = useResource("/vendor-health", { kinds: ["usage", "vendor"], gap_ms: 15000 });
  const [shown, setShown] = useState(null); // {dialog, vendor}; vendor null: a new one
  const open = (dialog, vendor) => setShown({ dialog: DIALOGS[dialog], vendor });
  const healthOf = (id) => health.data?.items.find((row) => row.id === id);
  const close = () => {
    setShown(null);
    list.reload();
  };
  return html`<${PageHead} title=${t("nav.vendors")} at=${list.at}>${may("operator") && html`<${Button} icon="plus"
      onClick=${() => open("edit", null)}>${t("vendor.new")}</${Button}>`}</${PageHead}>
    <${Missed} state=${health} what=${t("vendor.answers")} />
    <section class="card flush"><${ListTable} list=${list} columns=${columns(open, healthOf)} rowHref=${(row) => `/vendors/${row.id}`}
      label=${t("nav.vendors")} skeleton=${3} empty=${html`<${Empty} icon="vendors" title=${t("vendors.none")}><p class="muted">${t("vendors.none.how")}</p>
        ${may("operator") && html`<${Button} icon="plus" onClick=${() => open("edit", null)}>${t("vendor.new")}</${Button}>`}</${Empty}>`} /></section>
    <${Regions} />
    ${shown && html`<${shown.dialog} vendor=${shown.vendor} onClose=${close} />`}`;
}
