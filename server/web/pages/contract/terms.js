// terms.js - a contract's documents as terms that people read: which hold from when, and each said member
// by member, so that two can stand side by side

import { dayIn, grouped, number } from "../../format.js";
import { givenName, ofText, t, word } from "../../text.js";

const LISTS = ["charges", "commitments", "caps", "thresholds", "credits", "discounts", "service_levels"];
const OUTER = ["vendor", "currency", "zone", "term", "grace_days", "third_party_models", "interim", "tax", "termination"];
// Members in the order in which people read them; others follow.
const ORDER = ["kind", "of", "metric", "models", "per", "anchor", "amount", "price", "unit", "prices", "tiers", "at_least", "at_most", "limit", "at",
  "forecast", "rate", "do", "from", "to"];

const CLASSES = ["input", "input_uncached", "input_cached", "cache_write_5m", "cache_write_1h", "output", "reasoning"];

// The terms that hold one after the other: each version's document and its amendments, oldest first. What a
// document had planned beyond the next version is void.
export function stagesOf(contract) {
  const versions = [...contract.versions].sort((a, b) => a.version - b.version);
  return versions.flatMap((version, i) => {
    const { amendments = [], ...terms } = version.document;
    const from = dayIn(version.effective_from, contract.zone);
    const next = versions[i + 1] && Date.parse(versions[i + 1].effective_from);
    const stages = [{ id: String(version.version), version, from, at: Date.parse(version.effective_from), terms }];
    for (const { effective_from: day, counters, ...changes } of amendments) {
      const at = Date.parse(`${day}T00:00:00Z`);
      if (next && at >= next) break;
      const before = stages.at(-1);
      const after = { ...before.terms, ...changes };
      // one that was in force before the document is a part of it
      if (at <= stages[0].at) before.terms = after;
      else stages.push({ id: `${version.version}@${day}`, version, amendment: day, from: dayIn(`${day}T12:00:00Z`, "UTC"), at, counters, terms: after });
    }
    return stages;
  });
}

// The last that began, else the first to come.
export function stageNow(stages, now = Date.now()) {
  return [...stages].reverse().find(({ at }) => at <= now) || stages[0];
}

function tierText({ up_to, price, unit, size, flat, share }) {
  const parts = [price !== undefined && priceText(price, size ?? unit), flat !== undefined && t("terms.flat", { flat: grouped(String(flat)) }), share].filter(Boolean);
  return t(up_to === undefined ? "terms.above" : "terms.up_to", { limit: grouped(String(up_to ?? "")), price: parts.join(" + ") });
}

const priceText = (price, unit) => (unit ? t("terms.per", { price: grouped(String(price)), unit: number(unit) }) : grouped(String(price)));

const metricText = (metric) => [].concat(metric).map((one) => (one?.gauge ?? word("metric", one))).join(" + ");

const pairs = (value) => ordered(value).map((name) => [name, value[name]]).map(([name, one]) => `${memberName(name)} ${valueText(name, one)}`).join(", ");

// A member's value in words.
export function valueText(member, value) {
  if (value === undefined || value === null) return "";
  if (member === "metric") return metricText(value);
  if (member === "tiers" || member === "rebate") return value.map(tierText).join("; ");
  if (member === "of") return ofText(value);
  if (member === "prices") return Object.entries(value).sort(([a], [b]) => CLASSES.indexOf(a) - CLASSES.indexOf(b)).map(([name, price]) => `${word("metric", name)} ${grouped(String(price))}`).join(", ");
  if (member === "do") return value.map((one) => (typeof one === "string" ? word("action", one) : Object.entries(one).map(([name, what]) =>
    `${word("action", name)} ${typeof what === "object" ? pairs(what) : what}`).join())).join(", ");
  if (member === "term" && value.from) return `${dayIn(`${value.from}T12:00:00Z`, "UTC")} \u2013 ${dayIn(Date.parse(`${value.to}T12:00:00Z`) - 86400000, "UTC")}`;
  if (member === "kind") return word("charge", value);
  if (member === "per") return word("per", value);
  if (member === "measured") return word("measured", value);
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (Array.isArray(value)) return value.map((one) => (typeof one === "object" ? pairs(one) : grouped(String(one)))).join("; ");
  if (typeof value === "object") return pairs(value);
  return ["unit", "name", "zone", "at", "from", "to"].includes(member) && typeof value === "string" ? value : grouped(String(value));
}

