// audit.js - who changed what, in a chain that shows tampering

import { html, useState } from "../dom.js";
import { get, useList } from "../api.js";
import { PageHead } from "../components/page.js";
import { Empty } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Ago, Button } from "../components/ui.js";
import { number } from "../format.js";
import { useQuery } from "../router.js";
import { t } from "../text.js";
import { Icon } from "../components/icons.js";

function flat(value, path = "", out = {}) {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    for (const [name, part] of Object.entries(value)) flat(part, path ? `${path}.${name}` : name, out);
  } else if (value !== undefined) out[path || t("value")] = JSON.stringify(value);
  return out;
}

// What differs between the two, one line each.
export function Change({ before, after }) {
  const [old, now] = [flat(before ?? undefined), flat(after ?? undefined)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((name) => old[name] !== now[name]);
  if (names.length === 0) return html`<span class="muted">\u2013</span>`;
  return html`<details><summary>${t("audit.changes", { n: names.length })}</summary>
    <ul class="changes">${names.map((name) => html`<li key=${name}><code>${name}</code>
      ${old[name] !== undefined && html`<del>${old[name]}</del>`}
      ${now[name] !== undefined && html`<ins>${now[name]}</ins>`}</li>`)}</ul></details>`;
}

const COLUMNS = [
  { key: "seq", title: "#", end: true, width: "64px", from: "mid", cell: (row) => number(row.seq) },
  { key: "at", title: t("when"), width: "100px", cell: (row) => html`<${Ago} at=${row.at} />` },
  { key: "actor", title: t("actor"), width: "18%", cell: (row) => html`${row.actor}${row.source && html`<span class="sub">${row.source}</span>`}` },
  { key: "action", title: t("action"), lead: true, width: "18%", cell: (row) => html`<b>${row.action}</b>` },
  { key: "subject", title: t("subject"), width: "20%", cell: (row) => row.subject },
  { key: "change", title: t("change"), cell: (row) => html`<${Change} before=${row.before} after=${row.after} />` },
];

function Verify() {
  const [result, setResult] = useState(null);
  const [busy, setBusy] = useState(false);
  const verify = async () => {
    setBusy(true);
    setResult(await get("/audit/verify").then(({ data }) => data, (problem) => ({ problem })));
    setBusy(false);
  };
  return html`<span role="status">${result && (result.problem
      ? html`<span class="tone-bad">${result.problem.message}</span>`
      : result.ok ? html`<span class="tone-ok row tight"><${Icon} name="check" />${t("audit.intact", { n: number(result.rows) })}</span>`
        : html`<span class="tone-bad">${t("audit.broken", { seq: result.first_bad })}</span>`)}</span>
    <${Button} icon="shield" busy=${busy} onClick=${verify}>${t("audit.verify")}</${Button}>`;
}

export function Audit() {
  const [{ subject }, change] = useQuery();
  const list = useList("/audit", { query: { subject }, kinds: ["audit", "layer", "group", "device", "rollout"], gap_ms: 5000, limit: 50 });
  return html`<${PageHead} title=${t("nav.audit")}>${subject && html`<${Button} icon="close"
      onClick=${() => change({ subject: "" })}>${t("audit.only", { subject })}</${Button}>`}<${Verify} /></${PageHead}>
    <section class="card flush"><${ListTable} list=${list} columns=${COLUMNS} label=${t("nav.audit")} rowKey=${(row) => row.seq}
      empty=${html`<${Empty} icon="audit" title=${t("list.empty")} />`} /></section>`;
}
