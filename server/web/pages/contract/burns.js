// burns.js - how a contract's caps and commitments are used up: what is wrong or near first, each with
// its picture, in the contract's days and currency

import { html } from "../../dom.js";
import { usageBehind } from "../../components/behind.js";
import { Empty } from "../../components/states.js";
import { Chip } from "../../components/ui.js";
import { compact, dayIn, money, number, percent, plain } from "../../format.js";
import { givenName, t, word } from "../../text.js";
import { BurnPlot } from "./burnplot.js";

export const TONES = { over: "bad", short: "bad", runs_out: "warn", near: "warn", below: "warn", on_course: "ok", met: "ok" };

// A date of the contract's calendar, as the reader's language writes it.
export const dateText = (date) => dayIn(`${date}T12:00:00Z`, "UTC");
export const lastDate = (end) => dayIn(Date.parse(`${end}T12:00:00Z`) - 86400000, "UTC");

// Of the term, both days counted; 0 or less once it is over.
export const daysLeft = ({ term, today }) => Math.round((Date.parse(term.to) - Date.parse(today)) / 86400000);

// An amount of a line as it is read: money, or a count.
export function amountText(line, currency, value) {
  if (line.is_money) return money(value, currency);
  return Number(value) % 1 === 0 || Number(value) >= 100 ? number(Math.round(Number(value))) : plain(value, 1);
}

// "requests" of a cap that has no name of its own.
export function nameOf(line) {
  return line.name.includes("/") || line.name === line.metric ? metricText(line.metric) : givenName(line.name);
}

const metricText = (metric) => metric.split("+").map((one) => word("metric", one)).join(" + ");

function Title({ line, currency, of }) {
  const named = nameOf(line) !== metricText(line.metric);
  const limit = line.limit !== null && t(line.kind === "commitment" ? "burn.at_least" : "burn.at_most", { limit: amountText(line, currency, line.limit) });
  const details = [of, word("burn", line.kind), named && metricText(line.metric), line.models.join(", "), limit,
    line.told_by !== "minute" && t("burn.per", { per: word("per", line.per).toLowerCase() }),
    line.measured !== "sum" && line.told_by === "devices" && word("measured", line.measured), line.hard && t("burn.hard")].filter(Boolean);
  return html`<header class="burn-head"><h3>${nameOf(line)}</h3>
    <${Chip} tone=${TONES[line.state]}>${word("burn_state", line.state)}</${Chip}>
    <span class="sub">${details.join(" \u00b7 ")}</span></header>`;
}

// Numbers link to the list behind them: what the contract's robots used in the period, or which they were.
const listOf = (line, { contract, zone, today }) => usageBehind({ contract, zone, from: line.told_by === "minute" ? today : line.period.from,
  end: line.period.to, model: line.models.length === 1 && line.models[0] !== "*" && line.models[0], by: line.told_by === "devices" ? "device" : "model" });

// The day on which most robots were active, and so many; null: nobody was yet.
function busiest({ days }) {
  const amounts = days?.amounts.map(Number) ?? [];
  const most = Math.max(0, ...amounts);
  return most > 0 ? { robots: most, day: new Date(Date.parse(days.from) + amounts.indexOf(most) * 86400000).toISOString().slice(0, 10) } : null;
}

// A commitment and a cap are counted robot by robot; limits that thresholds alone have are not.
function Busiest({ line, contract }) {
  const peak = line.told_by === "devices" && ["cap", "commitment"].includes(line.kind) && busiest(line);
  if (!peak) return null;
  const asked = new URLSearchParams({ kind: line.kind, name: line.name, day: peak.day });
  return html`<div><dt>${t("burn.busiest")}</dt><dd><a href=${`/contracts/${contract}/active?${asked}`}>${dateText(peak.day)}</a>${" "}<span
    class="muted">${t("active.robots", { n: peak.robots, robots: number(peak.robots) })}</span></dd></div>`;
}

const REACHED = ["over", "met"];

