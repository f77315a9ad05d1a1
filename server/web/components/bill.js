// bill.js - a bill line by line: each amount as the contract's arithmetic gives it

import { html } from "../dom.js";
import { money, number } from "../format.js";
import { t, word } from "../text.js";
import { Table } from "./table.js";

// A quantity may have places; it is shown as it is counted.
const quantity = (line) => (line.metric ? number(line.quantity) : "");

const columns = (currency) => [
  { key: "charge", title: t("charge.kind"), lead: true, width: "30%", cell: (line) => html`<b>${line.charge}</b>` },
  { key: "period", title: t("bill.period"), cell: (line) => line.period.replace("/", " \u2013 ") },
  { key: "metric", title: t("charge.metric"), from: "mid", cell: (line) => (line.metric ? word("metric", line.metric) : "\u2013") },
  { key: "quantity", title: t("bill.quantity"), end: true, cell: quantity },
  { key: "amount", title: t("bill.amount"), end: true, cell: (line) => money(line.amount, currency) },
];

export function Bill({ bill }) {
  const total = { key: "total", charge: t("bill.total"), period: "", metric: "", amount: bill.total };
  return html`<${Table} label=${t("bill")} columns=${columns(bill.currency)} rows=${[...bill.lines, total]}
    rowKey=${(line) => `${line.charge} ${line.period}`} />`;
}
