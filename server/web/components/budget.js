// budget.js - a budget: our own cap on the fleet, a group, a robot, a vendor or a contract

import { html, useState } from "../dom.js";
import { post } from "../api.js";
import { t, word } from "../text.js";
import { FormDialog } from "./dialog.js";
import { SelectField, TextField } from "./field.js";

const SCOPES = ["fleet", "group", "device", "vendor", "contract"];
const METRICS = ["requests", "output", "input", "tokens", "spend"];
const PERIODS = ["day", "week", "month", "quarter", "year", "once"];
const choices = (kind, values) => values.map((value) => [value, word(kind, value)]);

const EMPTY = { id: "", scope: "fleet", subject: "", metric: "spend", currency: "CNY", at_most: "", per: "month", hard: "true" };

// What the API takes: members that do not apply stay out.
function budget(form) {
  const { subject, currency, hard, ...rest } = form;
  return {
    ...rest, hard: hard === "true",
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(form.scope !== "fleet" && { subject }),
    ...(form.metric === "spend" && { currency }),
  };
}

export function BudgetDialog({ onClose }) {
  const [form, setForm] = useState(EMPTY);
  const field = (name) => ({
    value: form[name], onInput: (value) => setForm((old) => ({ ...old, [name]: value })), autocomplete: "off",
  });
  return html`<${FormDialog} title=${t("budget.add")} action=${t("add")} onClose=${onClose}
      submit=${() => post("/budgets", budget(form))} ready=${form.id !== "" && form.at_most !== ""}>
    ${(problem) => html`<p class="muted">${t("budget.lead")}</p>
    <${TextField} label=${t("name")} hint=${t("budget.id.hint")} error=${problem?.at("/id")} ...${field("id")} autofocus />
    <${SelectField} label=${t("budget.scope")} options=${choices("scope", SCOPES)} error=${problem?.at("/scope")} ...${field("scope")} />
    ${form.scope !== "fleet" && html`<${TextField} label=${word("scope", form.scope)} error=${problem?.at("/subject")} ...${field("subject")} />`}
    <${SelectField} label=${t("pool.unit")} options=${choices("metric", METRICS)} error=${problem?.at("/metric")} ...${field("metric")} />
    <${TextField} label=${t("budget.at_most")} inputmode="decimal" error=${problem?.at("/at_most")} ...${field("at_most")} />
    ${form.metric === "spend" && html`<${TextField} label=${t("currency")} maxlength="3" error=${problem?.at("/currency")} ...${field("currency")} />`}
    <${SelectField} label=${t("charge.per")} options=${choices("per", PERIODS)} error=${problem?.at("/per")} ...${field("per")} />
    <${SelectField} label=${t("budget.hard")} hint=${t("budget.hard.hint")} error=${problem?.at("/hard")}
      options=${[["true", t("budget.is_hard")], ["false", t("budget.is_soft")]]} ...${field("hard")} />`}
  </${FormDialog}>`;
}
