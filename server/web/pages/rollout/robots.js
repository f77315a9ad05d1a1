// robots.js - what became of each robot of a rollout, and why; the address keeps what is shown

import { html } from "../../dom.js";
import { useList } from "../../api.js";
import { ListTable } from "../../components/table.js";
import { Ago, Card, Chip } from "../../components/ui.js";
import { OUTCOMES, waveName } from "../../components/waves.js";
import { NONE, number } from "../../format.js";
import { useQuery } from "../../router.js";
import { tell } from "../../said.js";
import { t, word } from "../../text.js";

const TONES = { confirmed: "ok", opened: "info", failed: "bad", unreachable: "warn" };

function Why({ row }) {
  if (!row.reason && row.tries < 2) return html`<span class="muted">${NONE}</span>`;
  return html`${tell(row.reason)}${(row.tries > 1 || row.final) && html`<span class="sub">${row.tries > 1 && t("rollout.tries", { n: row.tries })}
    ${row.final && ` ${t("rollout.final")}`}</span>`}`;
}

const COLUMNS = [
  { key: "device", title: t("robot"), lead: true, width: "22%", cell: (row) => html`<a class="row-link" href="/robots/${row.device}">${row.name || row.device}</a>
    ${row.name && html`<span class="sub">${row.device}</span>`}` },
  { key: "wave", title: t("rollout.wave.n"), end: true, width: "64px", cell: (row) => number(row.wave) },
  { key: "state", title: t("rollout.outcome"), width: "128px", cell: (row) => html`<${Chip} tone=${TONES[row.state]}>${word("rollout_device", row.state)}</${Chip}>
    ${row.control && html`<span class="sub">${t("rollout.held_back")}</span>`}` },
  { key: "why", title: t("rollout.why"), cell: (row) => html`<span class="seen"><${Why} row=${row} /></span>` },
  { key: "opened", title: t("rollout.opened"), end: true, width: "96px", cell: (row) => html`<${Ago} at=${row.opened_at} />` },
  { key: "settled", title: t("rollout.settled"), end: true, from: "desk", width: "96px", cell: (row) => html`<${Ago} at=${row.settled_at} />` },
];

function Select({ label, value, options, onInput }) {
  return html`<label class="select-label"><span class="unseen">${label}</span>
    <select class="input" aria-label=${label} value=${value} onChange=${(event) => onInput(event.target.value)}>
      ${options.map(([option, text]) => html`<option key=${option} value=${option} selected=${option === value}>${text}</option>`)}
    </select></label>`;
}

export function Robots({ row }) {
  const [query, change] = useQuery();
  const state = OUTCOMES.includes(query.robots) ? query.robots : "";
  const wave = row.waves.some((one) => String(one.wave) === query.wave) ? query.wave : "";
  const list = useList(`/rollouts/${row.id}/devices`, { query: { state, wave }, kinds: ["rollout"], id: row.id, limit: 20, gap_ms: 2000 });
  const count = (name) => (row.counts?.[name] > 0 ? ` (${number(row.counts[name])})` : "");
  return html`<${Card} id="robots" title=${t("rollout.robots")} flush>
    <div class="toolbar">
      <${Select} label=${t("rollout.outcome")} value=${state} onInput=${(value) => change({ robots: value })}
        options=${[["", t("rollout.any_outcome")], ...OUTCOMES.map((name) => [name, word("rollout_device", name) + count(name)])]} />
      <${Select} label=${t("rollout.waves")} value=${wave} onInput=${(value) => change({ wave: value })}
        options=${[["", t("rollout.any_wave")], ...row.waves.map((one) => [String(one.wave), waveName(one)])]} />
    </div>
    <${ListTable} list=${list} columns=${COLUMNS} label=${t("rollout.robots")} rowKey=${(item) => item.device} skeleton=${5} noun="fleet.shown"
      empty=${html`<p class="pad muted">${t("rollout.robots.none")}</p>`} /></${Card}>`;
}
