// plan.js - a rollout's plan and people in facts

import { html } from "../../dom.js";
import { Ago, Card, Facts } from "../../components/ui.js";
import { duration, number, person, timeExact } from "../../format.js";
import { t, word } from "../../text.js";
import { metricName } from "./gatewords.js";

export const METRICS = ["failures", "unreachable", "first_token", "first_audio", "interrupted", "cost"];
const isOfShares = (name) => name === "unreachable" || name.startsWith("failures");
const allowed = (name, margin) => (isOfShares(name) ? t("gate.points", { n: `+${parseFloat(margin)}` }) : `+${margin}`);

function gates(plan) {
  if (plan.gates === "off") return t("plan.gates.off");
  const classes = Object.keys(plan.gates ?? {}).filter((name) => name.startsWith("failures_"));
  const judged = [...METRICS, ...classes].filter((name) => plan.gates?.[name]).map((name) => [name, plan.gates[name]]);
  return html`<ul class="rules">${judged.map(([name, rule]) => html`<li key=${name}>${metricName(name)}${" "}
    <span class="muted">${allowed(name, rule.margin)}${rule.wait ? "" : `, ${t("plan.gates.no_wait")}`}</span></li>`)}</ul>`;
}

function pace(plan) {
  const rate = plan.rate_per_minute > 0 ? t("plan.rate.n", { n: number(plan.rate_per_minute) }) : t("plan.rate.none");
  return plan.ramp ? `${rate}, ${t("plan.ramp.from", { from: plan.ramp.from, percent: plan.ramp.percent })}` : rate;
}

function confirm({ confirm: rules }) {
  return [t(rules.test ? "plan.confirm.test" : "plan.confirm.plain"), t("plan.confirm.within", { time: duration(rules.deadline_s) }),
    t("plan.confirm.failed", { share: rules.max_failed })].join(", ");
}

const span = ({ from, to }) => `${timeExact(from)} \u2013 ${timeExact(to)}`;

const facts = (plan) => [
  [t("plan.rate"), pace(plan)],
  [t("plan.confirm"), confirm(plan)],
  [t("plan.soak"), duration(plan.soak_s)],
  [t("plan.unreachable"), duration(plan.unreachable_after_s)],
  plan.windows?.length > 0 && [t("plan.windows"), `${plan.windows.join(", ")} (${plan.zone})`],
  plan.blackouts?.length > 0 && [t("plan.blackouts"), plan.blackouts.map(span).join(", ")],
  [t("plan.on_red"), word("plan_on_red", plan.on_red)],
  plan.manual && [t("plan.manual"), t("plan.manual.yes")],
  plan.queue && [t("plan.queue"), t("plan.queue.yes")],
  plan.approval && [t("plan.approval"), t("plan.approval.above", { amount: plan.approval.above_cost })],
  [t("plan.gates"), gates(plan)],
];

export function PlanFacts({ plan }) {
  return html`<${Facts} items=${facts(plan)} />`;
}

// What was asked, or agreed to: ROLLOUT.md, Approval.
const figures = ({ robots, costs, unknown }) => [
  t("rollout.figures.robots", { n: robots }),
  ...(costs ?? []).map(({ currency, amount }) => t("rollout.figures.cost", { amount, currency })),
  unknown && t("rollout.figures.unknown", { contract: unknown }),
].filter(Boolean).join(", ");

const waits = (row) => row.state === "approval" || row.cause === "approval";

export function Plan({ row }) {
  return html`<${Card} title=${t("rollout.plan")}><${Facts} items=${[
    [t("rollout.author"), html`${person(row.author)}, <${Ago} at=${row.created_at} />`],
    row.approver && [t("rollout.approver"), html`${person(row.approver)}, <${Ago} at=${row.approved_at} />`],
    row.approved && [t("rollout.approved"), figures(row.approved)],
    row.asked && waits(row) && [t("rollout.asked"), figures(row.asked)],
    row.started_at && [t("rollout.started"), html`<${Ago} at=${row.started_at} />`],
    row.ended_at && [t("rollout.ended"), html`<${Ago} at=${row.ended_at} />`],
    row.reverses && [t("rollout.reverses"), html`<a href="/rollouts/${row.reverses}">${row.reverses}</a>`],
    ...facts(row.plan),
  ]} /></${Card}>`;
}
