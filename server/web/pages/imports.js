// imports.js - a vendor's own usage file settles what robots could only estimate

import { html, useState } from "../dom.js";
import { upload, useList } from "../api.js";
import { Dialog, FormDialog } from "../components/dialog.js";
import { Field, SelectField } from "../components/field.js";
import { ListTable } from "../components/table.js";
import { Ago, Button, Card, Facts } from "../components/ui.js";
import { number } from "../format.js";
import { tell } from "../said.js";
import { may } from "../session.js";
import { t } from "../text.js";

const COUNTS = ["rows", "equal", "settled", "different", "unknown"];

function Report({ report, onClose }) {
  return html`<${Dialog} title=${t("import.done")} onClose=${onClose}>
    <${Facts} items=${COUNTS.map((name) => [t(`import.${name}`), number(report[name])])} />
    ${report.examples?.length > 0 && html`<pre class="code wrap" tabindex="0">${report.examples
      .map(({ request_id, problem }) => `${request_id}  ${tell(problem)}`).join("\n")}</pre>`}
    <footer class="row end"><${Button} kind="primary" onClick=${onClose}>${t("close")}</${Button}></footer>
  </${Dialog}>`;
}

function ImportDialog({ onClose }) {
  const vendors = useList("/vendors").items || [];
  const [chosen, setVendor] = useState("");
  const [file, setFile] = useState(null);
  const [report, setReport] = useState(null);
  const vendor = chosen || vendors[0]?.id;

  const submit = async () => {
    setReport((await upload(`/vendors/${vendor}/usage-imports`, file, "application/jsonl")).data);
    return false;
  };
  if (report) return html`<${Report} report=${report} onClose=${onClose} />`;
  return html`<${FormDialog} title=${t("import")} action=${t("import.do")} submit=${submit} onClose=${onClose}
      ready=${Boolean(vendor && file)}>${(problem) => html`
    <p class="muted">${t("import.lead")}</p>
    <${SelectField} label=${t("vendor")} value=${vendor} onInput=${setVendor} options=${vendors.map(({ id }) => [id, id])} />
    <${Field} label=${t("import.file")} hint=${t("import.file.hint")} error=${problem?.errors[0]?.detail}>${(attributes) => html`
      <input type="file" class="input" accept=".jsonl,.ndjson,.json,.txt" ...${attributes}
        onChange=${(event) => setFile(event.target.files[0] || null)} />`}</${Field}>`}
  </${FormDialog}>`;
}

const COLUMNS = [
  { key: "at", title: t("when"), lead: true, width: "120px", cell: (row) => html`<${Ago} at=${row.created_at} />` },
  { key: "vendor", title: t("vendor"), cell: (row) => row.vendor },
  { key: "by", title: t("created_by"), from: "desk", cell: (row) => row.created_by },
  ...COUNTS.map((name) => ({ key: name, title: t(`import.${name}`), end: true, cell: (row) => number(row[name]) })),
];

export function Imports() {
  const list = useList("/usage-imports", { kinds: ["usage"], gap_ms: 10000, limit: 10 });
  const [open, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
    list.reload();
  };
  const action = may("operator") && html`<${Button} onClick=${() => setOpen(true)}>${t("import")}</${Button}>`;
  return html`<${Card} title=${t("imports")} flush actions=${action}>
    <${ListTable} list=${list} columns=${COLUMNS} label=${t("imports")} skeleton=${1}
      empty=${html`<p class="muted pad">${t("imports.none")}</p>`} />
    ${open && html`<${ImportDialog} onClose=${close} />`}</${Card}>`;
}
