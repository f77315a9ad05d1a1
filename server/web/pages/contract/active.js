// active.js - the robots that a cap or commitment of active robots counted on one day: those behind its number

import { html } from "../../dom.js";
import { useList } from "../../api.js";
import { TextField } from "../../components/field.js";
import { PageHead } from "../../components/page.js";
import { Empty } from "../../components/states.js";
import { ListTable } from "../../components/table.js";
import { Status } from "../../components/ui.js";
import { NONE, number } from "../../format.js";
import { useQuery } from "../../router.js";
import { t, word } from "../../text.js";
import { dateText, nameOf } from "./burns.js";

const COLUMNS = [
  { key: "id", title: t("robot"), lead: true, cell: (row) => html`${row.status ? html`<a class="row-link" href=${`/robots/${row.id}`}>${row.name || row.id}</a>` : row.id}
    ${row.name && html`<span class="sub">${row.id}</span>`}` },
  { key: "status", title: t("state"), width: "40%", cell: (row) => (row.status === "active" ? NONE
    : row.status ? html`<${Status} value=${row.status} />` : t("active.gone")) },
];

export function ActiveRobots({ id }) {
  const [query, change] = useQuery();
  const { kind = "commitment", name = "", day } = query;
  const list = useList(`/contracts/${id}/burndown/devices`, { query: { kind, name, day }, kinds: ["usage", "contract"], gap_ms: 5000, limit: 100 });
  const page = list.page;
  const shown = day || page?.day;
  return html`<${PageHead} title=${shown ? t("active.title", { day: dateText(shown) }) : t("active.busiest")} at=${list.as_of}
      crumbs=${[[t("nav.contracts"), "/contracts"], [id, `/contracts/${id}`]]}
      lead=${`${word("burn", kind)} \u00b7 ${nameOf({ name, metric: "active_devices" })}`} />
    <section class="card flush"><div class="toolbar"><${TextField} label=${t("active.day")} type="date" value=${shown ?? ""} onInput=${(value) => change({ day: value })} />
      ${page && html`<p class="muted" aria-live="polite">${t("active.robots", { n: page.devices, robots: number(page.devices) })}</p>`}</div>
      <${ListTable} list=${list} columns=${COLUMNS} label=${t("active.label")} rowHref=${(row) => row.status && `/robots/${row.id}`}
        empty=${html`<${Empty} icon="fleet" title=${t("active.nobody")} />`} /></section>`;
}
