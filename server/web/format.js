// format.js - numbers, money and time as people read them; exact values stay exact
//
// The API sends money and long counts as decimal text. Intl formats such text without going
// through a floating point number, so nothing is rounded that is not meant to be.

import { locale } from "./text.js";

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "narrow" });
const present = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second");
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
const hourAndMinute = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
const dayAndHour = new Intl.DateTimeFormat(locale, { weekday: "short", hour: "numeric" });
const day = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", timeZone: "UTC" });

const month = new Intl.DateTimeFormat(locale, { month: "short", year: "numeric", timeZone: "UTC" });

export const NONE = "\u2013";

export function number(value) {
  return value === null || value === undefined ? NONE : whole.format(value);
}

// An exact decimal of the server, grouped, with all its places; other texts as they are.
export const grouped = (value) => (/^-?\d+$/.test(value) ? number(value) : /^-?\d+\.\d+$/.test(value)
  ? `${number(value.split(".")[0])}.${value.split(".")[1]}` : value);

const places = (text) => (text.split(".")[1] ?? "").length;

// The sum of exact decimals of the server, as exact.
export function sumExact(texts) {
  const all = texts.map(String);
  const digits = Math.max(0, ...all.map(places));
  const sum = all.reduce((total, text) => total + BigInt(text.replace(".", "") + "0".repeat(digits - places(text))), 0n);
  const shown = String(sum < 0n ? -sum : sum).padStart(digits + 1, "0");
  return `${sum < 0n ? "-" : ""}${shown.slice(0, shown.length - digits)}${digits > 0 ? `.${shown.slice(-digits)}` : ""}`;
}

export function compact(value) {
  return short.format(value);
}

// digits: decimals shown, the same down a column so that the points stand in line.
export function money(value, currency, digits = 2) {
  if (value === null || value === undefined || !currency) return NONE;
  return new Intl.NumberFormat(locale, {
    style: "currency", currency, currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  }).format(value);
}

// Decimals that show the greatest of these sums with three digits or more.
export function digitsFor(values) {
  const most = values.reduce((max, value) => Math.max(max, Math.abs(Number(value))), 0);
  if (most === 0 || most >= 100) return 2;
  return most >= 0.1 ? 4 : 6;
}

// A share as people say it: 0.021 is 2.1 %. signed: with its sign, as differences have it.
export function percent(value, digits = 1, signed = false) {
  return new Intl.NumberFormat(locale, {
    style: "percent", maximumFractionDigits: digits, signDisplay: signed ? "exceptZero" : "auto",
  }).format(value);
}

export function plain(value, digits = 2, signed = false) {
  return new Intl.NumberFormat(locale, {
    maximumFractionDigits: digits, signDisplay: signed ? "exceptZero" : "auto",
  }).format(value);
}

// Seconds in the largest unit that has them whole: 86400 is a day, 5400 are 90 minutes.
export function duration(seconds) {
  const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, size]) => seconds >= size && seconds % size === 0) || ["second", 1];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(seconds / size);
}

export function moneyExact(value, currency) {
  return `${value} ${currency}`;
}

export function milliseconds(value) {
  if (value === null || value === undefined) return NONE;
  if (value < 1000) return `${whole.format(value)} ms`;
  return `${(value / 1000).toFixed(value < 10000 ? 2 : 1)} s`;
}

export function timeExact(at) {
  return exact.format(new Date(at));
}

// The moment as clocks show it in zone, which it names.
export function timeIn(at, zone) {
  return new Intl.DateTimeFormat(locale, {
    year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZone: zone,
    timeZoneName: "short",
  }).format(new Date(at));
}

// The day of a moment in zone.
export function dayIn(at, zone) {
  return new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", day: "numeric", timeZone: zone }).format(new Date(at));
}

// The last day of a period that is over at that moment.
export function lastDayIn(end, zone) {
  return dayIn(new Date(end).getTime() - 1, zone);
}

// A period of days whose end is past it, "2026-11-01/2026-12-01": people tell the last day.
export function periodDays(period) {
  const [from, to] = period.split("/");
  const last = new Date(Date.parse(`${to}T00:00:00Z`) - 86400000).toISOString().slice(0, 10);
  return from === last ? from : `${from} \u2013 ${last}`;
}

export function timeOfDay(at) {
  return clock.format(new Date(at));
}

// For the axis of a picture that shows so many seconds.
export function timeShort(at, span_s) {
  return (span_s > 20 * 3600 ? dayAndHour : hourAndMinute).format(new Date(at));
}

// "2026-11-01" as the month it begins.
export function monthOf(at) {
  return month.format(new Date(at));
}

// What clocks show at a moment in zone.
export function clockIn(at, zone) {
  return new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", timeZone: zone }).format(new Date(at));
}

// The hour of a moment as clocks show it in zone, with its day.
export function hourIn(at, zone) {
  return new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", hour: "numeric", timeZone: zone }).format(new Date(at));
}

export function dayShort(at) {
  return day.format(new Date(at));
}

const STEPS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

// "12s ago", "now". Clocks differ: what lies less than two seconds in the future is now, too.
export function ago(at, now = Date.now()) {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  if (seconds > -2 && seconds < 2) return present;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(seconds, "second");
}

// "operator:anna" as people say it.
export const person = (actor) => (actor || "").replace(/^operator:/, "");
