// health.js - how a vendor answers: hour by hour, by error class, and who leaves it out

import { html, useMemo, useState } from "../../dom.js";
import { useResource } from "../../api.js";
import { attemptsBehind, quoted, robotsBehind } from "../../components/behind.js";
import { Circuits } from "../../components/circuits.js";
import { Plot, seriesColour, timesShown } from "../../components/plot.js";
import { Empty, Loaded } from "../../components/states.js";
import { Table } from "../../components/table.js";
import { Card, Chip, Facts, Segmented } from "../../components/ui.js";
import { compact, milliseconds, number, percent, plain, timeExact, timeShort } from "../../format.js";
import { t, word } from "../../text.js";

const MEASURES = [
  ["failed_share", (hour) => (hour.attempts > 0 ? (100 * hour.failed) / hour.attempts : null), "%"],
  ["attempts", (hour) => hour.attempts, ""],
  ["first_token", (hour) => hour.first_token_ms, "ms"],
];

function Lines({ hours, measure: [name, value, unit] }) {
  const data = useMemo(() => [hours.map(({ at }) => Date.parse(at) / 1000), hours.map(value)], [hours, name]);
  const options = (axis) => ({
    scales: { x: { range: timesShown }, y: { range: (_, low, high) => [0, high * 1.1 || 5] } },
    axes: [axis({ size: 30, grid: { show: false }, space: 90,
      values: (_, splits) => splits.map((at) => timeShort(at * 1000, splits.at(-1) - splits[0])) }),
    axis({ size: 76, values: (_, splits) => splits.map((split) => `${compact(split)} ${unit}`.trim()) })],
    series: [{}, { stroke: seriesColour(0), width: 1.5, points: { show: true, size: 5 } }],
  });
  return html`<${Plot} data=${data} options=${options} version=${name} height=${180}
    label=${t("vendor.plot", { measure: t(`vendor.measure.${name}`) })}
    reading=${(i) => [timeExact(hours[i].at), data[1][i] === null ? t("vendor.quiet") : `${plain(data[1][i], 1)} ${unit}`.trim()]} />`;
}

const CLASSES = (behind) => [
  { key: "class", title: t("vendor.class"), lead: true, cell: (row) => word("error", row.name) },
  { key: "attempts", title: t("attempts"), end: true, width: "110px", cell: (row) => html`<a href=${behind({ class: row.name })}>${number(row.attempts)}</a>` },
  { key: "share", title: t("vendor.class_share"), end: true, width: "130px", cell: (row) => percent(row.share) },
];

function classesOf(hours) {
  const sums = {};
  for (const { classes } of hours) for (const [name, n] of Object.entries(classes)) sums[name] = (sums[name] || 0) + n;
  const all = hours.reduce((sum, { attempts }) => sum + attempts, 0);
  return Object.entries(sums).sort(([, a], [, b]) => b - a).map(([name, n]) => ({ name, attempts: n, share: n / all }));
}

const whoLeavesOut = (id, why) => robotsBehind(`left_out = ${quoted(why ? `${id}:${why}` : id)}`);

function LeftOut({ id, health }) {
  const { robots, first, classes, circuits } = health.left_out;
  const told = new Set(circuits.map(({ device }) => device));
  const rows = [...circuits, ...first.filter((device) => !told.has(device)).map((device) => ({ device }))];
  const why = Object.entries(classes).sort(([, a], [, b]) => b - a);
  return html`<${Card} title=${t("vendor.left_out")} id="left-out" flush>
    <div class="pad"><p>${t("vendor.left_out.text", { n: robots, heard: number(health.heard) })}</p>
      ${why.length > 0 && html`<p class="row">${why.map(([name, n]) => html`<${Chip} key=${name} tone="warn" href=${whoLeavesOut(id, name)}>${word("error", name)}: ${number(n)}</${Chip}>`)}</p>`}</div>
    ${rows.length > 0 && html`<${Circuits} label=${t("vendor.left_out")} rows=${rows} ofRobots />`}
    ${robots > first.length && html`<p class="pad"><a href=${whoLeavesOut(id)}>${t("vendor.left_out.more", { n: number(robots - first.length) })}</a></p>`}
  </${Card}>`;
}

// The attempts of the hours that are told, narrowed.
const behindHours = (id, hours) => (only) => attemptsBehind({ vendor: id, from: hours[0]?.at, counted: "health", ...only });

function Sums({ id, hours, health }) {
  const attempts = hours.reduce((sum, hour) => sum + hour.attempts, 0);
  const failed = hours.reduce((sum, hour) => sum + hour.failed, 0);
  const latest = hours.at(-1)?.first_token_ms;
  return html`<${Facts} flow items=${[
    [t("attempts"), html`<a href=${behindHours(id, hours)({})}>${number(attempts)}</a>`],
    [t("vendor.measure.failed_share"), html`<a href=${behindHours(id, hours)({ outcome: "failed" })}>${attempts > 0 ? percent(failed / attempts) : number(0)}</a>`],
    [t("vendor.measure.first_token"), milliseconds(latest === null || latest === undefined ? null : Math.round(latest))],
    [t("vendor.left_out"), html`<a href=${whoLeavesOut(id)}>${number(health.left_out.robots)}</a>`]]} />`;
}

export function VendorHealth({ id }) {
  const [back, setBack] = useState("48");
  const [chosen, choose] = useState(MEASURES[0][0]);
  const state = useResource(`/vendors/${id}/health`, { query: { hours: back }, kinds: ["usage", "vendor"], gap_ms: 15000 });
  const measure = MEASURES.find(([name]) => name === chosen);
  return html`<${Loaded} state=${state} lines=${8}>${(health) => html`
    <${Card} title=${t("vendor.health")} actions=${html`<${Segmented} label=${t("vendor.back")} value=${back} onChange=${setBack}
        options=${[["24", t("days", { n: 1 })], ["48", t("days", { n: 2 })], ["168", t("days", { n: 7 })]]} />`}>
      <${Sums} id=${id} hours=${health.hours} health=${health} />
      ${health.hours.length === 0 ? html`<${Empty} icon="vendors" title=${t("vendor.quiet")} />` : html`
        <p><${Segmented} label=${t("health.measure")} value=${chosen} onChange=${choose}
          options=${MEASURES.map(([name]) => [name, t(`vendor.measure.${name}`)])} /></p>
        <${Lines} hours=${health.hours} measure=${measure} />`}
    </${Card}>
    <${Card} title=${t("vendor.classes")} flush id="classes"><${ClassTable} rows=${classesOf(health.hours)} behind=${behindHours(id, health.hours)} /></${Card}>
    <${LeftOut} id=${id} health=${health} />`}</${Loaded}>`;
}

function ClassTable({ rows, behind }) {
  return rows.length === 0 ? html`<${Empty} icon="check" title=${t("vendor.nothing_failed")} />`
    : html`<${Table} label=${t("vendor.classes")} columns=${CLASSES(behind)} rows=${rows} rowKey=${(row) => row.name} />`;
}
