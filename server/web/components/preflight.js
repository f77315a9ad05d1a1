// preflight.js - what a switch of vendors would bring about: findings first, then money, then what is left
// of caps and budgets

import { html } from "../dom.js";
import { money, number, timeOfDay } from "../format.js";
import { tell } from "../said.js";
import { t, word } from "../text.js";
import { Table } from "./table.js";
import { Chip, Money } from "./ui.js";

const SEVERITIES = ["refuse", "warn", "info"];
const TONES = { refuse: "bad", warn: "warn", info: "" };

function Findings({ findings }) {
  const sorted = [...findings].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  return html`<ul class="findings">${sorted.map((finding, i) => html`<li key=${i}>
    <${Chip} tone=${TONES[finding.severity]}>${word("preflight_severity", finding.severity)}</${Chip}>
    <span>${finding.wave > 0 && html`<b>${t("preflight.from_wave", { n: finding.wave })}</b> `}${tell(finding.text)}</span></li>`)}</ul>`;
}

const difference = (row) => Number(row.amount_at_end) - Number(row.amount);

function Difference({ row }) {
  const more = difference(row);
  if (row.amount === undefined) return html`<span class="muted">${t("preflight.untold")}</span>`;
  return html`<span class=${more > 0 ? "tone-warn" : undefined}>${more > 0 ? "+" : ""}${money(more.toFixed(2), row.currency)}</span>`;
}

const moneyColumns = [
  { key: "contract", title: t("preflight.contract"), lead: true, cell: (row) => (row.promise
    ? html`<span class="promise">${t("preflight.shortfall", { name: row.promise })}</span>`
    : html`<a href="/contracts/${row.contract}">${row.contract}</a> <${Chip}>${t(row.joined ? "preflight.joined" : "preflight.left")}</${Chip}>`) },
  { key: "stay", title: t("preflight.stay"), end: true, cell: (row) => html`<${Money} value=${row.amount} currency=${row.currency} />` },
  { key: "end", title: t("preflight.at_end"), end: true, cell: (row) => html`<${Money} value=${row.amount_at_end} currency=${row.currency} />` },
  { key: "more", title: t("preflight.difference"), end: true, cell: (row) => html`<${Difference} row=${row} />` },
];

// "commitments/0" is one that nobody named: it is called by what it counts.
const promiseName = ({ name, metric }) => (/^commitments\/\d+$/.test(name) ? word("metric", metric) : name);

// A contract, and below it each of its commitments that falls short.
const moneyRows = (contracts) => contracts.flatMap((contract) => [contract, ...(contract.commitments ?? [])
  .map((promise) => ({ ...promise, contract: contract.contract, promise: promiseName(promise), currency: contract.currency }))]);

const waveColumns = (contracts) => [
  { key: "wave", title: t("rollout.wave.n"), lead: true, cell: (row) => number(row.wave) },
  { key: "robots", title: t("fleet.robots"), end: true, cell: (row) => number(row.robots) },
  ...contracts.map(({ contract }) => ({
    key: contract, title: contract, end: true, cell: (row) => {
      const cost = row.costs.find((one) => one.contract === contract);
      return cost && html`<${Money} value=${cost.amount} currency=${cost.currency} />
        ${Number(cost.shortfall) > 0 && html`<span class="sub tone-warn">${t("preflight.of_shortfall", { amount: money(cost.shortfall, cost.currency) })}</span>`}`;
    },
  })),
];

const CURRENCY = /^[A-Z]{3}$/;
const amount = (name) => (row) => (CURRENCY.test(row.unit) ? money(row[name], row.unit) : number(Math.round(Number(row[name]))));
const over = (row) => Number(row.at_end) > Number(row.limit);

const roomColumns = [
  { key: "source", title: t("pool.source"), lead: true, cell: (row) => html`<b>${row.source.replace(/^(cap|budget):/, "")}</b>
    <span class="sub">${word("pool", row.source.split(":", 1)[0])}${row.hard ? "" : ` \u00b7 ${t("preflight.soft")}`}</span>` },
  { key: "unit", title: t("pool.unit"), from: "mid", cell: (row) => (CURRENCY.test(row.unit) ? row.unit : word("metric", row.unit)) },
  { key: "limit", title: t("pool.limit"), end: true, cell: amount("limit") },
  { key: "stay", title: t("preflight.stay"), end: true, cell: amount("stay") },
  { key: "end", title: t("preflight.at_end"), end: true, cell: (row) => html`<span class=${over(row) ? (row.hard ? "tone-bad strong" : "tone-warn") : undefined}>${amount("at_end")(row)}</span>` },
];

export function Preflight({ document }) {
  const { contracts, waves, headroom, findings } = document;
  const priced = contracts.filter((contract) => contract.amount !== undefined);
  return html`<div class="preflight">
    <p><b>${t("preflight.robots", { n: document.robots })}</b>
      ${document.overridden > 0 && html` <span class="muted">${t("preflight.overridden", { n: document.overridden })}</span>`}
      ${document.refused && html` <${Chip} tone="bad">${t("preflight.refused")}</${Chip}>`}</p>
    <${Findings} findings=${findings} />
    ${contracts.length > 0 && html`<h3>${t("preflight.money")}</h3>
      <${Table} label=${t("preflight.money")} columns=${moneyColumns} rows=${moneyRows(contracts)} rowKey=${(row) => `${row.contract} ${row.promise ?? ""}`} />`}
    ${waves.length > 0 && priced.length > 0 && html`<details><summary>${t("preflight.waves")}</summary>
      <${Table} label=${t("preflight.waves")} columns=${waveColumns(priced)} rows=${waves} rowKey=${(row) => row.wave} /></details>`}
    ${headroom.length > 0 && html`<h3>${t("preflight.room")}</h3>
      <${Table} label=${t("preflight.room")} columns=${roomColumns} rows=${headroom} rowKey=${(row) => row.source} />`}
    ${document.hours > 0 && html`<p class="hint">${t("preflight.basis", { n: document.hours, time: timeOfDay(document.as_of), until: document.until || "\u2013" })}</p>`}
  </div>`;
}
