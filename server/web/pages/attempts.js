// attempts.js - requests to vendors one by one: those behind a number, as the address narrows them

import { html } from "../dom.js";
import { useList } from "../api.js";
import { ATTEMPT_COLUMNS, attemptKey } from "../components/attempts.js";
import { SelectField, TextField } from "../components/field.js";
import { Only } from "../components/only.js";
import { PageHead } from "../components/page.js";
import { Empty } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { timeExact } from "../format.js";
import { useQuery } from "../router.js";
import { t, word } from "../text.js";

// What is chosen from; of all else an address may name one.
const KINDS = [
  ["outcome", "outcome", "outcome", ["answered", "truncated", "filtered", "interrupted", "failed", "lost"]],
  ["class", "vendor.class", "error", ["rate", "busy", "quota", "money", "auth", "content", "request", "net"]],
  ["provenance", "provenance", "provenance", ["uncertain", "vendor_final", "vendor_cumulative", "estimated", "worst_case", "not_sent", "adjustment"]],
];
const NAMED = ["device", "group", "vendor", "model", "contract", "zone", "currency"];

// A number may be of several at once, as "rate,busy".
const several = (value, kind) => (value?.includes(",") ? [[value, value.split(",").map((one) => word(kind, one)).join(", ")]] : []);

const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text ?? "");
const timeOf = (text) => text && !isDay(text) && timeExact(text);

const COLUMNS = ATTEMPT_COLUMNS.toSpliced(1, 0, { key: "device", title: t("robot"), width: "15%",
  cell: (row) => (row.device ? html`<a href="/robots/${row.device}#attempts">${row.device}</a>` : html`<span class="muted">${t("unnamed.device")}</span>`) });

function Narrowed({ query, change }) {
  const day = (name, label, bound) => html`<${TextField} label=${label} type="date" value=${isDay(query[name]) ? query[name] : ""} ...${bound} onInput=${(value) => change({ [name]: value })} />`;
  return html`<div class="toolbar">
    ${KINDS.map(([name, label, kind, values]) => html`<${SelectField} key=${name} label=${t(label)} value=${query[name] ?? ""} onInput=${(value) => change({ [name]: value })}
      options=${[["", t("any")], ...several(query[name], kind), ...values.map((value) => [value, word(kind, value)])]} />`)}
    ${day("from", t("usage.from"), { max: isDay(query.to) ? query.to : undefined })}${day("to", t("usage.to"), { min: isDay(query.from) ? query.from : undefined })}
    <${Only} change=${change} parts=${[...NAMED.map((name) => [name, t(name === "zone" || name === "currency" ? name : `dimension.${name}`), query[name]]),
      ["counted", t("attempts.counted"), query.counted && t(`attempts.counted.${query.counted}`)], ["answered", t("attempts.answered"), query.answered && t("yes")],
      ["from", t("usage.from"), timeOf(query.from)], ["to", t("attempts.before"), timeOf(query.to)]]} />
  </div>`;
}

export function Attempts() {
  const [query, change] = useQuery();
  const asked = Object.fromEntries([...KINDS.map(([name]) => name), ...NAMED, "counted", "answered", "from", "to"].map((name) => [name, query[name]]));
  const list = useList("/attempts", { query: asked, kinds: ["usage"], gap_ms: 3000, limit: 50 });
  const { looked_to: to, kept_since: since } = list.page ?? {};
  const empty = html`<${Empty} icon="usage" title=${t("attempts.nothing")}>${since && html`<p>${t("attempts.kept_since", { time: timeExact(since) })}</p>`}</${Empty}>`;
  return html`<${PageHead} title=${t("attempts")} crumbs=${[[t("nav.usage"), "/usage"]]} at=${list.as_of} />
    <section class="card flush"><${Narrowed} query=${query} change=${change} />
      <${ListTable} list=${list} columns=${COLUMNS} label=${t("attempts")} rowKey=${attemptKey} empty=${empty}
        foot=${[to && t("attempts.looked_to", { time: timeExact(to) }), since && t("attempts.kept_since", { time: timeExact(since) })].filter(Boolean).join(" ")} /></section>`;
}
