// asked.js - what an address asks of usage: by what, which days, whose, in which zone

import { dayOf } from "../../components/behind.js";

export const DIMENSIONS = ["vendor", "model", "contract", "group", "device", "class"];
export const NARROWED = ["vendor", "model", "contract", "group", "device"];
export const MEASURES = ["attempts", "input", "output", "cost"];
export const RANGES = { day: 1, week: 7, month: 30, year: 365 };
const UNITS = ["hour", "day", "week", "month", "quarter", "year"];
const LEAST_DAYS = { month: 45, quarter: 100, year: 366 };
const DAY_MS = 86400000;
const FIRST_ROWS = 50;
export const ALL_ROWS = 1000;

export const shift = (day, days) => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
export const span = (from, to) => Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;

// Lengths of time that many days are told by in a picture one can read: the first is the usual one.
export function unitsFor(days) {
  const usual = days <= 2 ? "hour" : days <= 62 ? "day" : days <= 200 ? "week" : "month";
  const others = UNITS.filter((unit) => unit !== usual
    && (unit === "hour" ? days <= 14 : unit === "day" ? days <= 366 && days > 1 : unit === "week" ? days > 13 : days > LEAST_DAYS[unit]));
  return [usual, ...others];
}

function isZone(name) {
  try {
    return Boolean(name && new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false; // an address may say anything
  }
}

const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text ?? "") && !Number.isNaN(Date.parse(text));

function daysOf({ range, from, to }, today) {
  if (range === "own" && isDay(from) && isDay(to) && from <= to) return { range, from, to };
  const name = range in RANGES ? range : "day";
  return { range: name, from: shift(today, 1 - RANGES[name]), to: today };
}

// home: the zone that the contracts count in.
export function readAsked(query, home) {
  const zone = isZone(query.zone) ? query.zone : home;
  const days = daysOf(query, dayOf(Date.now(), zone));
  const count = span(days.from, days.to);
  const by = [...new Set((query.by || "vendor,model").split(","))].filter((name) => DIMENSIONS.includes(name)).slice(0, 2);
  const units = unitsFor(count);
  return {
    ...days, zone, units,
    by: by.length > 0 ? by : ["vendor", "model"],
    unit: units.includes(query.unit) ? query.unit : units[0],
    measure: MEASURES.includes(query.measure) ? query.measure : "attempts",
    only: Object.fromEntries(NARROWED.filter((name) => query[name]).map((name) => [name, query[name]])),
    top: query.top === "all" ? ALL_ROWS : FIRST_ROWS,
    before: { from: shift(days.from, -count), to: shift(days.from, -1) },
    // each contract's own unless another is asked for: those sums are kept ready
    ownZone: zone !== home ? zone : undefined,
  };
}

// What all questions have in common.
export const scope = (asked) => ({ ...asked.only, from: asked.from, to: asked.to, zone: asked.ownZone });

// Every period between the two days, those without use too: [its name in the answer, its beginning].
export function periods({ from, to, unit, zone }, now = Date.now()) {
  if (unit === "hour") return hours(from, to, zone, now);
  const list = [];
  const last = to;
  for (let day = first(from, unit); day <= last; day = next(day, unit)) list.push(day);
  return list;
}

function first(day, unit) {
  if (unit === "month") return `${day.slice(0, 7)}-01`;
  if (unit === "quarter") return `${day.slice(0, 5)}${String(3 * Math.floor((Number(day.slice(5, 7)) - 1) / 3) + 1).padStart(2, "0")}-01`;
  if (unit === "year") return `${day.slice(0, 4)}-01-01`;
  if (unit === "week") return shift(day, -((new Date(day).getUTCDay() + 6) % 7));
  return day;
}

function next(day, unit) {
  const past = { month: 31, quarter: 92, year: 366 }[unit]; // within the next one, from its first day
  return past ? first(shift(day, past), unit) : shift(day, unit === "week" ? 7 : 1);
}

// UTC's hours whose beginning is on one of these days in zone.
function hours(from, to, zone, now) {
  const list = [];
  for (let at = Date.parse(from) - 14 * 3600000; at < Date.parse(to) + DAY_MS + 12 * 3600000 && at <= now; at += 3600000) {
    const day = dayOf(at, zone);
    if (day >= from && day <= to) list.push(`${new Date(at).toISOString().slice(0, 19)}Z`);
  }
  return list;
}
