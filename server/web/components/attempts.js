// attempts.js - attempts in rows, of one robot or of all: tokens, certainty, money

import { html } from "../dom.js";
import { NONE, number } from "../format.js";
import { t, word } from "../text.js";
import { Ago, Chip, Money, Status } from "./ui.js";

// Certain: the vendor's own word, a request never sent, or settled by the vendor's file.
const CERTAIN = new Set(["vendor_final", "not_sent"]);

function Provenance({ row }) {
  if (row.settled) return html`<${Chip} tone="ok" title=${t("provenance.settled.help")}>${t("provenance.settled")}</${Chip}>`;
  const tone = CERTAIN.has(row.provenance) ? "" : "warn";
  return html`<${Chip} tone=${tone} title=${t(`provenance.${row.provenance}.help`)}>${word("provenance", row.provenance)}</${Chip}>`;
}

function Outcome({ row }) {
  const why = row.error_class && row.error_class !== "none" ? word("error", row.error_class) : "";
  return html`<${Status} kind="outcome" value=${row.outcome} title=${why} />${why && html`<span class="sub">${why}</span>`}`;
}

function Latency({ row }) {
  const sound = row.first_audio_ms > 0 ? number(row.first_audio_ms) : NONE;
  return html`<span title=${t("latency.help")}>${row.first_token_ms > 0 ? number(row.first_token_ms) : NONE} / ${sound} ms</span>`;
}

export const ATTEMPT_COLUMNS = [
  { key: "at", title: t("when"), width: "92px", lead: true, cell: (row) => html`<${Ago} at=${row.at} />` },
  { key: "route", title: t("route"), cell: (row) => html`<span title=${t("route.contract", { contract: row.contract })}>
    ${row.vendor}<span class="muted"> / ${row.model}</span></span>
    ${row.attempt === 0 && html`<span class="sub">${t("attempts.sum", { n: row.requests })}</span>`}` },
  { key: "outcome", title: t("outcome"), corner: true, width: "124px", cell: (row) => html`<${Outcome} row=${row} />` },
  { key: "provenance", title: t("provenance"), width: "96px", cell: (row) => html`<${Provenance} row=${row} />` },
  { key: "input", title: t("tokens.input"), end: true, width: "72px", cell: (row) => html`
    <span title=${t("tokens.cached", { n: number(row.input_cached) })}>${number(row.input_uncached + row.input_cached)}</span>` },
  { key: "output", title: t("tokens.output"), end: true, width: "72px", cell: (row) => number(row.output + row.reasoning) },
  { key: "latency", title: t("latency"), end: true, from: "wide", width: "124px", cell: (row) => html`<${Latency} row=${row} />` },
  { key: "cost", title: t("cost"), end: true, width: "96px", cell: (row) => html`<${Money} value=${row.price} currency=${row.currency} digits=${6} />` },
];

export const attemptKey = (row) => `${row.device} ${row.turn}-${row.attempt} ${row.at}`;
