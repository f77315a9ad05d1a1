// drain.js - leading robots away from a vendor and back: at once, in a window, as a drill

import { html, useState } from "../../dom.js";
import { post, useLoad } from "../../api.js";
import { FormDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { Loaded } from "../../components/states.js";
import { Table } from "../../components/table.js";
import { Button, Chip, IconButton, Money } from "../../components/ui.js";
import { number, timeExact } from "../../format.js";
import { tell } from "../../said.js";
import { may } from "../../session.js";
import { t, word } from "../../text.js";

const TONES = { refuse: "bad", warn: "warn", info: "" };
const STATES = { active: "bad", planned: "info", returning: "warn", missed: "warn" };

// Whether a vendor is in use, drained, or will be.
export function VendorState({ vendor }) {
  const active = vendor.drains.find(({ state }) => state === "active");
  const planned = vendor.drains.find(({ state }) => state === "planned");
  const [drain] = [active, planned].filter(Boolean);
  if (!drain) return html`<span class="muted">${t("drain.in_use")}</span>`;
  return html`<${Chip} tone=${STATES[drain.state]} title=${drain.reason}>${active
    ? t(active.kind === "drill" ? "drain.drilled" : "drain.drained") : t("drain.window")}</${Chip}>
    <span class="sub">${active ? t("drain.robots", { n: number(active.robots), moved: number(active.moved) })
      : t("drain.from", { at: timeExact(planned.from) })}</span>`;
}

// What a landing place carries, in the order of what matters.
function Room({ room }) {
  const limits = [...room.headroom.map((row) => ({ ...row, name: row.source })),
    ...room.rates.map((row) => ({ ...row, name: row.contract, unit: word("metric", row.metric) }))];
  return html`<p><b>${t(room.fits ? "drain.fits" : "drain.fits_not", { n: number(room.robots) })}</b></p>
    <ul class="findings">
      ${room.landings.map((landing, i) => html`<li key=${i}><span>${t("drain.landing", { n: number(landing.robots),
        use: landing.use, model: landing.model, vendor: landing.vendor, contract: landing.contract })}</span></li>`)}
      ${room.money.map((row) => html`<li key=${row.contract}><span>${t(row.lands ? "drain.costs" : "drain.cost", { contract: row.contract })}
        ${" "}<${Money} value=${row.per_day} currency=${row.currency} /></span></li>`)}
      ${room.findings.map((finding, i) => html`<li key=${i}><${Chip} tone=${TONES[finding.severity]}>${t(`drain.${finding.severity}`)}</${Chip}>
        <span>${tell(finding.text)}</span></li>`)}
    </ul>
    ${limits.length > 0 && html`<${Table} label=${t("drain.limits")} rows=${limits} rowKey=${(row) => row.name + row.unit} columns=${[
      { key: "name", title: t("drain.limit"), lead: true, cell: (row) => html`${row.name}<span class="sub">${row.unit}</span>` },
      { key: "limit", title: t("drain.at_most"), end: true, width: "100px", cell: (row) => number(row.limit) },
      { key: "stay", title: t("drain.now"), end: true, width: "90px", cell: (row) => number(row.stay) },
      { key: "end", title: t("drain.then"), end: true, width: "90px", cell: (row) => number(row.at_end) },
      { key: "carries", title: t("drain.carries"), end: true, width: "90px", cell: (row) => html`<span
        class=${row.carries < 100 ? "tone-warn" : undefined}>${row.carries} %</span>` }]} />`}
    <p class="sub">${t("drain.basis", { hours: number(room.hours) })}</p>`;
}

export function DrainDialog({ vendor, onClose }) {
  const [reason, setReason] = useState("");
  const state = useLoad(() => post(`/vendors/${vendor.id}/drain/preview`), { deps: [vendor.id] });
  const submit = () => post(`/vendors/${vendor.id}/drain`, { reason });
  return html`<${FormDialog} wide title=${t("drain.title", { id: vendor.id })} action=${t("drain.do")} kind="danger"
      submit=${submit} onClose=${onClose}>${() => html`
    <p>${t("drain.lead")}</p>
    <${Loaded} state=${state} lines=${4}>${() => html`<${Room} room=${state.data.data} />`}</${Loaded}>
    <${TextField} label=${t("drain.reason")} value=${reason} onInput=${setReason} maxlength="300" />`}
  </${FormDialog}>`;
}

// Of the browser's own field, which has no zone: the browser's is meant, and said.
const instant = (text) => (text ? new Date(text).toISOString() : "");

export function WindowForm({ vendor, onDone }) {
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState(null);
  const add = async (event) => {
    event.preventDefault();
    try {
      await post(`/vendors/${vendor.id}/maintenance`, { from: instant(from), until: instant(until), reason });
      setProblem(null);
      onDone();
    } catch (error) {
      setProblem(error);
    }
  };
  return html`<form class="row" onSubmit=${add} novalidate>
    <${TextField} label=${t("drain.window.from")} type="datetime-local" value=${from} onInput=${setFrom} error=${problem?.at("/from")} />
    <${TextField} label=${t("drain.window.until")} type="datetime-local" value=${until} onInput=${setUntil} error=${problem?.at("/until")} />
    <${TextField} label=${t("drain.reason")} value=${reason} onInput=${setReason} maxlength="300" />
    <${Button} type="submit" icon="plus" disabled=${!from || !until}>${t("drain.window.add")}</${Button}>
    ${problem && !problem.placed && html`<p class="error" role="alert">${problem.message}</p>`}
  </form><p class="sub">${t("drain.window.zone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}</p>`;
}

const span = (row) => html`${timeExact(row.started_at || row.from)}<span class="sub">${row.return_at || row.until
  ? t("drain.until", { at: timeExact(row.return_at || row.until) }) : t("drain.by_hand")}</span>`;

export const drainColumns = (onCancel) => [
  { key: "kind", title: t("drain.kind"), lead: true, width: "130px", cell: (row) => html`${word("drain_kind", row.kind)}
    <span class="sub">${row.share || row.reason}</span>` },
  { key: "state", title: t("drain.state"), width: "110px", cell: (row) => html`<${Chip} tone=${STATES[row.state]}>${word("drain_state", row.state)}</${Chip}>` },
  { key: "from", title: t("drain.time"), whole: true, cell: span },
  { key: "robots", title: t("drain.moved"), end: true, width: "110px", cell: (row) => `${number(row.moved)} / ${number(row.robots)}` },
  { key: "offline", title: t("drain.offline"), end: true, width: "80px", cell: (row) => (row.offline === null ? "" : number(row.offline)) },
  { key: "kept", title: t("drain.kept"), end: true, width: "80px", cell: (row) => number(row.kept) },
  { key: "act", title: "", end: true, width: "48px", cell: (row) => row.state === "planned" && may("operator")
    && html`<${IconButton} icon="close" label=${t("drain.window.cancel")} onClick=${() => onCancel(row)} />` },
];
