// statements.js - a contract's months: which are open, which are locked, by whom, and the way to lock the next

import { html, useEffect, useState } from "../../dom.js";
import { post, request, useLoad, useResource } from "../../api.js";
import { Allocation } from "../../components/allocation.js";
import { FormDialog } from "../../components/dialog.js";
import { SelectField, TextField } from "../../components/field.js";
import { Empty, Failure, Loaded, Skeleton } from "../../components/states.js";
import { Table } from "../../components/table.js";
import { toast } from "../../components/toast.js";
import { Ago, Button, Card, Chip, Facts } from "../../components/ui.js";
import { dayIn, money, monthOf, number } from "../../format.js";
import { may } from "../../session.js";
import { t, word } from "../../text.js";

const RULES = ["devices", "usage", "even"];
const TONES = { running: "", grace: "", ready: "warn", waiting: "" };
const TYPING_MS = 400;

export const monthName = (month) => monthOf(`${month}-01T00:00:00Z`);

// Locked months have no state of their own: somebody locked them.
function State({ row, zone }) {
  if (row.locked_at) return html`<${Chip} tone="ok">${t("statement.locked")}</${Chip}>
    <span class="sub">${row.locked_by.replace(/^operator:/, "")}, <${Ago} at=${row.locked_at} /></span>`;
  return html`<${Chip} tone=${TONES[row.state]}>${word("statement", row.state)}</${Chip}>
    ${row.state !== "ready" && html`<span class="sub">${t("statement.from", { day: dayIn(row.locks_from, zone) })}</span>`}`;
}

const pageOf = (contract, { month }) => `/contracts/${contract.id}/statements/${month}`;

const columns = ({ contract, currency, lock }) => [
  { key: "month", title: t("statement.month"), lead: true, width: "24%", cell: (row) => (row.locked_at
    ? html`<a class="row-link" href=${pageOf(contract, row)}>${monthName(row.month)}</a>` : html`<b>${monthName(row.month)}</b>`) },
  { key: "state", title: t("alert.state"), cell: (row) => html`<${State} row=${row} zone=${contract.zone} />` },
  { key: "corrections", title: t("statement.corrections"), end: true, from: "mid", cell: (row) => (row.locked_at ? number(row.corrections) : "") },
  { key: "total", title: t("bill.amount"), end: true, cell: (row) => html`${money(row.total, currency)}${
    !row.locked_at && html`<span class="sub">${t("statement.so_far")}</span>`}` },
  { key: "acts", title: "", end: true, width: "110px", cell: (row) => lock && row.state === "ready"
    && html`<${Button} onClick=${() => lock(row.month)}>${t("statement.lock")}</${Button}>` },
];

// The order as it is asked for: what is typed settles first.
function useSettled(form) {
  const [settled, setSettled] = useState(form);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(form), TYPING_MS);
    return () => clearTimeout(timer);
  }, [form]);
  return settled;
}

const orderOf = (month, { fees_by, groups }) => {
  const names = groups.split(/[\s,\uff0c]+/).filter(Boolean);
  return { month, fees_by, ...(names.length > 0 && { groups: names }) };
};

// What would stand in it, as the server makes it without locking anything.
function Draft({ state }) {
  if (!state.data) return state.error && !state.error.errors.length ? html`<${Failure} problem=${state.error} />` : html`<${Skeleton} lines=${3} />`;
  const { lines, corrections, total, currency, allocation } = state.data;
  return html`<${Facts} flow items=${[[t("bill.total"), html`<b>${money(total, currency)}</b>`], [t("statement.lines"), number(lines.length)],
    [t("statement.corrections"), number(corrections.length)]]} />
    <${Allocation} allocation=${allocation} currency=${currency} />`;
}

function LockDialog({ contract, month, onClose }) {
  const [form, setForm] = useState({ fees_by: "devices", groups: "", typed: "" });
  const asked = useSettled(`${form.fees_by} ${form.groups}`);
  const path = `/contracts/${contract.id}/statements`;
  const draft = useLoad(async () => (await request("POST", path, { body: { ...orderOf(month, form), dry_run: true }, once: false })).data, { deps: [asked] });
  const field = (name) => ({ value: form[name], onInput: (value) => setForm((old) => ({ ...old, [name]: value })), autocomplete: "off" });
  const lock = async () => {
    await post(path, orderOf(month, form));
    toast(t("statement.is_locked", { month: monthName(month) }));
  };
  return html`<${FormDialog} wide title=${t("statement.lock.title", { month: monthName(month) })} action=${t("statement.lock")} submit=${lock} onClose=${onClose}
      ready=${form.typed === month && draft.data !== null && !draft.error && !draft.busy}>${(problem) => html`
    <p>${t("statement.lock.means")}</p>
    <div class="pair"><${SelectField} label=${t("statement.fees_by")} hint=${t("statement.fees_by.hint")} options=${RULES.map((rule) => [rule, word("fees_by", rule)])} ...${field("fees_by")} />
      <${TextField} label=${t("statement.groups")} hint=${t("statement.groups.hint")} spellcheck="false" error=${(problem ?? draft.error)?.at("/groups")} ...${field("groups")} /></div>
    <${Draft} state=${draft} />
    <${TextField} label=${t("confirm.type", { phrase: month })} spellcheck="false" ...${field("typed")} />`}
  </${FormDialog}>`;
}

const isNothing = (amount) => amount === null || Number(amount) === 0;

export function Statements({ contract }) {
  const [locking, setLocking] = useState(null);
  const state = useResource(`/contracts/${contract.id}/statements`, { kinds: ["usage", "contract"], gap_ms: 10000 });
  const lock = may("operator", "contracts") && setLocking;
  return html`<${Card} title=${t("statements")} flush>
    <${Loaded} state=${state} lines=${3}>${({ open, items, changed, currency }) => (open.length + items.length === 0
      ? html`<${Empty} icon="contracts" title=${t("statements.none")} />`
      : html`<${Table} label=${t("statements")} columns=${columns({ contract, currency, lock })} rows=${[...open.toReversed(), ...items]} rowKey=${({ month }) => month}
          rowHref=${(row) => row.locked_at && pageOf(contract, row)} />
        ${!isNothing(changed) && html`<footer class="table-foot"><span>${t("statements.changed", { amount: money(changed, currency) })}</span></footer>`}`)}</${Loaded}></${Card}>
    ${locking && html`<${LockDialog} contract=${contract} month=${locking} onClose=${() => { setLocking(null); state.reload(); }} />`}`;
}
