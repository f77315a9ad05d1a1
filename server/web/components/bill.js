// bill.js - a bill line by line: each amount as the contract's arithmetic gives it

import { html } from "../dom.js";
import { money, monthOf, number, periodDays } from "../format.js";
import { givenName, t, word } from "../text.js";
import { Steps } from "./steps.js";
import { Table } from "./table.js";

// A quantity that is a fraction is shown as it is counted.
const quantity = (line) => (!line.metric ? "" : line.quantity.includes("/") ? line.quantity : number(line.quantity));
const metric = (line) => line.metric.split("+").map((one) => word("metric", one)).join(" + ");
const isNothing = (line) => line.source !== "total" && Number(line.amount) === 0 && line.quantity === "0";

// What the contract gave no name is called by what it is.
const name = (line) => (/^\w+\/\d+$/.test(line.charge) ? word("bill_source", line.source) : line.source === "total" ? line.charge : givenName(line.charge));

const columns = (currency, explained, behind) => [
  { key: "charge", title: t("charge.kind"), lead: true, width: explained ? "36%" : "18%", cell: (line) => html`<b>${name(line)}</b>${
    line.month && html`<span class="sub">${t("bill.corrects", { month: monthOf(`${line.month}-01T00:00:00Z`) })}</span>`}${
    line.steps && html`<${Steps} line=${line} />`}` },
  { key: "period", title: t("bill.period"), width: "190px", cell: (line) => line.period && periodDays(line.period) },
  { key: "metric", title: t("charge.metric"), from: "mid", width: explained ? "18%" : "28%", cell: (line) => (line.metric
    ? html`<span class="clip" title=${metric(line)}>${metric(line)}</span>` : "") },
  { key: "quantity", title: t("bill.quantity"), end: true, cell: (line) => (behind && line.period && line.metric ? html`<a href=${behind(line)}>${quantity(line)}</a>` : quantity(line)) },
  { key: "amount", title: t("bill.amount"), end: true, cell: (line) => (line.source === "total"
    ? html`<b>${money(line.amount, currency)}</b>` : money(line.amount, currency)) },
];

// bill: of a contract, or one locked month with what it corrects of earlier ones. behind(line): the address of what it counted, if it can be told.
// whole: what came to nothing as well.
export function Bill({ bill, behind, whole = false }) {
  const all = [...bill.lines, ...(bill.corrections ?? [])];
  const lines = all.filter((line) => whole || !isNothing(line));
  const hidden = all.length - lines.length;
  const total = { source: "total", charge: t("bill.total"), period: "", metric: "", amount: bill.total };
  return html`<${Table} label=${t("bill")} columns=${columns(bill.currency, lines.some(({ steps }) => steps), behind)} rows=${[...lines, total]}
      rowKey=${(line) => `${line.month ?? ""} ${line.source} ${line.charge} ${line.period}`} />
    ${hidden > 0 && html`<footer class="table-foot"><span class="muted">${t("bill.hidden", { n: hidden })}</span></footer>`}`;
}