function Figures({ line, burndown }) {
  const { currency } = burndown;
  const show = (value) => amountText(line, currency, value);
  const { forecast } = line;
  return html`<dl class="burn-figures">
    <div><dt>${t(line.told_by === "minute" ? "burn.minute" : "burn.so_far")}</dt>
      <dd><a href=${listOf(line, burndown)}>${show(line.so_far)}</a>${line.share !== null && html` <span class="muted">${percent(Number(line.share))}</span>`}</dd></div>
    ${forecast && html`<div><dt>${line.told_by === "minute" ? t("burn.ahead", { day: lastDate(line.period.to) }) : t("burn.at_end")}</dt><dd>${show(forecast.at_end)}${
      forecast.low !== forecast.high && html` <span class="muted">${t("burn.band", { low: show(forecast.low), high: show(forecast.high) })}</span>`}</dd></div>`}
    ${forecast?.runs_out && !REACHED.includes(line.state) && html`<div><dt>${t(line.kind === "commitment" || line.told_by === "minute" ? "burn.reaches" : "burn.runs_out")}</dt><dd>${dateText(forecast.runs_out)}</dd></div>`}
    ${line.busiest !== null && html`<div><dt>${t("burn.busiest_minute")}</dt><dd>${show(line.busiest)}</dd></div>`}
    ${line.carried !== null && Number(line.carried) > 0 && html`<div><dt>${t("burn.carried")}</dt><dd>${show(line.carried)}</dd></div>`}
    <${Busiest} line=${line} contract=${burndown.contract} />
    ${line.shortfall && html`<div><dt>${t("burn.missing")}</dt><dd>${show(line.shortfall.missing)}</dd></div>`}
    ${line.shortfall?.cost && html`<div><dt>${word("shortfall", line.shortfall.rule)}</dt><dd>${t("burn.about", { cost: money(line.shortfall.cost, currency) })}</dd></div>`}
    ${line.days_left !== null && line.told_by !== "minute" && html`<div><dt>${t("burn.days_left")}</dt><dd>${number(line.days_left)}${" "}<span
      class="muted">${t("burn.until", { day: lastDate(line.period.to) })}</span></dd></div>`}
  </dl>`;
}

const FORMULAS = "/api/v1/reference#get-/api/v1/contracts/{id}/burndown";

function Formula({ forecast }) {
  return html`<p class="sub">${t(`burn.formula.${forecast.formula}`, { n: forecast.days })}${" "}<a
    href=${FORMULAS} target="_blank" rel="noopener">${t("burn.formula.how")}</a></p>`;
}

// Why money spent is another figure than the bill.
function feesIn(line, currency) {
  if (line.metric !== "spend" || line.told_by === "bill" || line.models.length > 0) return null;
  return Number(line.base) > 0 ? t("burn.fees_whole", { fees: money(line.base, currency) }) : t("burn.fees_by_day");
}

const pointText = (line, currency, mark) => (mark.point !== null ? amountText(line, currency, mark.point)
  : t("burn.times", { n: plain(mark.at) }));

function Marks({ line, currency }) {
  if (line.thresholds.length === 0) return null;
  return html`<p class="sub">${t("burn.thresholds")} ${line.thresholds.map((mark, i) => html`${i > 0 && ", "}<span key=${i}>${
    mark.trigger === "forecast" ? t("burn.forecast_of", { point: pointText(line, currency, mark) }) : pointText(line, currency, mark)
  } (${mark.do.map((one) => (one === "fall_back_to" ? t("burn.fall_back") : word("action", one))).join(", ")}${mark.shadow ? `, ${t("burn.shadow")}` : ""})</span>`)}</p>`;
}

// of: the contract, where several are on a page.
export function Burn({ line, burndown, of }) {
  const { currency } = burndown;
  return html`<li class="burn ${TONES[line.state]}">
    <${Title} line=${line} currency=${currency} of=${of} />
    <${Figures} line=${line} burndown=${burndown} />
    ${line.days && html`<${BurnPlot} line=${line} today=${burndown.today} show=${(value) => amountText(line, currency, value)}
      brief=${compact}
      label=${t("burn.picture", { name: nameOf(line), so_far: amountText(line, currency, line.so_far), state: word("burn_state", line.state) })} />`}
    ${feesIn(line, currency) && html`<p class="sub">${feesIn(line, currency)}</p>`}
    ${line.told_by === "bill" && html`<p class="sub">${t("burn.by_bill")}</p>`}
    ${line.days?.interpolated && html`<p class="sub">${t("burn.interpolated")}</p>`}
    ${line.forecast && html`<${Formula} forecast=${line.forecast} />`}
    <${Marks} line=${line} currency=${currency} />
  </li>`;
}

export function Burns({ burndown }) {
  if (burndown.lines.length === 0) return html`<${Empty} icon="contracts" title=${t("burn.none")} />`;
  return html`<ol class="burns">${burndown.lines.map((line) => html`<${Burn} key=${`${line.kind} ${line.name} ${line.per}`} line=${line} burndown=${burndown} />`)}</ol>`;
}
