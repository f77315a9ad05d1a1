// pack.js - what to know of a vendor before one sits down with it, on paper as on the screen: each part
// with its period and where it comes from

import { html, useMemo } from "../../dom.js";
import { useResource } from "../../api.js";
import { attemptsBehind, usageBehind } from "../../components/behind.js";
import { TextField } from "../../components/field.js";
import { PageHead } from "../../components/page.js";
import { Empty, Loaded } from "../../components/states.js";
import { Steps } from "../../components/steps.js";
import { Table } from "../../components/table.js";
import { Button, Card, Money } from "../../components/ui.js";
import { digitsFor, milliseconds, NONE, number, percent, plain, timeExact } from "../../format.js";
import { useQuery } from "../../router.js";
import { t, word } from "../../text.js";
import { Burn, dateText, lastDate } from "../contract/burns.js";
import { pricesOf } from "../contract/terms.js";

const periodText = ({ from, to }) => `${dateText(from)} \u2013 ${dateText(to)}`;

function Source({ children }) {
  return html`<p class="source sub">${children}</p>`;
}

function Part({ title, source, children, flush = true }) {
  return html`<${Card} title=${title} flush=${flush}>${children}<${Source}>${source}</${Source}></${Card}>`;
}

const dayAfter = (day, days) => new Date(Date.parse(day) + days * 86400000).toISOString().slice(0, 10);

// A month of the pack's days, or all of them, both ends inclusive.
function daysOf({ period: { from, to } }, month) {
  const last = month && new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 0)).toISOString().slice(0, 10);
  return { from: month && `${month}-01` > from ? `${month}-01` : from, to: last && last < to ? last : to };
}

// Of one model or of all.
function behindVolume(pack, { month, model }) {
  const { from, to } = daysOf(pack, month);
  return usageBehind({ vendor: pack.vendor.id, model, from, end: dayAfter(to, 1), zone: "" });
}

const attemptsOf = (pack, { month, ...only }) => attemptsBehind({ vendor: pack.vendor.id, ...daysOf(pack, month), ...only });

const VOLUMES = (pack, digits) => [
  { key: "month", title: t("pack.month"), lead: true, width: "18%", cell: (row) => html`<b>${row.month || t("usage.total")}</b>${row.model && html` <span class="muted">${row.model}</span>`}` },
  { key: "attempts", title: t("attempts"), end: true, cell: (row) => html`<a href=${behindVolume(pack, row)}>${number(row.attempts)}</a>` },
  { key: "failed", title: t("usage.failed"), end: true, cell: (row) => html`<a href=${attemptsOf(pack, { month: row.month, model: row.model, outcome: "failed" })}>${number(row.failed)}</a>` },
  { key: "input", title: t("tokens.input"), end: true, cell: (row) => number(row.input) },
  { key: "cached", title: t("tokens.input_cached"), end: true, cell: (row) => number(row.input_cached) },
  { key: "output", title: t("tokens.output"), end: true, cell: (row) => number(row.output) },
  { key: "reasoning", title: t("tokens.reasoning"), end: true, cell: (row) => number(row.reasoning) },
  { key: "price", title: t("pack.price"), end: true, cell: (row) => (row.price === undefined ? "" : html`<${Money} value=${row.price} currency=${row.currency} digits=${digits} />`) },
];

const COUNTS = ["attempts", "failed", "input", "input_cached", "output", "reasoning"];

// Unlike money does not add up; whole counts do.
function withTotal(rows) {
  if (rows.length < 2) return rows;
  return [...rows, Object.fromEntries(COUNTS.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)]))];
}

function Volumes({ pack }) {
  const digits = digitsFor(pack.volumes.map(({ price }) => price));
  return html`<${Part} title=${t("pack.volumes")} source=${t("pack.volumes.source", { period: periodText(pack.period) })}>
    ${pack.volumes.length === 0 ? html`<${Empty} icon="usage" title=${t("pack.volumes.none")} />`
    : html`<${Table} label=${t("pack.volumes")} columns=${VOLUMES(pack, digits)} rows=${withTotal(pack.volumes)} rowKey=${(row) => `${row.month} ${row.model} ${row.currency}`} />`}</${Part}>`;
}

// answers(row): how many they are, as a way to them where there is one.
const times = (answers) => [
  { key: "model", title: t("model"), lead: true, cell: (row) => html`<b>${row.model ?? t("pack.all_models")}</b>` },
  { key: "answers", title: t("pack.answers"), end: true, cell: answers },
  { key: "p50", title: t("pack.median"), end: true, cell: (row) => milliseconds(row.p50_ms) },
  { key: "p95", title: t("pack.slowest"), end: true, cell: (row) => milliseconds(row.p95_ms) },
];

const FIRST_TOKEN = (pack) => times((row) => html`<a href=${attemptsOf(pack, { model: row.model, counted: "pack", answered: "true" })}>${number(row.answers)}</a>`);

