// edit.js - a budget changed: its limit, what it holds robots to, its thresholds; what changes stands
// below before it is saved

import { html, useState } from "../../dom.js";
import { get, patch, Problem, useResource } from "../../api.js";
import { FormDialog } from "../../components/dialog.js";
import { SelectField, TextField } from "../../components/field.js";
import { Becoming } from "../../components/patch.js";
import { Missed } from "../../components/states.js";
import { toast } from "../../components/toast.js";
import { tell } from "../../said.js";
import { t } from "../../text.js";
import { Points, pointText } from "./points.js";

const hardText = (hard) => t(hard ? "budget.is_hard" : "budget.is_soft");
const pointsText = (points) => points.map(pointText).join("; ") || t("none");

// What can be changed: its name on the page, and its value in words.
const MEMBERS = [
  ["at_most", "budget.at_most", String], ["hard", "budget.hard", hardText], ["note", "budget.note", String],
  ["thresholds", "terms.thresholds", pointsText],
];

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const changedOf = (base, form) => MEMBERS.filter(([name]) => !same(base[name], form[name]));
const draftOf = (budget) => Object.fromEntries(MEMBERS.map(([name]) => [name, budget[name]]));

function Changes({ base, form }) {
  const lines = changedOf(base, form).map(([name, key, text]) => ({ key: name, name: t(key), before: text(base[name]) || t("empty"), after: text(form[name]) || t("empty") }));
  return html`<section class="group-of" aria-label=${t("change")}><h3>${t("change")}</h3>
    ${lines.length === 0 ? html`<p class="muted">${t("diff.none")}</p>` : html`<${Becoming} lines=${lines} />`}</section>`;
}

// budget and etag as they were when the dialog opened: who changes it meanwhile is not written over
// unseen.
export function EditDialog({ budget, etag, onClose, onSaved }) {
  const [base, setBase] = useState({ budget, etag });
  const [form, setForm] = useState(draftOf(budget));
  const listed = useResource("/contracts", { query: { limit: 200 } });
  const contracts = listed.data?.items.map(({ id }) => id) ?? [];
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  const path = `/budgets/${budget.id}`;
  const submit = async () => {
    const changes = Object.fromEntries(changedOf(base.budget, form).map(([name]) => [name, form[name]]));
    try {
      const { data } = await patch(path, changes, base.etag);
      for (const warning of data.warnings ?? []) toast(tell(warning), "bad");
    } catch (problem) {
      if (problem.status !== 412) throw problem;
      const { data, etag: now } = await get(path);
      setBase({ budget: data, etag: now });
      throw new Problem(412, { detail: t("budget.conflict") });
    }
    toast(t("budget.saved"));
    onSaved();
  };
  return html`<${FormDialog} wide title=${t("budget.change", { id: budget.id })} action=${t("save")} onClose=${onClose} submit=${submit}
      ready=${form.at_most !== "" && changedOf(base.budget, form).length > 0}>${(problem) => html`
    <${TextField} label=${t("budget.at_most")} inputmode="decimal" autocomplete="off" value=${form.at_most} onInput=${set("at_most")} error=${problem?.at("/at_most")} autofocus />
    <${SelectField} label=${t("budget.hard")} hint=${t("budget.hard.hint")} value=${String(form.hard)} error=${problem?.at("/hard")}
      options=${["true", "false"].map((hard) => [hard, hardText(hard === "true")])} onInput=${(hard) => set("hard")(hard === "true")} />
    <${TextField} label=${t("budget.note")} autocomplete="off" maxlength="200" value=${form.note} onInput=${set("note")} error=${problem?.at("/note")} />
    <${Missed} state=${listed} what=${t("nav.contracts")} />
    <${Points} points=${form.thresholds} problem=${problem} onChange=${set("thresholds")}
      contracts=${contracts.filter((id) => budget.scope !== "contract" || id !== budget.subject)} />
    <${Changes} base=${base.budget} form=${form} />`}
  </${FormDialog}>`;
}
