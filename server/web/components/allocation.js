// allocation.js - who bears a month's bill: groups by what their robots used, and of fees by the rule

import { html } from "../dom.js";
import { money } from "../format.js";
import { t } from "../text.js";
import { Table } from "./table.js";

const columns = (currency) => [
  { key: "group", title: t("statement.group"), lead: true, cell: (row) => (row.group
    ? html`<a href=${`/config/group/${row.group}`}>${row.group}</a>` : html`<span class="muted">${t("statement.no_group")}</span>`) },
  { key: "usage", title: t("statement.usage"), end: true, cell: (row) => money(row.usage, currency) },
  { key: "fees", title: t("statement.fees"), end: true, cell: (row) => money(row.fees, currency) },
  { key: "total", title: t("bill.total"), end: true, cell: (row) => html`<b>${money(row.total, currency)}</b>` },
];

export function Allocation({ allocation, currency }) {
  if (allocation.length === 0) return html`<p class="muted">${t("statement.no_groups")}</p>`;
  return html`<${Table} label=${t("statement.borne")} columns=${columns(currency)} rows=${allocation} rowKey=${({ group }) => group ?? ""} />`;
}
