// facts.js - what the server knows of a robot beside its settings

import { html, useState } from "../../dom.js";
import { patch } from "../../api.js";
import { FormDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { Generation } from "../../components/robotstate.js";
import { Ago, Card, Facts as List, IconButton, Status } from "../../components/ui.js";
import { digitsFor, milliseconds, money, NONE, number, timeExact } from "../../format.js";
import { tell } from "../../said.js";
import { may } from "../../session.js";
import { t, word } from "../../text.js";

const HEALTH = {
  wifi_dbm: (value) => `${number(value)} dBm`,
  uptime_s: (value) => (value >= 172800 ? t("days", { n: Math.floor(value / 86400) })
    : value >= 7200 ? t("hours", { n: Math.floor(value / 3600) }) : t("minutes", { n: Math.floor(value / 60) })),
  cpu_percent: (value) => `${number(value)} %`,
  memory_kib: (value) => `${number(value / 1024)} MiB`,
  disk_free_mib: (value) => `${number(value)} MiB`,
  turns: number,
  failed_turns: number,
  audio_underruns: number,
  frames_late: number,
  journal_pending: number,
  held_crisis: number,
  held_self_harm: number,
  held_violence: number,
  held_sexual: number,
  held_hate: number,
  held_drugs: number,
  held_personal: number,
};

// Counts of what went wrong: nothing of a kind is not worth a line.
const COUNTS = /^(failed_turns|audio_underruns|frames_late|journal_pending|held_)/;

function journal({ journal: kept }) {
  if (!kept) return NONE;
  return html`<${Status} kind="journal" value=${kept.status} />
    <span class="muted"> ${t("journal.counted", { n: number(kept.watermark) })}</span>`;
}

// By route: what is used of what it holds. A line that ended has nothing.
function credit({ credit: lines }) {
  if (!Array.isArray(lines) || lines.length === 0) return NONE;
  if (lines.every((line) => (line.amounts || []).length === 0)) return t("credit.unlimited");
  const held = lines.map(({ route, amounts }) => ({ route, amounts: (amounts || []).filter((amount) => amount.used > 0 || amount.granted > amount.returned) }))
    .filter(({ amounts }) => amounts.length > 0);
  if (held.length === 0) return NONE;
  return held.map(({ route, amounts }, i) => html`<span class="credit-line" key=${i}>${route && html`<a href=${`/contracts/${route.contract}`}>${route.vendor} / ${route.model}</a>`}
    ${amounts.map((amount) => html`<span class="sub" key=${amount.unit}>${creditText(amount)}</span>`)}</span>`);
}

// Credit in money counts 10^-9 of its currency.
function creditText({ used, granted, returned, unit }) {
  const held = granted - returned;
  if (/^[A-Z]{3}$/.test(unit || "")) {
    const [spent, of] = [used / 1e9, held / 1e9].map((sum, _, sums) => money(sum, unit, digitsFor(sums)));
    return t("credit.spent", { spent, of });
  }
  return t("credit.used", { used: number(used), held: number(held), unit: unit ? word("metric", unit) : "" });
}

// The newest configuration that it tried before it ran it, while that is news.
function trial({ trial: tried, reported_generation: runs }) {
  if (!tried || tried.generation < runs) return NONE;
  const step = t(`trial.step.${tried.step}`);
  return html`<${Status} kind="trial" value=${tried.verdict} />
    <span class="muted"> ${tried.verdict === "passed" ? "" : t("trial.reached", { step })} ${tell(tried.reason)}</span>`;
}

// Labels as people type them: "floor=2, shop=north".
const labelsText = (labels) => Object.entries(labels || {}).map(([name, value]) => `${name}=${value}`).join(", ");

function labelsOf(text) {
  const pairs = text.split(",").map((part) => part.trim()).filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => {
    const [name, ...value] = pair.split("=");
    return [name.trim(), value.join("=").trim()];
  }));
}

function Edit({ robot, etag, onClose, onChange }) {
  const [name, setName] = useState(robot.name);
  const [region, setRegion] = useState(robot.region);
  const [labels, setLabels] = useState(labelsText(robot.labels));
  const submit = async () => {
    await patch(`/devices/${robot.id}`, { name, region, labels: labelsOf(labels) }, etag);
    onChange();
  };
  return html`<${FormDialog} title=${t("robot.edit", { id: robot.id })} action=${t("save")} submit=${submit} onClose=${onClose}>
    ${(problem) => html`
    <${TextField} label=${t("name")} value=${name} onInput=${setName} error=${problem?.at("/name")} />
    <${TextField} label=${t("region")} hint=${t("robot.region.hint")} value=${region} onInput=${setRegion} error=${problem?.at("/region")} />
    <${TextField} label=${t("labels")} hint=${t("labels.hint")} value=${labels} onInput=${setLabels} error=${problem?.at("/labels")} />`}
  </${FormDialog}>`;
}

export function Facts({ robot, etag, onChange }) {
  const [editing, setEditing] = useState(false);
  const health = Object.entries(HEALTH).filter(([name]) => robot.health?.[name] !== undefined && (name !== "wifi_dbm" || robot.health[name] !== 0));
  const nothing = health.filter(([name]) => robot.health[name] === 0 && COUNTS.test(name));
  const fact = ([name, shown]) => [t(`health.${name}`), shown(robot.health[name])];
  const edit = may("operator") && html`<${IconButton} icon="edit" label=${t("robot.edit", { id: robot.id })}
    onClick=${() => setEditing(true)} />`;
  return html`<${Card} title=${t("robot.facts")} actions=${edit}>
  <h3>${t("robot.own.operator")}</h3>
  <${List} items=${[
    [t("name"), robot.name],
    [t("region"), robot.region],
    [t("labels"), labelsText(robot.labels)],
  ]} />
  <h3>${t("robot.own.device")}</h3>
  <${List} items=${[
    [t("version"), robot.software],
    [t("robot.hardware"), robot.hardware],
    [t("trial"), trial(robot)],
    [t("robot.reported"), html`<${Ago} at=${robot.reported_at} none=${t("never")} />`],
    [t("credit"), credit(robot)],
    [t("clock_offset"), robot.clock_offset_ms === undefined ? NONE : milliseconds(robot.clock_offset_ms)],
    [t("utc_offset"), robot.utc_offset ?? NONE],
    ...health.filter((entry) => !nothing.includes(entry)).map(fact),
  ]} />
  ${nothing.length > 0 && html`<details class="folded"><summary>${t("health.nothing", { n: nothing.length })}</summary>
    <${List} items=${nothing.map(fact)} /></details>`}
  <h3>${t("robot.own.server")}</h3>
  <${List} items=${[
    [t("last_seen"), html`<${Ago} at=${robot.last_seen} none=${t("never")} />`],
    [t("generation"), html`<${Generation} robot=${robot} />`],
    [t("journal"), journal(robot)],
    [t("serial"), robot.serial],
    [t("certificate_until"), robot.certificate_until && timeExact(robot.certificate_until)],
    ...(robot.transfer ? [[t("transfer.waits"), t("transfer.waits.text", { who: robot.transfer.asked_by, until: timeExact(robot.transfer.expires_at) })]] : []),
  ]} />
  ${editing && html`<${Edit} robot=${robot} etag=${etag} onClose=${() => setEditing(false)} onChange=${onChange} />`}</${Card}>`;
}
