// health.js - what a robot measured of itself over two days, as lines

import { html, useMemo, useState } from "../../dom.js";
import { useResource } from "../../api.js";
import { Plot, seriesColour, timesShown } from "../../components/plot.js";
import { Loaded } from "../../components/states.js";
import { Card, Segmented } from "../../components/ui.js";
import { compact, plain, timeExact, timeShort } from "../../format.js";
import { t } from "../../text.js";

// Counts of the agent's life, as what was added since the sample before; a restart begins anew.
const added = (name) => (row, i, rows) => {
  const before = i > 0 ? rows[i - 1][name] : 0;
  return row[name] >= before ? row[name] - before : row[name];
};

const MEASURES = [
  ["health.cpu_percent", (row) => row.cpu_percent, "%"],
  ["health.memory_kib", (row) => row.memory_kib / 1024, "MiB"],
  ["health.disk_free_mib", (row) => row.disk_free_mib, "MiB"],
  ["health.turns_per", added("turns"), ""],
  ["health.failed_per", added("failed_turns"), ""],
  ["health.underruns_per", added("audio_underruns"), ""],
  ["health.late_per", added("frames_late"), ""],
  ["health.journal_pending", (row) => row.journal_pending, ""],
  ["health.wifi_dbm", (row) => row.wifi_dbm || null, "dBm"],
];

function Lines({ rows, measure: [name, value, unit] }) {
  const data = useMemo(() => [rows.map(({ at }) => Date.parse(at) / 1000), rows.map(value)], [rows, name]);
  const options = (axis) => ({
    scales: { x: { range: timesShown }, y: { range: (_, low, high) => (low < 0 ? [low - 5, 0] : [0, high * 1.1 || 1]) } },
    axes: [axis({ size: 30, grid: { show: false }, space: 90,
      values: (_, splits) => splits.map((at) => timeShort(at * 1000, splits.at(-1) - splits[0])) }),
      axis({ size: 76, values: (_, splits) => splits.map((split) => `${compact(split)} ${unit}`.trim()) })],
    series: [{}, { stroke: seriesColour(0), width: 1.5, points: { show: rows.length < 40, size: 5 } }],
  });
  return html`<${Plot} data=${data} options=${options} version=${name} height=${160} label=${t("health.plot", { measure: t(name) })}
    reading=${(i) => [timeExact(rows[i].at), data[1][i] === null ? t("health.unknown") : `${plain(data[1][i], 1)} ${unit}`.trim()]} />`;
}

export function Health({ id }) {
  const state = useResource(`/devices/${id}/health`, { kinds: ["device"], id, gap_ms: 10000 });
  const [chosen, choose] = useState(MEASURES[0][0]);
  const rows = state.data?.items || [];
  if (state.data && rows.length === 0) return null;
  const told = MEASURES.filter(([name]) => name !== "health.wifi_dbm" || rows.some(({ wifi_dbm: dbm }) => dbm !== 0));
  const measure = told.find(([name]) => name === chosen) || told[0];
  return html`<${Card} title=${t("health")} actions=${html`<${Segmented} label=${t("health.measure")} value=${measure[0]}
      options=${told.map(([name]) => [name, t(name)])} onChange=${choose} />`}>
    <${Loaded} state=${state} lines=${4}>${() => html`<${Lines} rows=${rows} measure=${measure} />
      ${rows.length === 1 && html`<p class="muted">${t("health.few")}</p>`}`}</${Loaded}></${Card}>`;
}
