// contract.js - one contract: what is wrong or near first, then the bill so far, then what it says

import { html } from "../dom.js";
import { useResource } from "../api.js";
import { billedBehind } from "../components/behind.js";
import { Bill } from "../components/bill.js";
import { PageHead } from "../components/page.js";
import { fullestFirst, Pools } from "../components/pools.js";
import { Loaded, Missed } from "../components/states.js";
import { Thresholds } from "../components/thresholds.js";
import { Button, Card, Facts } from "../components/ui.js";
import { dayIn, number } from "../format.js";
import { navigate } from "../router.js";
import { may } from "../session.js";
import { t } from "../text.js";
import { Burns, dateText, daysLeft, lastDate } from "./contract/burns.js";
import { Invoices } from "./contract/invoices.js";
import { Statements } from "./contract/statements.js";
import { Versions } from "./contract/versions.js";

function Standing({ contract, burndown }) {
  const { term } = burndown;
  return html`<${Card} title=${t("contract.facts")}><${Facts} flow items=${[
    [t("vendor"), html`<a href=${`/vendors/${contract.vendor}`}>${contract.vendor}</a>`], [t("currency"), contract.currency], [t("zone"), contract.zone],
    [t("version"), t("versions.since", { n: number(contract.version), from: dayIn(contract.effective_from, contract.zone) })],
    [t("contract.term"), term ? `${dateText(term.from)} \u2013 ${lastDate(term.to)}` : t("contract.no_term")],
    term && [t("burn.days_left"), daysLeft(burndown) > 0 ? t("term.days_left", { n: number(daysLeft(burndown)) }) : t("term.over")],
  ]} /></${Card}>`;
}

function Held({ id, burns }) {
  const state = useResource("/pools", { query: { open: "true" }, kinds: ["usage", "pool", "contract"], gap_ms: 2000 });
  const soft = new Set(burns.lines.filter(({ kind, hard }) => kind === "cap" && !hard).map(({ name }) => `cap:${id}:${name}`)); // no credit of theirs is held
  const own = (state.data?.items || []).filter((pool) => !soft.has(pool.source)).filter((pool) => pool.source.startsWith(`cap:${id}:`)
    || (pool.scope === "contract" && pool.subject === id));
  if (own.length === 0) return html`<${Missed} state=${state} what=${t("contract.credit")} />`;
  return html`<${Card} title=${t("contract.credit")} flush><${Pools} label=${t("contract.credit")} pools=${fullestFirst(own)} /></${Card}>`;
}

function SoFar({ id, contract }) {
  const state = useResource(`/contracts/${id}/bill`, { kinds: ["usage", "contract"], gap_ms: 5000 });
  return html`<${Card} title=${t("bill.so_far")} flush>
    <${Loaded} state=${state} lines=${6}>${(bill) => html`<${Bill} bill=${bill} behind=${(line) => billedBehind(contract, line)} />`}</${Loaded}></${Card}>`;
}

export function Contract({ id }) {
  const contract = useResource(`/contracts/${id}`, { kinds: ["contract"] });
  const burndown = useResource(`/contracts/${id}/burndown`, { kinds: ["usage", "contract"], gap_ms: 10000 });
  return html`<${PageHead} title=${id} crumbs=${[[t("nav.contracts"), "/contracts"]]} at=${burndown.data?.as_of}>
      <a class="button" href=${`/contracts/new?from=${encodeURIComponent(id)}`}>${t("contract.copy")}</a>
      ${may("operator") && html`<${Button} kind="primary" onClick=${() => navigate(`/contracts/${id}/edit`)}>${t("contract.edit")}</${Button}>`}
    </${PageHead}>
    <${Loaded} state=${burndown} lines=${10}>${(burns) => html`
      ${contract.data && html`<${Standing} contract=${contract.data} burndown=${burns} />`}
      <${Card} title=${t("burn.title")}><${Burns} burndown=${burns} /></${Card}>`}</${Loaded}>
    <${Missed} state=${contract} what=${t("contract.facts")} />
    ${contract.data && burndown.data && html`<${Thresholds} source=${`contract:${id}`} /><${Held} id=${id} burns=${burndown.data} /><${SoFar} id=${id} contract=${contract.data} />
      <${Statements} contract=${contract.data} />${may("viewer", "invoices") && html`<${Invoices} contract=${contract.data} />`}
      <${Versions} contract=${contract.data} />`}`;
}
