// facts.js - what the server knows of a robot beside its settings

import { html } from "../../dom.js";
import { Ago, Facts as List, Status } from "../../components/ui.js";
import { milliseconds, NONE, number, timeExact } from "../../format.js";
import { t } from "../../text.js";
import { Generation } from "../fleet.js";

const HEALTH = {
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
};

function journal({ journal: kept }) {
  if (!kept) return NONE;
  return html`<${Status} kind="journal" value=${kept.status} />
    <span class="muted"> ${t("journal.counted", { n: number(kept.watermark) })}</span>`;
}

function credit({ credit: lines }) {
  if (!Array.isArray(lines) || lines.length === 0) return NONE;
  if (lines.every((line) => line.unlimited)) return t("credit.unlimited");
  return lines.map((line) => `${number(line.used)} / ${number(line.granted)}`).join(", ");
}

export function Facts({ robot }) {
  const health = Object.entries(HEALTH).filter(([name]) => robot.health?.[name] !== undefined);
  return html`<${List} items=${[
    [t("last_seen"), html`<${Ago} at=${robot.last_seen} none=${t("never")} />`],
    [t("generation"), html`<${Generation} robot=${robot} />`],
    [t("robot.reported"), html`<${Ago} at=${robot.reported_at} none=${t("never")} />`],
    [t("version"), robot.software],
    [t("serial"), robot.serial],
    [t("journal"), journal(robot)],
    [t("credit"), credit(robot)],
    [t("clock_offset"), robot.clock_offset_ms === undefined ? NONE : milliseconds(robot.clock_offset_ms)],
    [t("certificate_until"), robot.certificate_until && timeExact(robot.certificate_until)],
    ...health.map(([name, shown]) => [t(`health.${name}`), shown(robot.health[name])]),
  ]} />`;
}
