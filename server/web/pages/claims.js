// claims.js - the codes that let new robots in: which there are, and one for each serial number of a list

import { html, useState } from "../dom.js";
import { remove, useList, useResource } from "../api.js";
import { Confirm } from "../components/dialog.js";
import { PageHead } from "../components/page.js";
import { Empty, Missed } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Ago, Button, Chip } from "../components/ui.js";
import { NONE, number, person } from "../format.js";
import { may } from "../session.js";
import { t } from "../text.js";
import { ClaimDialog } from "./claim.js";
import { Codes } from "./claims/codes.js";
import { ListDialog } from "./claims/list.js";

// "used", "withdrawn", "expired" or "waits".
function stateOf(row) {
  if (row.uses >= row.uses_allowed) return "used";
  if (row.withdrawn_at) return "withdrawn";
  return new Date(row.expires_at) < new Date() ? "expired" : "waits";
}

const TONES = { used: "ok", expired: "warn" };

const columns = (onDrop) => [
  { key: "for", title: t("claims.for"), lead: true, cell: (row) => html`<b>${row.serial ?? t("claims.batch", { n: row.uses_allowed })}</b>
    <span class="sub">${[t("claims.number", { id: row.id }), ...Object.entries(row.labels).map((label) => label.join("="))].join(" \u00b7 ")}</span>` },
  { key: "state", title: t("state"), width: "96px", cell: (row) => html`<${Chip} tone=${TONES[stateOf(row)]}>${t(`claims.${stateOf(row)}`)}</${Chip}>` },
  { key: "uses", title: t("claims.let_in"), end: true, width: "100px", cell: (row) => t("claims.of", { n: number(row.uses), all: number(row.uses_allowed) }) },
  { key: "group", title: t("group"), width: "120px", cell: (row) => (row.group ? html`<a href=${`/config/group/${row.group}`}>${row.group}</a>` : html`<span class="muted">${t("none")}</span>`) },
  { key: "until", title: t("expires"), end: true, width: "104px", cell: (row) => (["waits", "expired"].includes(stateOf(row))
    ? html`<${Ago} at=${row.expires_at} />` : NONE) },
  { key: "by", title: t("created_by"), from: "desk", width: "120px", cell: (row) => person(row.created_by) },
  { key: "made", title: t("claims.made"), end: true, from: "wide", width: "120px", cell: (row) => html`<${Ago} at=${row.created_at} />` },
  { key: "act", title: "", end: true, width: "112px", cell: (row) => stateOf(row) === "waits" && may("operator", "claims")
    && html`<${Button} kind="quiet danger" onClick=${() => onDrop(row)}>${t("claims.withdraw")}</${Button}>` },
];

function None({ onList }) {
  return html`<${Empty} icon="access" title=${t("claims.none")}><p class="muted">${t("claims.none.how")}</p>
    ${may("operator", "claims") && html`<${Button} kind="primary" onClick=${onList}>${t("claims.list")}</${Button}>`}</${Empty}>`;
}

export function Claims() {
  const list = useList("/claims", { kinds: ["claim", "device"], gap_ms: 2000, limit: 50 });
  const fleet = useResource("/fleet");
  const groups = fleet.data?.groups || [];
  const [asked, setAsked] = useState(""); // "one", "list" or the claim that is to end
  const [made, setMade] = useState(null); // what came of a list: only this page has it
  const close = () => setAsked("");
  return html`<${PageHead} title=${t("claims")} crumbs=${[[t("nav.fleet"), "/fleet"]]} at=${list.at}>
      ${may("operator", "claims") && html`<${Button} icon="plus" onClick=${() => setAsked("one")}>${t("claim.add")}</${Button}>
        <${Button} kind="primary" icon="up" onClick=${() => setAsked("list")}>${t("claims.list")}</${Button}>`}</${PageHead}>
    <${Missed} state=${fleet} what=${t("part.groups")} />
    ${made && html`<${Codes} made=${made} onClose=${() => setMade(null)} />`}
    <section class="card flush" aria-label=${t("claims")}><${ListTable} list=${list} columns=${columns(setAsked)} label=${t("claims")} skeleton=${5}
      empty=${html`<${None} onList=${() => setAsked("list")} />`} /></section>
    ${asked === "one" && html`<${ClaimDialog} groups=${groups} onClose=${close} />`}
    ${asked === "list" && html`<${ListDialog} groups=${groups} onMade=${setMade} onClose=${close} />`}
    ${asked.id && html`<${Confirm} title=${t("claims.withdraw.title", { id: asked.id })} text=${t("claims.withdraw.text")}
      action=${t("claims.withdraw")} submit=${() => remove(`/claims/${asked.id}`)} onClose=${close} />`}`;
}
