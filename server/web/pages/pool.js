// pool.js - one running account: what of it is where, and which robots hold the credit that is out

import { html } from "../dom.js";
import { useList } from "../api.js";
import { pageOf } from "../components/behind.js";
import { PageHead } from "../components/page.js";
import { Account, PoolAmount, poolName } from "../components/pools.js";
import { Empty, Failure, Skeleton } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Ago, Card, Chip } from "../components/ui.js";
import { number } from "../format.js";
import { t, word } from "../text.js";

function Line({ line, pool }) {
  const { vendor, model, contract } = line.route;
  return html`<li><span>${vendor}<span class="muted"> / ${model}</span> \u00b7 <a href=${pageOf(`contract/${contract}`)}>${contract}</a>
    ${line.presumed && html` <${Chip} tone="warn" title=${t("pool.presumed.help")}>${t("pool.presumed")}</${Chip}>`}</span>
    <span class="sum"><${PoolAmount} pool=${pool} value=${line.outstanding} /></span></li>`;
}

const columns = (pool) => [
  { key: "device", title: t("robot"), lead: true, width: "20%", cell: (row) => html`<a class="row-link" href=${pageOf(`device/${row.device}`)}>${row.device}</a>` },
  { key: "outstanding", title: t("pool.holds"), end: true, width: "14%", cell: (row) => html`<b><${PoolAmount} pool=${pool} value=${row.outstanding} /></b>` },
  { key: "seen", title: t("last_seen"), end: true, width: "14%", cell: (row) => html`<${Ago} at=${row.last_seen} />` },
  { key: "lines", title: t("pool.lines"), cell: (row) => html`<ul class="shares">${row.lines.map((line) => html`<${Line} key=${line.line} line=${line} pool=${pool} />`)}</ul>` },
];

// Where one comes from: the budget's own page, or the contract whose cap it is.
function crumbsOf({ source }) {
  const [kind, id] = source.split(":");
  return [[t("nav.contracts"), "/contracts"], [id, pageOf(`${kind === "cap" ? "contract" : kind}:${id}`)]];
}

export function Pool({ id }) {
  const list = useList(`/pools/${id}/holders`, { kinds: ["usage", "pool"], gap_ms: 2000, limit: 50 });
  const { pool, robots } = list.page ?? {};
  return html`<${PageHead} title=${pool ? poolName(pool) : t("pool.robots")} crumbs=${pool ? crumbsOf(pool) : [[t("nav.contracts"), "/contracts"]]} at=${list.as_of}
      lead=${pool && html`<span>${word("pool", pool.source.split(":")[0])}</span>`} />
    ${pool && html`<${Account} title=${t("budget.account")} pool=${pool} />`}
    ${!pool ? list.error ? html`<${Failure} problem=${list.error} retry=${list.reload} />` : html`<${Skeleton} lines=${8} />`
    : html`<${Card} title=${t("pool.robots")} flush><p class="pad muted">${t("pool.held_means")}</p>
      <${ListTable} list=${list} columns=${columns(pool)} label=${t("pool.robots")} rowKey=${({ device }) => device} rowHref=${({ device }) => pageOf(`device/${device}`)}
        foot=${t("pool.of_robots", { n: robots })} empty=${html`<${Empty} icon="contracts" title=${t("pool.nobody")} />`} /></${Card}>`}`;
}