export const memberName = (member) => word("term", member);

const placeOf = (member) => (ORDER.indexOf(member) + 1 || ORDER.length + 1);
const ordered = (item) => Object.keys(item).filter((member) => member !== "name").sort((a, b) => placeOf(a) - placeOf(b));

// An entry's own name, else what tells it from its neighbours.
function entryName(list, item) {
  if (item.name) return givenName(item.name);
  if (list === "charges") return [word("charge", item.kind), item.metric && metricText(item.metric)].filter(Boolean).join(" \u00b7 ");
  if (list === "thresholds") return item.of.includes(":") ? givenName(item.of.split(":").slice(1).join(":")) : metricText(item.of);
  return item.metric ? metricText(item.metric) : "";
}

// [{section, entry, member, value}...] of one stage's terms; key is the same for the same term of another.
export function rowsOf(terms) {
  const rows = OUTER.filter((member) => terms[member] !== undefined)
    .map((member) => ({ section: "contract", entry: "", member, key: `contract/${member}`, text: valueText(member, terms[member]) }));
  for (const list of LISTS) {
    const seen = {};
    for (const item of terms[list] || []) {
      const entry = entryName(list, item);
      const nth = seen[entry] = (seen[entry] || 0) + 1;
      const id = `${list}/${entry}/${nth}`;
      for (const member of ordered(item)) {
        rows.push({ section: list, entry: nth > 1 ? `${entry} (${nth})` : entry, id, member, key: `${id}/${member}`, text: valueText(member, item[member]) });
      }
    }
  }
  return rows;
}

const MODIFIERS = ["included", "discount", "minimum", "maximum", "free_amount", "free_events"];

// What a charge asks for, whatever was counted.
function priceOf(charge) {
  const parts = [charge.amount !== undefined && `${charge.count ? `${grouped(String(charge.count))} \u00d7 ` : ""}${grouped(String(charge.amount))}`,
    charge.price !== undefined && !charge.tiers && priceText(charge.price, charge.size ?? charge.unit),
    charge.prices && `${valueText("prices", charge.prices)}${charge.unit ? ` ${t("terms.for", { unit: number(charge.unit) })}` : ""}`,
    ...["tiers", "windows", "weights", "rate", "fixed", ...MODIFIERS].filter((member) => charge[member] !== undefined)
      .map((member) => (member === "tiers" ? valueText(member, charge.tiers) : `${memberName(member)} ${valueText(member, charge[member])}`))];
  return parts.filter(Boolean).join("; ");
}

// Each charge of a contract and what it asked for from when on: a row for each change.
export function pricesOf(contract) {
  const stages = stagesOf(contract);
  const nameAt = (charge, i) => charge.name || `charges/${i}`;
  const names = [...new Set(stages.flatMap(({ terms }) => (terms.charges || []).map(nameAt)))];
  return names.flatMap((name) => {
    const rows = [];
    for (const stage of stages) {
      const charge = (stage.terms.charges || []).find((one, i) => nameAt(one, i) === name);
      const says = charge ? priceOf(charge) : rows.length > 0 ? t("prices.no_longer") : undefined;
      if (says === undefined || says === rows.at(-1)?.says) continue;
      const about = charge && [word("charge", charge.kind), charge.metric && metricText(charge.metric), charge.per && word("per", charge.per)].filter(Boolean).join(" \u00b7 ");
      rows.push({ key: `${name} ${stage.id}`, name: charge && !charge.name ? word("charge", charge.kind) : name, about, from: stage.from, says, first: rows.length === 0 });
    }
    return rows;
  });
}

// Rows of both, in the order of the newer one; what is only in the older stands behind its neighbours.
export function compare(older, newer) {
  const [was, is] = [rowsOf(older), rowsOf(newer)];
  const before = new Map(was.map((row) => [row.key, row.text]));
  const after = new Map(is.map((row) => [row.key, row.text]));
  const all = [...is];
  was.forEach((row, i) => {
    if (after.has(row.key)) return;
    const previous = was.slice(0, i).reverse().find(({ key }) => all.some((other) => other.key === key));
    all.splice(previous ? all.findIndex(({ key }) => key === previous.key) + 1 : 0, 0, row);
  });
  return all.map((row) => {
    const [old, now] = [before.get(row.key), after.get(row.key)];
    return { ...row, old, now, change: old === now ? "" : old === undefined ? "added" : now === undefined ? "removed" : "changed" };
  });
}