const WHOLE = [
  ...times((row) => number(row.answers)),
  { key: "speed", title: t("pack.speed"), end: true, cell: (row) => t("pack.tokens_s", { n: plain(row.p50_tokens_s, 1) }) },
  { key: "slow", title: t("pack.slow"), end: true, cell: (row) => t("pack.tokens_s", { n: plain(row.p5_tokens_s, 1) }) },
];

const ERRORS = (pack) => [
  { key: "class", title: t("pack.class"), lead: true, cell: (row) => html`<b>${word("error", row.class)}</b>` },
  { key: "records", title: t("pack.records"), end: true, cell: (row) => html`<a href=${attemptsOf(pack, { class: row.class, counted: "pack" })}>${number(row.records)}</a>` },
  { key: "share", title: t("pack.share"), end: true, cell: (row) => percent(row.records / pack.records.count, 2) },
];

// What the raw records are: all, or a sample; since when they are kept.
function recordsText({ records, period }) {
  const { count, share, first_at: first } = records;
  return [t("pack.records.source", { n: number(count), period: periodText(period) }),
    share !== "1" && t("pack.records.sample", { share: percent(Number(share)) }), first && t("pack.records.since", { time: timeExact(first) })].filter(Boolean).join(" ");
}

function Records({ pack }) {
  const { records } = pack;
  return html`<${Part} title=${t("pack.whole")} source=${`${t("pack.whole.source")} ${recordsText(pack)}`}>${records.whole_answer.length === 0 ? html`<${Empty} title=${t("pack.first_token.none")} />`
    : html`<${Table} label=${t("pack.whole")} columns=${WHOLE} rows=${records.whole_answer} rowKey=${({ model }) => model ?? ""} />`}</${Part}>
    <div class="pack-pair">
    <${Part} title=${t("pack.first_token")} source=${recordsText(pack)}>${records.first_token.length === 0 ? html`<${Empty} title=${t("pack.first_token.none")} />`
    : html`<${Table} label=${t("pack.first_token")} columns=${FIRST_TOKEN(pack)} rows=${records.first_token} rowKey=${({ model }) => model ?? ""} />`}</${Part}>
    <${Part} title=${t("pack.errors")} source=${recordsText(pack)}>${records.errors.length === 0 ? html`<${Empty} icon="check" title=${t("pack.errors.none")} />`
    : html`<${Table} label=${t("pack.errors")} columns=${ERRORS(pack)} rows=${records.errors} rowKey=${(row) => row.class} />`}</${Part}></div>`;
}

const WORST = 5; // days that are named without a credit agreed for them

// The days that contracts name because the vendor fell short of a service level on them.
const stretchesOf = (pack) => pack.contracts.flatMap(({ id, versions }) => (versions.at(-1)?.document.service_levels ?? [])
  .map(({ name, from, to, credit }) => ({ key: `${id} ${name} ${from}`, contract: id, name, from, end: to, credit })));

function sumOf(days) {
  const sum = (name) => days.reduce((all, day) => all + day[name], 0);
  return { attempts: sum("attempts"), refused: sum("refused"), unreached: sum("unreached") };
}

const available = ({ attempts, refused, unreached }) => (attempts > 0 ? (attempts - refused - unreached) / attempts : null);

// All of the period, each stretch that a credit is agreed for, and the worst of the other days.
function availabilityRows(pack) {
  const { days } = pack.records;
  const stretches = stretchesOf(pack).filter(({ from, end }) => from <= pack.period.to && end > pack.period.from);
  const within = ({ day }, { from, end }) => day >= from && day < end;
  const worst = days.filter((day) => day.refused + day.unreached > 0 && !stretches.some((one) => within(day, one)))
    .sort((a, b) => available(a) - available(b)).slice(0, WORST);
  return [{ key: "all", ...pack.period, ...sumOf(days) },
    ...stretches.map((one) => ({ ...one, to: dayAfter(one.end, -1), ...sumOf(days.filter((day) => within(day, one))) })),
    ...worst.map((day) => ({ key: day.day, from: day.day, to: day.day, ...day }))];
}

const AVAILABLE = (pack) => {
  const counted = (row, name, only) => (row[name] > 0
    ? html`<a href=${attemptsBehind({ vendor: pack.vendor.id, from: row.from, to: row.to, counted: "pack", ...only })}>${number(row[name])}</a>` : number(0));
  return [
    { key: "days", title: t("bill.period"), lead: true, width: "34%", cell: (row) => html`<b>${row.from === row.to ? dateText(row.from) : `${dateText(row.from)} \u2013 ${dateText(row.to)}`}</b>
      ${row.name ? html`<span class="sub">${row.name} \u00b7 <a href=${`/contracts/${row.contract}`}>${row.contract}</a> \u00b7 ${t("pack.credit_of", { share: row.credit })}</span>`
      : row.day && html`<span class="sub">${t("pack.no_credit")}</span>`}` },
    { key: "attempts", title: t("attempts"), end: true, cell: (row) => counted(row, "attempts") },
    { key: "refused", title: t("pack.refused"), end: true, cell: (row) => counted(row, "refused", { class: "rate,busy" }) },
    { key: "unreached", title: t("pack.unreached"), end: true, cell: (row) => counted(row, "unreached", { class: "net" }) },
    { key: "available", title: t("pack.available"), end: true, cell: (row) => (available(row) === null ? NONE : html`<b>${percent(available(row), 3)}</b>`) },
  ];
};

