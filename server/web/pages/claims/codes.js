// codes.js - codes just made, which nobody can read again: to save as CSV and to print as labels, three
// by eight on A4

import { html, useState } from "../../dom.js";
import { QrCode } from "../../components/qr.js";
import { Button, Card } from "../../components/ui.js";
import { useUnsaved } from "../../components/unsaved.js";
import { number, timeExact } from "../../format.js";
import { t } from "../../text.js";

const A_PAGE = 24;
const TITLES = ["serial", "group", "code", "uri"];

const quoted = (text) => (/[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function save(items) {
  const lines = [TITLES, ...items.map((item) => TITLES.map((name) => quoted(item[name] ?? "")))];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${lines.map((line) => line.join(",")).join("\n")}\n`], { type: "text/csv" }));
  link.download = "codes.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function Label({ item, url }) {
  return html`<div class="label"><${QrCode} rows=${item.qr} class="" label=${t("claims.picture", { serial: item.serial })} />
    <span><b>${item.serial}</b><span>${t("claims.label")}</span><code>${item.code}</code><small>${url}</small></span></div>`;
}

function Sheet({ items, url }) {
  const pages = Array.from({ length: Math.ceil(items.length / A_PAGE) }, (_, i) => items.slice(i * A_PAGE, (i + 1) * A_PAGE));
  return html`<div class="label-sheet">${pages.map((page, i) => html`<div class="label-page" key=${i}>
    ${page.map((item) => html`<${Label} key=${item.id} item=${item} url=${url} />`)}</div>`)}</div>`;
}

export function Codes({ made, onClose }) {
  const [kept, setKept] = useState(false);
  // paper and file are the only places where these codes will stand
  useUnsaved(!kept);
  const keep = (how) => {
    how();
    setKept(true);
  };
  const { items } = made;
  return html`<${Card} title=${t("claims.codes", { n: items.length })} class="codes" actions=${html`
      <${Button} kind=${kept ? "" : "primary"} icon="download" onClick=${() => keep(() => save(items))}>${t("claims.save")}</${Button}>
      <${Button} kind=${kept ? "" : "primary"} icon="print" onClick=${() => keep(() => print())}>${t("claims.print")}</${Button}>
      <${Button} kind="quiet" disabled=${!kept} onClick=${onClose}>${t("claims.done")}</${Button}>`}>
    <p class="no-print">${t("claims.once")} ${t("claim.until", { time: timeExact(made.expires_at) })}${made.replaced > 0
      && html` ${t("claims.replaced", { n: made.replaced, told: number(made.replaced) })}`}</p>
    <p class="sub how no-print">${t("claims.print.how")}</p>
    <${Sheet} items=${items} url=${made.device_url} />
  </${Card}>`;
}
