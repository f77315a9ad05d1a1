// budget.js - one budget: what is spent, held and free of it, its thresholds and what they did

import { html, useState } from "../dom.js";
import { remove, useResource } from "../api.js";
import { pageOf } from "../components/behind.js";
import { TypedConfirm } from "../components/dialog.js";
import { PageHead } from "../components/page.js";
import { Account, PoolAmount } from "../components/pools.js";
import { Loaded } from "../components/states.js";
import { Thresholds } from "../components/thresholds.js";
import { toast } from "../components/toast.js";
import { Ago, Button, Card, Facts } from "../components/ui.js";
import { navigate } from "../router.js";
import { may } from "../session.js";
import { t, word } from "../text.js";
import { EditDialog } from "./budget/edit.js";

// Whom it limits: robots as the fleet's list has them, or the page of the one that it is about.
function scopePage({ scope, subject }) {
  if (scope === "fleet") return "/fleet";
  return scope === "group" ? `/fleet?group=${encodeURIComponent(subject)}` : pageOf(`${scope}:${subject}`);
}

const metricText = (metric) => metric.split("+").map((one) => word("metric", one)).join(" + ");

function Scope({ budget }) {
  return html`<a href=${scopePage(budget)}>${word("scope", budget.scope)}${budget.subject && ` ${budget.subject}`}</a>`;
}

// Without an account no period of it has begun.
function Standing({ pool }) {
  const title = t("budget.account");
  return pool ? html`<${Account} title=${title} pool=${pool} />` : html`<${Card} title=${title}><p class="muted">${t("budget.no_account")}</p></${Card}>`;
}

function Terms({ budget }) {
  return html`<${Card} title=${t("budget.terms")}><${Facts} flow items=${[
    [t("budget.scope"), html`<${Scope} budget=${budget} />`], [t("pool.unit"), budget.currency ?? metricText(budget.metric)],
    budget.models && [t("model"), budget.models.join(", ")], [t("charge.per"), word("per", budget.per)], [t("zone"), budget.zone],
    [t("budget.hard"), t(budget.hard ? "budget.is_hard" : "budget.is_soft")],
    budget.note && [t("budget.note"), budget.note],
    [t("budget.made"), html`${budget.created_by}, <${Ago} at=${budget.created_at} />`]]} /></${Card}>`;
}

// Spend is history and stays; the credit that robots hold counts against this limit no more.
function DeleteDialog({ budget, etag, onClose }) {
  const { pool } = budget;
  const submit = async () => {
    await remove(`/budgets/${budget.id}`, etag);
    toast(t("budget.deleted", { id: budget.id }));
    navigate("/contracts");
  };
  return html`<${TypedConfirm} title=${t("budget.delete", { id: budget.id })} phrase=${budget.id} action=${t("remove")} submit=${submit} onClose=${onClose}
    text=${html`${t(budget.hard ? "budget.delete.hard" : "budget.delete.soft")} ${pool && html`${t("budget.delete.held")} <b><${PoolAmount} pool=${pool} value=${pool.outstanding} /></b>. `}
      ${t("budget.delete.thresholds", { n: budget.thresholds.length })}`} />`;
}

export function Budget({ id }) {
  const state = useResource(`/budgets/${id}`, { kinds: ["usage", "pool", "budget"], gap_ms: 2000 });
  const [open, setOpen] = useState(null); // what is asked, of the budget as it was then
  const budget = state.data;
  const ask = (dialog) => setOpen({ dialog, budget, etag: state.etag });
  const shut = () => setOpen(null);
  return html`<${PageHead} title=${id} crumbs=${[[t("nav.contracts"), "/contracts"]]} at=${state.at} lead=${budget && t("pool.budget")}>
      ${budget && may("operator", "budgets") && html`<${Button} onClick=${() => ask("delete")}>${t("remove")}</${Button}>
        <${Button} kind="primary" onClick=${() => ask("edit")}>${t("edit")}</${Button}>`}</${PageHead}>
    <${Loaded} state=${state} lines=${8}>${() => html`<${Standing} pool=${budget.pool} />
      <${Thresholds} source=${`budget:${id}`} />
      <${Terms} budget=${budget} />`}</${Loaded}>
    ${open?.dialog === "edit" && html`<${EditDialog} ...${open} onClose=${shut} onSaved=${state.reload} />`}
    ${open?.dialog === "delete" && html`<${DeleteDialog} ...${open} onClose=${shut} />`}`;
}