function Availability({ pack }) {
  return html`<${Part} title=${t("pack.availability")} source=${`${t("pack.availability.source")} ${recordsText(pack)}`}>${pack.records.days.length === 0
    ? html`<${Empty} title=${t("pack.first_token.none")} />`
    : html`<${Table} label=${t("pack.availability")} columns=${AVAILABLE(pack)} rows=${availabilityRows(pack)} rowKey=${({ key }) => key} />`}</${Part}>`;
}

const CREDITS = [
  { key: "name", title: t("pack.level"), lead: true, cell: (row) => html`<b>${row.name}</b> <a href=${`/contracts/${row.contract}`}>${row.contract}</a><${Steps} line=${row} />` },
  { key: "days", title: t("bill.period"), cell: (row) => `${dateText(row.from)} \u2013 ${lastDate(row.to)}` },
  { key: "amount", title: t("pack.due"), end: true, cell: (row) => html`<${Money} value=${row.amount} currency=${row.currency} />` },
];

function Credits({ pack }) {
  return html`<${Part} title=${t("pack.credits")} source=${t("pack.credits.source", { period: periodText(pack.period) })}>${pack.service_credits.length === 0
    ? html`<${Empty} icon=${stretchesOf(pack).length > 0 ? "check" : "contracts"} title=${t(stretchesOf(pack).length > 0 ? "pack.credits.none" : "pack.credits.unagreed")} />`
    : html`<${Table} label=${t("pack.credits")} columns=${CREDITS} rows=${pack.service_credits} rowKey=${(row) => `${row.contract} ${row.name} ${row.from}`} />`}</${Part}>`;
}

function Standings({ pack }) {
  const lines = pack.standings.flatMap((burndown) => burndown.lines.filter(({ kind }) => kind === "commitment").map((line) => ({ line, burndown })));
  return html`<${Part} title=${t("pack.standings")} flush=${false} source=${t("pack.standings.source", { time: timeExact(pack.as_of) })}>${lines.length === 0
    ? html`<${Empty} icon="contracts" title=${t("pack.standings.none")} />`
    : html`<ol class="burns">${lines.map(({ line, burndown }) => html`<${Burn} key=${`${burndown.contract} ${line.name}`} line=${line} burndown=${burndown} of=${burndown.contract} />`)}</ol>`}</${Part}>`;
}

const PRICES = [
  { key: "charge", title: t("charge.kind"), lead: true, width: "30%", cell: (row) => (row.first ? html`<b>${row.name}</b> <span class="sub">${row.about}</span>` : html`<span class="unseen">${row.name}</span>`) },
  { key: "from", title: t("effective_from"), width: "20%", cell: (row) => row.from },
  { key: "says", title: t("pack.says"), cell: (row) => html`<span class="says">${row.says}</span>` },
];

function Prices({ contract }) {
  const rows = useMemo(() => pricesOf(contract), [contract]);
  return html`<${Part} title=${t("pack.prices", { id: contract.id, currency: contract.currency })} source=${t("pack.prices.source", { n: contract.versions.length })}>
    <${Table} label=${t("pack.prices", { id: contract.id, currency: contract.currency })} columns=${PRICES} rows=${rows} rowKey=${(row) => row.key} /></${Part}>`;
}

function Period({ period, change }) {
  const field = (name) => ({ type: "date", value: period[name], onInput: (value) => value && change({ ...period, [name]: value }) });
  return html`<div class="pair pack-period"><${TextField} label=${t("pack.from")} max=${period.to} ...${field("from")} />
    <${TextField} label=${t("pack.to")} min=${period.from} ...${field("to")} /></div>`;
}

export function Pack({ id }) {
  const [query, change] = useQuery();
  const state = useResource(`/vendors/${id}/pack`, { query: { from: query.from, to: query.to }, kinds: ["contract", "vendor"] });
  const { data } = state;
  return html`<div class="pack"><${PageHead} title=${t("pack.title", { name: data?.vendor.name || id })} crumbs=${[[t("nav.vendors"), "/vendors"]]} at=${data?.as_of}
      lead=${data && html`<span>${periodText(data.period)}</span><span class="muted">${t("pack.as_of", { time: timeExact(data.as_of) })}</span>`}>
      <${Button} icon="print" disabled=${!data} onClick=${() => print()}>${t("pack.print")}</${Button}></${PageHead}>
    ${data && html`<${Period} period=${data.period} change=${change} />`}
    <${Loaded} state=${state} lines=${14}>${(pack) => html`
      <${Volumes} pack=${pack} /><${Records} pack=${pack} /><${Availability} pack=${pack} /><${Credits} pack=${pack} /><${Standings} pack=${pack} />
      ${pack.contracts.map((contract) => html`<${Prices} key=${contract.id} contract=${contract} />`)}`}</${Loaded}></div>`;
}
