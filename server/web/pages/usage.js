// usage.js - what the fleet used: by what, when, compared with before, and how sure that is

import { html } from "../dom.js";
import { address, useResource } from "../api.js";
import { dayOf } from "../components/behind.js";
import { SelectField, TextField } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { PageHead } from "../components/page.js";
import { Empty, Loaded } from "../components/states.js";
import { Button, Card, Money, Segmented } from "../components/ui.js";
import { dayShort, digitsFor, number, timeExact } from "../format.js";
import { useQuery } from "../router.js";
import { t } from "../text.js";
import { Imports } from "./imports.js";
import { DIMENSIONS, MEASURES, RANGES, readAsked, scope, shift } from "./usage/asked.js";
import { MEASURED, Picture } from "./usage/picture.js";
import { attemptsOf, Change, Sums } from "./usage/sums.js";

const SERIES = 5; // by name; the rest is the sixth

const dimension = (name) => [name, t(`dimension.${name}`)];

function By({ asked, change }) {
  const [one, two = ""] = asked.by;
  const set = (...names) => change({ by: [...new Set(names)].filter(Boolean).join(","), top: "" });
  return html`<div class="row">
    <${SelectField} label=${t("usage.by")} value=${one} options=${DIMENSIONS.map(dimension)} onInput=${(name) => set(name, two)} />
    <${SelectField} label=${t("usage.and_by")} value=${two} onInput=${(name) => set(one, name)}
      options=${[["", t("usage.nothing_more")], ...DIMENSIONS.filter((name) => name !== one).map(dimension)]} />
  </div>`;
}

function Days({ asked, change }) {
  const own = asked.range === "own";
  const pick = (range) => change(range === "own" ? { range, from: asked.from, to: asked.to } : { range: range === "day" ? "" : range, from: "", to: "" });
  return html`<div class="row">
    <${Segmented} label=${t("usage.range")} value=${asked.range} onChange=${pick}
      options=${[...Object.keys(RANGES), "own"].map((name) => [name, t(`range.${name}`)])} />
    ${own && html`
      <${TextField} label=${t("usage.from")} type="date" value=${asked.from} max=${asked.to} onInput=${(from) => from && change({ from, to: from > asked.to ? from : asked.to })} />
      <${TextField} label=${t("usage.to")} type="date" value=${asked.to} min=${asked.from} onInput=${(to) => to && change({ to, from: to < asked.from ? to : asked.from })} />`}
  </div>`;
}

function Zone({ asked, home, change }) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set([home, here, "UTC", asked.zone])].filter(Boolean);
  return html`<div class="row">
    <${SelectField} label=${t("usage.steps")} value=${asked.unit} onInput=${(unit) => change({ unit: unit === asked.units[0] ? "" : unit })}
      options=${asked.units.map((unit) => [unit, t(`step.${unit}`)])} />
    <${SelectField} label=${t("zone")} value=${asked.zone} onInput=${(zone) => change({ zone: zone === home ? "" : zone })}
      options=${zones.map((zone) => [zone, zone === home ? t("usage.contracts_zone", { zone }) : zone])} />
  </div>`;
}

function Only({ only, change }) {
  const names = Object.keys(only);
  if (names.length === 0) return null;
  return html`<div class="row" role="group" aria-label=${t("usage.only")}>${names.map((name) => html`
    <button type="button" class="chip view" key=${name} aria-label=${t("usage.not_only", { name: t(`dimension.${name}`), value: only[name] })}
      onClick=${() => change({ [name]: "", top: "" })}>${t(`dimension.${name}`)}: ${only[name]} <${Icon} name="close" size=${10} /></button>`)}
  </div>`;
}

// What was used in all, a cell for each measure; money in each currency.
function Totals({ totals, before, asked }) {
  const cell = (name, label, value, now, then, currency) => html`<a class="count-cell" key=${name} href=${attemptsOf({ total: true }, asked, { currency })}>
    <span class="count-label">${label}</span><span class="count-value">${value}</span><span class="sub"><${Change} now=${now} before=${then} /></span></a>`;
  const add = (list, measure) => list.reduce((sum, row) => sum + MEASURED[measure](row), 0);
  const then = (measure) => (before ? add(before.totals, measure) : undefined);
  return html`<div class="counts four">
    ${["attempts", "input", "output"].map((name) => cell(name, t(`measure.${name}`), number(add(totals, name)), add(totals, name), then(name)))}
    ${totals.map((row) => cell(row.currency, t("measure.cost"), html`<${Money} value=${row.price} currency=${row.currency} digits=${digitsFor([row.price])} />`,
      Number(row.price), before ? Number(before.totals.find(({ currency }) => currency === row.currency)?.price ?? 0) : undefined, row.currency))}
  </div>
  <p class="muted after-counts">${t("usage.compared", { days: [...new Set([asked.before.from, asked.before.to])].map(dayShort).join(" \u2013 ") })}
    ${asked.to >= dayOf(Date.now(), asked.zone) && ` ${t("usage.not_over")}`}</p>`;
}

