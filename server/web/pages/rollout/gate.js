// gate.js - what a gate measured of a wave: each metric of those that have the change beside those that
// do not, the interval in which the difference lies, and the margin that it must keep

import { html } from "../../dom.js";
import { Table } from "../../components/table.js";
import { Chip } from "../../components/ui.js";
import { NONE, number, percent, plain } from "../../format.js";
import { t, word } from "../../text.js";
import { GateCourse } from "./gatecourse.js";
import { amount, known, metricName } from "./gatewords.js";

const COLOURS = { red: "bad", green: "ok", none: "" };

// Differences of shares and ratios alike as what is more or less than before: 0.02 is 2 points or 2 %.
const excess = (row, value) => (known(value) ? (row.unit === "ratio" ? value - 1 : value) : null);

function effect(row, value) {
  const part = excess(row, value);
  if (part === null) return NONE;
  return row.unit === "ratio" ? percent(part, 1, true) : t("gate.points", { n: plain(part * 100, 2, true) });
}

// Both ends of where it lies, the unit being told above.
function range(row) {
  const end = (value) => (known(value) ? plain(excess(row, value) * 100, 1, true) : "?");
  return `${end(row.lower)} \u2026 ${end(row.upper)}`;
}

// The finding in one line.
function said(row) {
  if (!known(row.lower) || !known(row.upper)) return word("gate_reason", row.reason);
  const place = t("gate.interval", { lower: effect(row, row.lower), upper: effect(row, row.upper), margin: effect(row, row.margin) });
  return row.colour === "none" ? `${place}: ${word("gate_reason", row.reason)}` : place;
}

const WIDTH = 150;
const MARGINS = 2.5; // of a margin to each side are drawn; what lies beyond ends in an arrow

// From -MARGINS to +MARGINS of the margin; the middle is no difference.
function Interval({ row }) {
  const margin = excess(row, row.margin);
  if (!margin || !known(row.lower) || !known(row.upper)) return html`<span class="muted">${NONE}</span>`;
  const x = (value) => (Math.max(-1, Math.min(1, excess(row, value) / margin / MARGINS)) + 1) * (WIDTH / 2 - 6) + 6;
  const label = said(row);
  const beyond = excess(row, row.upper) / margin > MARGINS;
  const before = excess(row, row.lower) / margin < -MARGINS;
  return html`<svg class="interval ${row.colour}" width=${WIDTH} height="22" viewBox="0 0 ${WIDTH} 22" role="img" aria-label=${label}>
    <title>${label}</title>
    <rect class="allowed" x="0" y="2" width=${x(row.margin)} height="18" rx="2" />
    <path class="same" d="M${WIDTH / 2} 2v18" /><path class="margin" d="M${x(row.margin)} 0v22" />
    <path class="range" d="M${x(row.lower)} 11H${x(row.upper)}" />
    ${!before && html`<path class="range" d="M${x(row.lower)} 7v8" />`}${!beyond && html`<path class="range" d="M${x(row.upper)} 7v8" />`}
    ${before && html`<path class="range" d="m6 7-4 4 4 4" />`}${beyond && html`<path class="range" d="m${WIDTH - 6} 7 4 4-4 4" />`}
    ${known(row.effect) && html`<circle cx=${x(row.effect)} cy="11" r="3.5" />`}
  </svg>`;
}

const both = (row, name) => html`${amount(row, row[name])}<span class="sub">${t("gate.counted", {
  n: row.counts[`${name}_robots`], counted: number(row.counts[name]), robots: number(row.counts[`${name}_robots`]) })}</span>`;

const COLUMNS = [
  { key: "metric", title: t("gate.metric"), lead: true, cell: (row) => html`<b>${metricName(row.metric)}</b>
    ${row.colour === "none" && !known(row.lower) && html`<span class="sub">${word("gate_reason", row.reason)}</span>`}` },
  { key: "colour", title: t("gate.verdict"), width: "96px", cell: (row) => html`<${Chip} tone=${COLOURS[row.colour]}>${word("gate_colour", row.colour)}</${Chip}>` },
  { key: "treated", title: t("gate.treated"), end: true, width: "112px", cell: (row) => both(row, "treated") },
  { key: "control", title: t("gate.control"), end: true, width: "112px", cell: (row) => both(row, "control") },
  { key: "effect", title: t("gate.effect"), end: true, width: "112px", cell: (row) => html`<b>${effect(row, row.effect)}</b>
    ${known(row.lower) && html`<span class="sub" title=${said(row)}>${range(row)}</span>`}` },
  { key: "interval", title: t("gate.picture"), width: "166px", cell: (row) => html`<${Interval} row=${row} />` },
  { key: "margin", title: t("gate.margin"), end: true, width: "104px", cell: (row) => effect(row, row.margin) },
];

// The look that was taken last, and every metric that has a say in it.
export function Gate({ verdict, looks, course }) {
  const because = verdict.metrics.find(({ metric }) => metric === verdict.because);
  const metrics = verdict.metrics.filter(({ colour }) => colour !== "off");
  const failures = verdict.failures ?? [];
  return html`<div class="gate"><p class="gate-words"><${Chip} tone=${COLOURS[verdict.colour]}>${word("gate_colour", verdict.colour)}</${Chip}>
      ${verdict.colour === "green" || !because ? t("gate.all_within") : html`<b>${metricName(because.metric)}</b> ${said(because)}`}${" "}
      <span class="muted">${t("gate.look", { n: looks })}</span></p>
    ${metrics.length > 0 && html`<${Table} label=${t("gate")} columns=${COLUMNS} rows=${metrics} rowKey=${(row) => row.metric} />`}
    ${course.length > 1 && html`<${GateCourse} course=${course} />`}
    ${failures.length > 0 && html`<p class="sub">${t("gate.classes")} ${failures.map((one) => `${word("error", one.class)} ${percent(one.treated, 2)} / ${percent(one.control, 2)}`).join(", ")}</p>`}
  </div>`;
}
