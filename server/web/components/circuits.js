// circuits.js - routes that robots leave out for a while: since when, why, when they are tried again

import { html } from "../dom.js";
import { t, word } from "../text.js";
import { Table } from "./table.js";
import { Ago } from "./ui.js";

function Why({ row }) {
  if (!row.class) return html`<span class="muted">${t("circuit.untold")}</span>`;
  return html`${word("error", row.class)}<span class="sub">${t("circuit.failures", { n: row.failures })}</span>`;
}

// What is due is tried by whoever speaks to the robot next.
function Next({ row }) {
  if (!row.class) return "\u2013";
  if (!row.next || Date.parse(row.next) <= Date.now()) return t("circuit.next_question");
  return html`<${Ago} at=${row.next} />`;
}

const ROUTE = { key: "route", title: t("route"), cell: (row) => html`<a href=${`/vendors/${row.vendor}#left-out`}>${row.vendor}</a>
  ${row.model && html`<span class="muted"> / ${row.model}</span>`}` };

const ROBOT = { key: "robot", title: t("robot"), lead: true, cell: (row) => html`<a class="row-link" href=${`/robots/${row.device}`}>${row.device}</a>
  ${row.model && html`<span class="sub">${row.model}</span>`}` };

const COMMON = [
  { key: "since", title: t("circuit.since"), width: "22%", cell: (row) => html`<${Ago} at=${row.since} />` },
  { key: "why", title: t("circuit.why"), width: "26%", whole: true, cell: (row) => html`<${Why} row=${row} />` },
  { key: "next", title: t("circuit.next"), width: "26%", cell: (row) => html`<${Next} row=${row} />` },
];

// rows: as a vendor's health tells them, or those of one robot; vendors that older software names without more
// are rows of a vendor or a robot alone.
export function Circuits({ label, rows, ofRobots = false }) {
  return html`<${Table} label=${label} columns=${[ofRobots ? ROBOT : { ...ROUTE, lead: true }, ...COMMON]} rows=${rows}
    rowKey=${(row) => `${row.device} ${row.vendor} ${row.model} ${row.contract}`} />`;
}
