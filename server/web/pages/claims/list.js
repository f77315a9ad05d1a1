// list.js - a factory's list of serial numbers goes in; what is wrong with it is told line by line

import { html, useState } from "../../dom.js";
import { upload } from "../../api.js";
import { FormDialog } from "../../components/dialog.js";
import { Field, SelectField } from "../../components/field.js";
import { NONE, number } from "../../format.js";
import { t } from "../../text.js";

const DAY_S = 86400;
const LIVES = [1, 30, 90, 365].map((n) => [String(n * DAY_S), t("days", { n })]);

// What is wrong, line by line; it is shown, so that nothing repeats it below.
function faultsOf(problem) {
  return (problem?.errors ?? []).flatMap((error) => {
    const [, line] = /^#?\/(\d+)$/.exec(error.pointer) ?? [];
    if (!line) return [];
    error.shown = true;
    return [{ line: Number(line), detail: error.detail }];
  });
}

function Faults({ faults, lines }) {
  if (faults.length === 0) return null;
  return html`<div role="alert"><p class="error">${t("claims.faults", { n: faults.length })}</p>
    <table class="table line-faults" aria-label=${t("claims.faults.label")}>
      <thead><tr><th scope="col" class="end">${t("claims.line")}</th><th scope="col">${t("claims.says")}</th><th scope="col">${t("claims.wrong")}</th></tr></thead>
      <tbody>${faults.map(({ line, detail }, i) => html`<tr key=${i}><td class="end" data-label=${t("claims.line")}>${number(line)}</td>
        <td data-label=${t("claims.says")}><code>${lines[line - 1] || NONE}</code></td><td class="why-not" data-label=${t("claims.wrong")}>${detail}</td></tr>`)}</tbody>
    </table></div>`;
}

export function ListDialog({ groups, onMade, onClose }) {
  const [file, setFile] = useState(null);
  const [lines, setLines] = useState([]);
  const [group, setGroup] = useState("");
  const [life, setLife] = useState(LIVES[1][0]);
  const [replace, setReplace] = useState(false);

  const choose = async (event) => {
    const [chosen] = event.target.files;
    setFile(chosen ?? null);
    setLines(chosen ? (await chosen.text()).split(/\r\n|\n|\r/) : []);
  };
  const submit = async () => {
    const { data } = await upload("/claims/import", file, "text/csv", { qr: true, group, expires_in_s: life, ...(replace && { replace }) });
    onMade(data);
  };
  const rows = lines.filter((line) => line.trim() !== "").length - 1;
  return html`<${FormDialog} wide title=${t("claims.list")} action=${t("claims.list.do")} submit=${submit} ready=${file !== null} onClose=${onClose}>${(problem) => html`
    <p class="muted">${t("claims.list.lead")}</p>
    <${Field} label=${t("claims.file")} hint=${rows > 0 ? t("claims.file.rows", { n: rows }) : t("claims.file.hint")}>${(attributes) => html`
      <input type="file" class="input" accept=".csv,.txt,text/csv" ...${attributes} onChange=${choose} />`}</${Field}>
    <${Faults} faults=${faultsOf(problem)} lines=${lines} />
    <div class="pair"><${SelectField} label=${t("group")} hint=${t("claims.group.hint")} value=${group} onInput=${setGroup} error=${problem?.at("/group")}
        options=${[["", t("none")], ...groups.map(({ id }) => [id, id])]} />
      <${SelectField} label=${t("claim.life")} value=${life} onInput=${setLife} error=${problem?.at("/expires_in_s")} options=${LIVES} /></div>
    <label class="tick"><input type="checkbox" checked=${replace} onChange=${(event) => setReplace(event.target.checked)} /> ${t("claims.replace")}</label>`}
  </${FormDialog}>`;
}
