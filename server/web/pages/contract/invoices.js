// invoices.js - what a contract's vendor asked for, checked against what robots recorded

import { html, useState } from "../../dom.js";
import { upload, useList } from "../../api.js";
import { FormDialog } from "../../components/dialog.js";
import { Field, SelectField, TextField } from "../../components/field.js";
import { Empty } from "../../components/states.js";
import { ListTable } from "../../components/table.js";
import { Ago, Button, Card, IconButton, Segmented } from "../../components/ui.js";
import { number } from "../../format.js";
import { navigate } from "../../router.js";
import { may } from "../../session.js";
import { t, word } from "../../text.js";

// What a vendor's invoice may ask for by day and model.
const METRICS = ["requests", "input", "input_cached", "output_all", "reasoning", "audio_in_ms", "audio_out_chars", "images", "video_ms", "amount"];

const TYPED = { day: "", model: "", metric: "requests", quantity: "" };

// Rows as the API takes them: by class and quantity; what is no class has a member of its own.
const MEMBERS = { amount: "amount", output_all: "output" };
const rowOf = ({ day, model, metric, quantity }) => ({ day, model, ...(MEMBERS[metric] ? { [MEMBERS[metric]]: quantity } : { class: metric, quantity }) });

const isWhole = ({ day, quantity }) => day !== "" && quantity !== "";

function TypedRow({ row, nth, problem, onChange, onDrop }) {
  const field = (name) => ({ value: row[name], onInput: (value) => onChange({ ...row, [name]: value }), autocomplete: "off" });
  return html`<fieldset class="typed-row"><legend class="unseen">${t("invoice.row", { n: nth })}</legend>
    <${TextField} label=${t("invoice.day")} type="date" ...${field("day")} />
    <${TextField} label=${t("model")} placeholder=${t("invoice.any_model")} spellcheck="false" ...${field("model")} />
    <${SelectField} label=${t("charge.metric")} options=${METRICS.map((metric) => [metric, word("metric", metric)])} ...${field("metric")} />
    <${TextField} label=${t("bill.quantity")} inputmode="decimal" error=${problem?.at(`/${nth}`)} ...${field("quantity")} />
    ${onDrop && html`<${IconButton} icon="trash" label=${t("invoice.drop", { n: nth })} onClick=${onDrop} />`}</fieldset>`;
}

function Typed({ rows, problem, onChange }) {
  return html`${rows.map((row, i) => html`<${TypedRow} key=${i} row=${row} nth=${i + 1} problem=${problem} onChange=${(next) => onChange(rows.with(i, next))}
      onDrop=${rows.length > 1 && (() => onChange(rows.toSpliced(i, 1)))} />`)}
    <${Button} kind="quiet" icon="plus" onClick=${() => onChange([...rows, { ...rows.at(-1), quantity: "" }])}>${t("invoice.add_row")}</${Button}>`;
}

// What is wrong with a file, and in which line.
function complaintOf(problem) {
  const [, line] = /^\/(\d+)/.exec(problem?.errors[0]?.pointer ?? "") ?? [];
  return line && `${t("invoice.line", { n: line })}: ${problem.at(`/${line}`)}`;
}

function FileField({ problem, onFile }) {
  return html`<${Field} label=${t("invoice.file")} hint=${t("invoice.file.hint")} error=${complaintOf(problem)}>${(attributes) => html`
    <input type="file" class="input" accept=".csv,.json,.jsonl,.ndjson,.txt" ...${attributes} onChange=${(event) => onFile(event.target.files[0] || null)} />`}</${Field}>`;
}

const textOf = (row) => JSON.stringify(row);

function CheckDialog({ contract, onClose }) {
  const [how, setHow] = useState("file");
  const [file, setFile] = useState(null);
  const [rows, setRows] = useState([TYPED]);
  const [tolerance, setTolerance] = useState("0");
  const submit = async () => {
    const body = how === "file" ? file : new Blob([rows.map(rowOf).map(textOf).join("\n")]);
    const { data } = await upload(`/vendors/${contract.vendor}/invoices`, body, "application/octet-stream", { tolerance, zone: contract.zone });
    navigate(`/invoices/${data.id}`);
  };
  return html`<${FormDialog} wide title=${t("invoice.check.title", { vendor: contract.vendor })} action=${t("invoice.check")} submit=${submit} onClose=${onClose}
      ready=${how === "file" ? file !== null : rows.every(isWhole)}>${(problem) => html`
    <p class="muted">${t("invoice.lead", { zone: contract.zone })}</p>
    <${Segmented} label=${t("invoice.how")} value=${how} onChange=${setHow} options=${[["file", t("invoice.by_file")], ["typed", t("invoice.by_hand")]]} />
    ${how === "file" ? html`<${FileField} problem=${problem} onFile=${setFile} />` : html`<${Typed} rows=${rows} problem=${problem} onChange=${setRows} />`}
    <${TextField} label=${t("invoice.tolerance")} hint=${t("invoice.tolerance.hint")} inputmode="decimal" value=${tolerance} error=${problem?.at("?tolerance")} onInput=${setTolerance} autocomplete="off" />`}
  </${FormDialog}>`;
}

// Both ends inclusive; of a file without days none.
export const daysText = ({ first_day: first, last_day: last }) => (!first ? t("invoice.undated") : first === last ? first : `${first} \u2013 ${last}`);

const COLUMNS = [
  { key: "days", title: t("invoice.days"), lead: true, cell: (row) => html`<a class="row-link" href=${`/invoices/${row.id}`}>${daysText(row)}</a>` },
  { key: "compared", title: t("invoice.compared"), end: true, from: "mid", cell: (row) => number(row.compared) },
  { key: "matched", title: t("invoice.equal"), end: true, cell: (row) => number(row.matched) },
  { key: "different", title: t("invoice.different"), end: true, cell: (row) => html`${row.different > 0 ? html`<a class="tone-warn" href=${`/invoices/${row.id}?kind=different#differences`}>${number(row.different)}</a>` : number(0)}` },
  { key: "unknown", title: t("invoice.unknown"), end: true, cell: (row) => html`${row.unknown > 0 ? html`<a class="tone-bad" href=${`/invoices/${row.id}?kind=unknown#differences`}>${number(row.unknown)}</a>` : number(0)}` },
  { key: "made", title: t("invoice.checked"), end: true, cell: (row) => html`${row.created_by.replace(/^operator:/, "")}, <${Ago} at=${row.created_at} />` },
];

export function Invoices({ contract }) {
  const [checking, setChecking] = useState(false);
  const list = useList("/invoices", { query: { vendor: contract.vendor }, kinds: ["usage"], gap_ms: 10000, limit: 10 });
  const title = t("invoices", { vendor: contract.vendor });
  const act = may("operator", "vendors") && html`<${Button} onClick=${() => setChecking(true)}>${t("invoice.check")}</${Button}>`;
  return html`<${Card} title=${title} actions=${act} flush>
    <${ListTable} list=${list} columns=${COLUMNS} label=${title} skeleton=${2} rowHref=${({ id }) => `/invoices/${id}`}
      empty=${html`<${Empty} icon="contracts" title=${t("invoices.none")}><p class="muted">${t("invoices.none.how")}</p></${Empty}>`} /></${Card}>
    ${checking && html`<${CheckDialog} contract=${contract} onClose=${() => setChecking(false)} />`}`;
}
