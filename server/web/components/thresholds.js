// thresholds.js - points on the way to a limit: how far off they are, what they did and to whom, and the
// way to lift that

import { html, useState } from "../dom.js";
import { post, useResource } from "../api.js";
import { money, number, percent } from "../format.js";
import { tell } from "../said.js";
import { may } from "../session.js";
import { ofText, t, word } from "../text.js";
import { pageOf, quoted, robotsBehind } from "./behind.js";
import { Confirm } from "./dialog.js";
import { Empty, Loaded, Missed } from "./states.js";
import { Table } from "./table.js";
import { toast } from "./toast.js";
import { Ago, Button, Card, Chip } from "./ui.js";

const TONES = { armed: "ok", fired: "bad", waived: "warn" };

// "budget:night:80%" is the threshold 80% of the budget night.
function sourceOf({ source }) {
  const [, id, ...name] = source.split(":");
  return { id, name: name.join(":") };
}

function State({ row }) {
  return html`<${Chip} tone=${TONES[row.state]}>${word("threshold", row.state)}</${Chip}>
    ${row.fired_at && html`<span class="sub">${t("threshold.since")} <${Ago} at=${row.fired_at} /></span>`}`;
}

const atText = ({ at }) => (/^\d+$/.test(at) ? number(at) : tell(at));

// A contract's document need not name its thresholds, and "thresholds/0" is where it stands in there; whose
// own page it is on need not be told.
function nameOf(row, owned) {
  const { name } = sourceOf(row);
  if (name === row.rule.at) return tell(name);
  if (/^thresholds\/\d+$/.test(name) && row.rule.of) return `${ofText(row.rule.of)} \u00b7 ${atText(row.rule)}`;
  return owned ? name : `${name} \u00b7 ${atText(row.rule)}`;
}

function Point({ row, owned }) {
  const { id } = sourceOf(row);
  return html`<b>${nameOf(row, owned)}</b>
    ${!owned && html`<span class="sub"><a href=${pageOf(`threshold/${row.source}`)}>${id}</a></span>`}`;
}

function Does({ rule }) {
  return html`${rule.do.map((one) => tell(word("action", one))).join(", ")}
    ${rule.shadow && html`<span class="sub">${t("threshold.shadow")}</span>`}`;
}

// A sum of money has its currency as unit; a count has none.
function Seen({ seen }) {
  const show = (value) => (/^[A-Z]{3}$/.test(seen.unit ?? "") ? money(value, seen.unit) : number(Math.floor(Number(value))));
  if (seen.value === undefined) return html`<span class="muted">${t("threshold.unseen")}</span>`;
  return html`${seen.limit === undefined ? show(seen.value) : t("threshold.of", { value: show(seen.value), limit: show(seen.limit) })}
    ${seen.share !== undefined && html`<span class="sub">${percent(Number(seen.share))}</span>`}`;
}

const columns = (owned, lift) => [
  { key: "at", title: t("threshold.at"), lead: true, cell: (row) => html`<${Point} row=${row} owned=${owned} />` },
  { key: "state", title: t("alert.state"), cell: (row) => html`<${State} row=${row} />` },
  { key: "do", title: t("threshold.does"), cell: (row) => html`<${Does} rule=${row.rule} />` },
  { key: "seen", title: t("burn.so_far"), end: true, width: "26%", cell: (row) => html`<${Seen} seen=${row.seen} />` },
  { key: "robots", title: t("threshold.robots"), end: true, width: "110px", cell: (row) => (row.robots > 0 ? html`<a href=${robotsBehind(`threshold = ${quoted(row.source)}`)}>${number(row.robots)}</a>` : number(0)) },
  ...(lift ? [{ key: "acts", title: "", end: true, width: "110px", cell: (row) => row.state === "fired"
    && html`<${Button} onClick=${() => lift(row)}>${t("threshold.reset")}</${Button}>` }] : []),
];

function Lift({ row, onClose, reload }) {
  const lift = async () => {
    await post(`/thresholds/${row.id}/reset`);
    toast(t("threshold.lifted"));
    reload();
  };
  return html`<${Confirm} title=${t("threshold.reset.title", { name: nameOf(row, true) })} action=${t("threshold.reset")}
    text=${t("threshold.reset.text", { n: row.robots })} submit=${lift} onClose=${onClose} />`;
}

// source: "budget:night", "contract:dahan-2026", whose own page this is; without one: all that fired,
// and nothing where none did.
export function Thresholds({ source }) {
  const [lifting, setLifting] = useState(null);
  const state = useResource("/thresholds", { query: source ? { source } : { state: "fired" },
    kinds: ["usage", "pool", "alert", "budget", "contract"], gap_ms: 2000 });
  const title = t(source ? "terms.thresholds" : "threshold.fired_now");
  if (!source && !state.data?.items.length) return html`<${Missed} state=${state} what=${title} />`;
  return html`<${Card} title=${title} flush>
    <${Loaded} state=${state} lines=${2}>${({ items }) => (items.length === 0
      ? html`<${Empty} icon="alerts" title=${t("threshold.none")}><p class="muted">${t("threshold.none.how")}</p></${Empty}>`
      : html`<${Table} label=${title} rows=${items} columns=${columns(Boolean(source), may("operator", "thresholds") && setLifting)} />`)}</${Loaded}></${Card}>
    ${lifting && html`<${Lift} row=${lifting} reload=${state.reload} onClose=${() => setLifting(null)} />`}`;
}
