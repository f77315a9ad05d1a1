// gatewords.js - a gate's metrics and their values as they are read

import { digitsFor, milliseconds, money, NONE, percent, plain } from "../../format.js";
import { t, word } from "../../text.js";

const TIMES = ["first_token", "first_audio"];
export const known = (value) => value !== null && value !== undefined;

export const metricName = (metric) => (metric.startsWith("failures_")
  ? t("gate.failures_of", { what: word("error", metric.slice("failures_".length)) }) : word("gate", metric));

export function amount({ metric, currency }, value) {
  if (!known(value)) return NONE;
  if (TIMES.includes(metric)) return milliseconds(Math.round(value));
  if (metric !== "cost") return percent(value, 2);
  return currency ? money(value, currency, digitsFor([value])) : plain(value, 6);
}
