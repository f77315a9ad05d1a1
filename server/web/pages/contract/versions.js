// versions.js - the history of a contract's terms, and two of them side by side

import { html } from "../../dom.js";
import { SelectField } from "../../components/field.js";
import { Empty } from "../../components/states.js";
import { Table } from "../../components/table.js";
import { Ago, Card, Chip } from "../../components/ui.js";
import { useQuery } from "../../router.js";
import { t } from "../../text.js";
import { compare, memberName, rowsOf, stageNow, stagesOf } from "./terms.js";

const stageName = (stage) => (stage.amendment ? t("versions.amended", { n: stage.version.version, from: stage.from })
  : t("versions.version", { n: stage.version.version, from: stage.from }));

const COLUMNS = (now) => [
  { key: "name", title: t("version"), lead: true, cell: (stage) => html`<b>${stage.version.version}</b>${stage.amendment
    ? html` <span class="muted">${t("versions.amendment")}</span>` : ""} ${stage === now && html`<${Chip} tone="ok">${t("versions.now")}</${Chip}>`}` },
  { key: "from", title: t("effective_from"), cell: (stage) => stage.from },
  { key: "by", title: t("versions.by"), cell: (stage) => stage.version.created_by.replace(/^operator:/, "") },
  { key: "made", title: t("versions.made"), end: true, cell: (stage) => html`<${Ago} at=${stage.version.created_at} />` },
];

const DIFF = (older, newer) => [
  { key: "term", title: t("versions.term"), lead: true, width: "30%", cell: (row) => html`<span class="muted">${t(`terms.${row.section}`)}</span>
    ${row.entry && html` <b>${row.entry}</b>`} <span class="sub">${memberName(row.member)}</span>` },
  { key: "old", title: older, cell: (row) => (row.old === undefined ? html`<span class="muted">${t("versions.absent")}</span>` : html`<del>${row.old}</del>`) },
  { key: "new", title: newer, cell: (row) => (row.now === undefined ? html`<span class="muted">${t("versions.absent")}</span>` : html`<ins>${row.now}</ins>`) },
];

function Diff({ stages }) {
  const [query, change] = useQuery();
  const find = (id, other) => stages.find((stage) => stage.id === id) || other;
  const newer = find(query.now, stages.at(-1));
  const older = find(query.was, stages[Math.max(0, stages.indexOf(newer) - 1)]);
  const options = stages.map((stage) => [stage.id, stageName(stage)]);
  const rows = compare(older.terms, newer.terms);
  const changed = rows.filter((row) => row.change);
  return html`<${Card} title=${t("versions.compare")} flush class="term-diff">
    <div class="toolbar"><${SelectField} label=${t("versions.older")} value=${older.id} options=${options} onInput=${(was) => change({ was, now: newer.id })} />
      <${SelectField} label=${t("versions.newer")} value=${newer.id} options=${options} onInput=${(now) => change({ was: older.id, now })} /></div>
    ${changed.length === 0 ? html`<${Empty} icon="check" title=${t("versions.same")} />`
    : html`<${Table} label=${t("versions.compare")} columns=${DIFF(stageName(older), stageName(newer))} rows=${changed} rowKey=${(row) => row.key} />`}
    <footer class="table-foot"><span class="muted">${t("versions.unchanged", { n: rows.length - changed.length })}</span></footer></${Card}>`;
}

// The terms of one stage, entry by entry.
function Terms({ terms }) {
  const sections = new Map();
  for (const row of rowsOf(terms)) {
    const entries = sections.get(row.section) || sections.set(row.section, new Map()).get(row.section);
    const id = row.id || row.key;
    (entries.get(id) || entries.set(id, []).get(id)).push(row);
  }
  return html`<div class="terms">${[...sections].map(([section, entries]) => html`<section key=${section}>
    <h3>${t(`terms.${section}`)}</h3>
    ${section === "contract" ? html`<dl class="facts">${[...entries.values()].flat().map((row) => html`<div key=${row.key}><dt>${memberName(row.member)}</dt><dd>${row.text}</dd></div>`)}</dl>`
    : [...entries].map(([id, rows]) => html`<div class="term-entry" key=${id}><b>${rows[0].entry}</b>
      <dl class="facts">${rows.map((row) => html`<div key=${row.key}><dt>${memberName(row.member)}</dt><dd>${row.text}</dd></div>`)}</dl></div>`)}
  </section>`)}</div>`;
}

export function Versions({ contract }) {
  const stages = stagesOf(contract);
  const now = stageNow(stages);
  return html`
    <${Card} title=${t("versions")} flush><${Table} label=${t("versions")} columns=${COLUMNS(now)} rows=${[...stages].reverse()} rowKey=${({ id }) => id} /></${Card}>
    ${stages.length > 1 && html`<${Diff} stages=${stages} />`}
    <${Card} title=${t("versions.says", { name: stageName(now) })}><${Terms} terms=${now.terms} /></${Card}>`;
}
