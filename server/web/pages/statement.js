// statement.js - one locked month of a contract: its lines with their arithmetic, what it corrects, who bears it

import { html } from "../dom.js";
import { address, useResource } from "../api.js";
import { Allocation } from "../components/allocation.js";
import { billedBehind } from "../components/behind.js";
import { Bill } from "../components/bill.js";
import { Icon } from "../components/icons.js";
import { Only } from "../components/only.js";
import { PageHead } from "../components/page.js";
import { Loaded } from "../components/states.js";
import { Ago, Card, Facts } from "../components/ui.js";
import { money, number, sumExact } from "../format.js";
import { useQuery } from "../router.js";
import { t, word } from "../text.js";
import { monthName } from "./contract/statements.js";

function File({ path, format, name, children }) {
  return html`<a class="button" href=${address(path, { format })} download=${name}><${Icon} name="download" /><span>${children}</span></a>`;
}

function Standing({ statement }) {
  return html`<${Card} title=${t("statement.locked")}><${Facts} flow items=${[
    [t("bill.total"), money(statement.total, statement.currency)], [t("statement.locked_by"), statement.locked_by.replace(/^operator:/, "")],
    [t("when"), html`<${Ago} at=${statement.locked_at} />`], [t("statement.corrections"), statement.corrections.length > 0 ? html`<a href="?only=corrections">${number(statement.corrections.length)}</a>` : number(0)],
    [t("statement.fees_by"), word("fees_by", statement.fees_by)]]} /></${Card}>`;
}

// What it counted is the usage of the contract's own days; without the contract that cannot be told.
function Lines({ statement, contract }) {
  const [{ only }, change] = useQuery();
  const isNarrow = only === "corrections";
  const bill = isNarrow ? { ...statement, lines: [], total: sumExact(statement.corrections.map(({ amount }) => amount)) } : statement;
  return html`<${Card} title=${t("statement.lines")} flush>
    ${isNarrow && html`<div class="toolbar"><${Only} change=${change} parts=${[["only", t("statement.lines"), t("statement.corrections")]]} /></div>`}
    <${Bill} bill=${bill} whole=${isNarrow} behind=${contract && ((line) => billedBehind(contract, line))} /></${Card}>`;
}

export function Statement({ id, month }) {
  const path = `/contracts/${id}/statements/${month}`;
  const state = useResource(path);
  const contract = useResource(`/contracts/${id}`);
  return html`<${PageHead} title=${t("statement.title", { month: monthName(month), id })} crumbs=${[[t("nav.contracts"), "/contracts"], [id, `/contracts/${id}`]]} at=${state.at}>
      ${state.data && html`<${File} path=${path} format="csv" name=${`${id}-${month}.csv`}>${t("statement.csv")}</${File}>
        <${File} path=${path} format="allocation-csv" name=${`${id}-${month}-shares.csv`}>${t("statement.allocation_csv")}</${File}>`}</${PageHead}>
    <${Loaded} state=${state} lines=${10}>${(statement) => html`<${Standing} statement=${statement} />
      <${Lines} statement=${statement} contract=${contract.data} />
      <${Card} title=${t("statement.borne")} flush><${Allocation} allocation=${statement.allocation} currency=${statement.currency} /></${Card}>`}</${Loaded}>`;
}
