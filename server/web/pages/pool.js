// pool.js - one running account: what of it is where, and which robots hold the credit that is out

import { html, useState } from "../dom.js";
import { post, useList } from "../api.js";
import { pageOf } from "../components/behind.js";
import { TypedConfirm } from "../components/dialog.js";
import { PageHead } from "../components/page.js";
import { Account, PoolAmount, poolName } from "../components/pools.js";
import { Empty, Failure, Skeleton } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { toast } from "../components/toast.js";
import { Ago, Button, Card, Chip } from "../components/ui.js";
import { digitsFor, money, number, sumExact, timeExact } from "../format.js";
import { may } from "../session.js";
import { t, word } from "../text.js";

function Line({ line, pool }) {
  const { vendor, model, contract } = line.route;
  return html`<li><span>${vendor}<span class="muted"> / ${model}</span> \u00b7 <a href=${pageOf(`contract/${contract}`)}>${contract}</a>
    ${line.presumed && html` <${Chip} tone="warn" title=${t("pool.presumed.help")}>${t("pool.presumed")}</${Chip}>`}</span>
    <span class="sum"><${PoolAmount} pool=${pool} value=${line.outstanding} /></span></li>`;
}

// Lines of one unit as one sum: "¥0.00612, 5 Requests".
function chargedText(charged) {
  const units = [...new Set(charged.map(({ unit }) => unit))];
  const sums = units.map((unit) => [unit, sumExact(charged.filter((line) => line.unit === unit).map(({ amount }) => amount))]);
  return sums.map(([unit, sum]) => (/^[A-Z]{3}$/.test(unit) ? money(sum, unit, digitsFor([sum]))
    : `${number(sum)} ${unit.split("+").map((one) => word("metric", one)).join(" + ")}`)).join(", ");
}

// What it holds of every cap is booked, not of this one alone.
function WriteOff({ holder, onClose }) {
  const { device, last_seen: seen } = holder;
  const submit = async () => {
    const { data } = await post(`/devices/${device}/credit-write-off`);
    toast(data.charged.length > 0 ? t("pool.wrote_off", { device, what: chargedText(data.charged) }) : t("pool.wrote_off.nothing", { device }));
  };
  return html`<${TypedConfirm} title=${t("pool.write_off.title", { device })} phrase=${device} action=${t("pool.write_off")} submit=${submit} onClose=${onClose}
    text=${t("pool.write_off.text", { seen: seen ? timeExact(seen) : t("never") })} />`;
}

const columns = (pool, onWriteOff) => [
  { key: "device", title: t("robot"), lead: true, width: "20%", cell: (row) => html`<a class="row-link" href=${pageOf(`device/${row.device}`)}>${row.device}</a>` },
  { key: "outstanding", title: t("pool.holds"), end: true, width: "14%", cell: (row) => html`<b><${PoolAmount} pool=${pool} value=${row.outstanding} /></b>` },
  { key: "seen", title: t("last_seen"), end: true, width: "14%", cell: (row) => html`<${Ago} at=${row.last_seen} />` },
  { key: "lines", title: t("pool.lines"), cell: (row) => html`<ul class="shares">${row.lines.map((line) => html`<${Line} key=${line.line} line=${line} pool=${pool} />`)}</ul>` },
  ...(may("operator") ? [{ key: "act", title: "", end: true, width: "128px", cell: (row) => html`<${Button} kind="quiet danger"
    aria-label=${t("pool.write_off.title", { device: row.device })} onClick=${() => onWriteOff(row)}>${t("pool.write_off")}</${Button}>` }] : []),
];

// Where one comes from: the budget's own page, or the contract whose cap it is.
function crumbsOf({ source }) {
  const [kind, id] = source.split(":");
  return [[t("nav.contracts"), "/contracts"], [id, pageOf(`${kind === "cap" ? "contract" : kind}:${id}`)]];
}

export function Pool({ id }) {
  const list = useList(`/pools/${id}/holders`, { kinds: ["usage", "pool"], gap_ms: 2000, limit: 50 });
  const { pool, robots } = list.page ?? {};
  const [lost, setLost] = useState(null); // the holder that is asked about
  return html`<${PageHead} title=${pool ? poolName(pool) : t("pool.robots")} crumbs=${pool ? crumbsOf(pool) : [[t("nav.contracts"), "/contracts"]]} at=${list.as_of}
      lead=${pool && html`<span>${word("pool", pool.source.split(":")[0])}</span>`} />
    ${pool && html`<${Account} title=${t("budget.account")} pool=${pool} />`}
    ${!pool ? list.error ? html`<${Failure} problem=${list.error} retry=${list.reload} />` : html`<${Skeleton} lines=${8} />`
    : html`<${Card} title=${t("pool.robots")} flush><p class="pad muted">${t("pool.held_means")}</p>
      <${ListTable} list=${list} columns=${columns(pool, setLost)} label=${t("pool.robots")} rowKey=${({ device }) => device} rowHref=${({ device }) => pageOf(`device/${device}`)}
        foot=${t("pool.of_robots", { n: robots })} empty=${html`<${Empty} icon="contracts" title=${t("pool.nobody")} />`} /></${Card}>`}
    ${lost && html`<${WriteOff} holder=${lost} onClose=${() => setLost(null)} />`}`;
}
