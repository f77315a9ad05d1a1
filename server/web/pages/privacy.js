// privacy.js - for how long what is kept, and why some of it stays

import { html, useState } from "../dom.js";
import { put, useResource } from "../api.js";
import { FormDialog } from "../components/dialog.js";
import { SelectField, TextField } from "../components/field.js";
import { PageHead } from "../components/page.js";
import { ListTable } from "../components/table.js";
import { Card, Chip, IconButton } from "../components/ui.js";
import { number } from "../format.js";
import { tell } from "../said.js";
import { may } from "../session.js";
import { t } from "../text.js";

const EVER = 0;
const spanOf = (row, n) => (n === EVER ? t("privacy.ever") : t(row.unit, { n }));
const goingOf = (row, n) => t(row.unit === "months" ? "privacy.going.months" : "privacy.going", { n, told: number(n) });

// Two steps, so that nobody forgets what was not counted: the server tells first what would go.
function KeepDialog({ row, onClose }) {
  const [keep, setKeep] = useState(String(row.keep || row.usual || row.least));
  const [ever, setEver] = useState(row.keep === EVER ? "yes" : "no");
  const [looked, setLooked] = useState(null); // {keep, forgets}
  const wanted = ever === "yes" ? EVER : Number(keep);
  const isKnown = looked?.keep === wanted;
  const submit = async () => {
    const { data } = await put(`/retention/${row.class}`, { keep: wanted, dry_run: !isKnown });
    setLooked(data);
    if (isKnown || data.forgets > 0) return isKnown;
    await put(`/retention/${row.class}`, { keep: wanted });
    return true;
  };
  const isDue = isKnown && looked.forgets > 0;
  return html`<${FormDialog} title=${t("privacy.change", { what: tell(row.what) })} submit=${submit} onClose=${onClose}
      action=${isDue ? t("privacy.forget") : t("save")} kind=${isDue ? "danger" : "primary"} ready=${ever === "yes" || (Number.isInteger(wanted) && wanted !== EVER)}>${(problem) => html`
    ${row.may_be_ever && html`<${SelectField} label=${t("privacy.keep")} value=${ever} onInput=${setEver}
      options=${[["no", t("privacy.for_a_time")], ["yes", t("privacy.ever")]]} />`}
    ${ever === "no" && html`<${TextField} label=${t(`privacy.${row.unit}`)} type="number" min=${row.least} max=${row.most} value=${keep} onInput=${setKeep}
      hint=${t("privacy.bounds", { least: number(row.least), most: number(row.most), usual: spanOf(row, row.usual) })} error=${problem?.at("/keep")} />`}
    ${isDue && html`<p class="tone-bad" role="alert">${t("privacy.no_way_back", { what: goingOf(row, looked.forgets) })}</p>`}`}
  </${FormDialog}>`;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const what = { key: "what", title: t("privacy.what"), lead: true, cell: (row) => html`<b>${sentence(tell(row.what))}</b><code class="sub">${row.class}</code>` };

const columns = (onEdit) => [
  what,
  { key: "keep", title: t("privacy.kept"), width: "190px", cell: (row) => html`${spanOf(row, row.keep)}${row.is_set && row.keep !== row.usual
    && html` <${Chip}>${t("privacy.usually", { span: spanOf(row, row.usual) })}</${Chip}>`}` },
  { key: "due", title: t("privacy.next"), width: "240px", from: "mid", cell: (row) => (row.due > 0 ? goingOf(row, row.due) : html`<span class="muted">${t("privacy.nothing")}</span>`) },
  ...(may("admin", "retention") ? [{ key: "edit", title: "", end: true, width: "56px", corner: true, cell: (row) => html`<${IconButton} icon="edit"
    label=${t("privacy.change", { what: tell(row.what) })} onClick=${() => onEdit(row)} />` }] : []),
];

const staying = [
  what,
  { key: "why", title: t("privacy.why"), lead: true, cell: (row) => sentence(tell(row.why)) },
];

// The classes that are kept so, as a list that has no further page.
const only = (state, keeps) => ({ ...state, items: state.data?.items.filter(keeps) ?? null, next: null });

export function Privacy() {
  const state = useResource("/retention", { kinds: ["retention"], gap_ms: 1000 });
  const [editing, setEditing] = useState(null);
  const close = () => {
    setEditing(null);
    state.reload();
  };
  return html`<${PageHead} title=${t("privacy")} crumbs=${may("operator", "audit") ? [[t("nav.audit"), "/audit"]] : []} at=${state.at} lead=${t("privacy.lead")}>
      ${may("operator", "audit") && html`<a class="button" href="/audit?action=retention">${t("privacy.audit")}</a>`}</${PageHead}>
    <${Card} title=${t("privacy.goes")} flush><${ListTable} list=${only(state, (row) => row.unit !== null)} columns=${columns(setEditing)}
      label=${t("privacy.goes")} rowKey=${(row) => row.class} skeleton=${6} /></${Card}>
    <${Card} title=${t("privacy.stays")} flush><${ListTable} list=${only(state, (row) => row.unit === null)} columns=${staying}
      label=${t("privacy.stays")} rowKey=${(row) => row.class} skeleton=${6} /></${Card}>
    <${Card} title=${t("privacy.owner")}><p>${t("privacy.owner.how")}</p>
      <pre class="code wrap">mynactl device export kitchen-7 kitchen-7.jsonl
mynactl device erase kitchen-7</pre></${Card}>
    ${editing && html`<${KeepDialog} row=${editing} onClose=${close} />`}`;
}