function Pictured({ asked, change, currencies }) {
  const by = asked.by.includes("class") ? ["class"] : asked.by;
  const state = useResource("/usage", { kinds: ["usage"], gap_ms: 5000,
    query: { ...scope(asked), by: [...by, asked.unit].join(","), sort: asked.measure, top: by[0] === "class" ? "" : SERIES } });
  const measures = MEASURES.filter((name) => name !== "cost" || currencies.length === 1);
  const actions = by[0] !== "class" && html`<${Segmented} label=${t("usage.measure")} value=${asked.measure}
    options=${measures.map((name) => [name, t(`measure.${name}`)])} onChange=${(measure) => change({ measure: measure === "attempts" ? "" : measure })} />`;
  return html`<${Card} title=${t("usage.over_time")} actions=${actions}>
    <${Loaded} state=${state} lines=${6}>${(data) => html`<${Picture} rows=${data.items} asked=${asked} by=${by} currency=${currencies[0]} />`}</${Loaded}>
  </${Card}>`;
}

function Body({ data, asked, query, change }) {
  const common = { by: asked.by.join(","), sort: asked.measure };
  const before = useResource("/usage", { query: { ...scope(asked), ...common, ...asked.before, top: 1000 }, kinds: ["usage"], gap_ms: 60000 });
  const title = t("usage.sums", { by: asked.by.map((name) => t(`dimension.${name}`)).join(", ") });
  const csv = address("/usage", { ...scope(asked), by: [...asked.by, asked.unit].join(","), format: "csv" });
  const actions = html`<a class="button" href=${csv} download="usage.csv"><${Icon} name="download" /><span>${t("usage.csv")}</span></a>`;
  if (data.items.length === 0) {
    return html`<section class="card"><${Empty} icon="usage" title=${t("usage.none")}>
      <${Button} onClick=${() => change({ range: "own", from: shift(asked.from, -30), to: asked.to })}>${t("usage.further_back")}</${Button}></${Empty}></section>`;
  }
  return html`
    <${Totals} totals=${data.totals} before=${before.data} asked=${asked} />
    <${Pictured} asked=${asked} change=${change} currencies=${data.totals.map(({ currency }) => currency)} />
    <${Card} title=${title} actions=${actions} flush>
      <${Sums} label=${title} rows=${data.items} totals=${data.totals} before=${before.data} asked=${asked} query=${query} />
      <footer class="table-foot"><span class="muted">${t("usage.as_of", { time: timeExact(data.as_of) })}
          ${asked.by.includes("group") && ` ${t("usage.groups_overlap")}`}</span>
        ${data.items.some((row) => row.rest) && html`<${Button} onClick=${() => change({ top: "all" })}>${t("more")}</${Button}>`}
      </footer></${Card}>`;
}

// zone: the one that the contracts count in.
function Shown({ home }) {
  const [query, change] = useQuery();
  const asked = readAsked(query, home);
  const state = useResource("/usage", { kinds: ["usage"], gap_ms: 3000,
    query: { ...scope(asked), by: asked.by.join(","), sort: asked.measure, top: asked.top } });
  return html`
    <${PageHead} title=${t("nav.usage")} at=${state.data?.as_of}><${Days} asked=${asked} change=${change} /></${PageHead}>
    <div class="usage-asked"><${By} asked=${asked} change=${change} /><${Zone} asked=${asked} home=${home} change=${change} />
      <${Only} only=${asked.only} change=${change} /></div>
    <${Loaded} state=${state} lines=${8}>${(data) => html`<${Body} data=${data} asked=${asked} query=${query} change=${change} />`}</${Loaded}>
    ${state.data && html`<${Imports} />`}`;
}

export function Usage() {
  const contracts = useResource("/contracts", { kinds: ["contract"], gap_ms: 60000 });
  if (!contracts.data) return html`<${PageHead} title=${t("nav.usage")} /><${Loaded} state=${contracts} lines=${8}>${() => null}</${Loaded}>`;
  return html`<${Shown} home=${contracts.data.items[0]?.zone ?? "UTC"} />`;
}
