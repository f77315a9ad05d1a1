// steps.js - the arithmetic behind a line of a bill, as rating made it: each step as a person would write it
// down, "358,986 × 0.8 / 1,000,000 = 0.2871888"; the amounts of all of them add up to the line's

import { html } from "../dom.js";
import { grouped } from "../format.js";
import { givenName, t, word } from "../text.js";

const FORMS = {
  weight: ({ q, p, u }) => `${q} × ${p}${u}`,
  included: ({ q }) => q, pack: ({ q }) => q, free: ({ q }) => q,
  units: ({ q, p, u }) => `${q} × ${p}${u}`,
  packages: ({ q, p, n }) => t("steps.packages", { q, n, p }),
  fee: ({ q, p }) => `${q} × ${p}`,
  days: ({ q, p }) => t("steps.days", { q, p }),
  discount: ({ q, p }) => `\u2212 ${q} × ${p}`,
  earlier: ({ q }) => q, promised: ({ q }) => q, counted: ({ q }) => q, kept: ({ q }) => q,
  missing: ({ q, p }) => `${q} × ${p}`,
  maximum: ({ q }) => q || "", minimum: ({ q }) => q || "",
  share: ({ q, p }) => `${q} × ${p}`,
};

const range = (above, upTo) => [above !== undefined && t("steps.above", { n: grouped(above) }), upTo !== undefined && t("steps.up_to", { n: grouped(upTo) })];

// What a step is about, as far as it says so: the metric, the cell of a price list, the tier.
function about(step) {
  return [step.name && givenName(step.name), step.metric && step.metric.split("+").map((one) => word("metric", one)).join(" + "), step.of,
    ...range(step.above, step.up_to), ...range(step.input_above, step.input_up_to).map((text) => text && t("steps.of_input", { text }))].filter(Boolean).join(", ");
}

function Step({ step }) {
  const numbers = { q: grouped(step.quantity), p: grouped(step.price), n: grouped(step.per), u: step.per ? ` / ${grouped(step.per)}` : "" };
  const form = FORMS[step.kind]?.(numbers) || "";
  const [what, of] = [word("bill_step", step.kind), about(step)];
  return html`<li><span>${[of || what, of && step.kind !== "units" && what].filter(Boolean).join(" \u00b7 ")}</span>
    <span class="sum">${form && `${form} = `}<b>${grouped(step.amount)}</b>${step.kind === "weight" && ` \u2192 ${t("steps.points")}`}</span></li>`;
}

// Folded; nothing for a line that tells no steps.
export function Steps({ line }) {
  if (!line.steps?.length) return null;
  return html`<details class="reckoning"><summary>${t("steps.how")}</summary>
    <ol>${line.steps.map((step, i) => html`<${Step} key=${i} step=${step} />`)}</ol></details>`;
}
