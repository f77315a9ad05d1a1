// table.js - a table whose columns are data
//
// A column is {key, title, cell(row), end, width, from, lead, corner, whole}. end: numbers, at the right edge;
// width: a CSS width, so that live changes move nothing; from: "mid", "desk" or "wide", the narrowest screen
// that shows it. On a phone each row becomes a block of labelled values, its lead at the top, its corner
// beside that, two others to a line; a whole one, which is words, has a line to itself.

import { html } from "../dom.js";
import { navigate } from "../router.js";
import { t } from "../text.js";
import { Empty, Failure, Stale } from "./states.js";
import { Button } from "./ui.js";

function classes(column) {
  return [column.end && "end", column.from && `from-${column.from}`, column.lead && "lead", column.corner && "corner", column.whole && "whole"]
    .filter(Boolean).join(" ") || undefined;
}

function Cell({ column, row }) {
  return html`<td role="cell" class=${classes(column)} data-label=${column.title}>${column.cell(row)}</td>`;
}

function SkeletonRows({ columns, count }) {
  return Array.from({ length: count }, (_, i) => html`<tr role="row" key=${i} class="skeleton-row">
    ${columns.map((column) => html`<td role="cell" key=${column.key} class=${classes(column)}><i></i></td>`)}
  </tr>`);
}

// A click anywhere in a row opens what its link names; keyboards and screen readers have the link.
function opener(href) {
  return (event) => {
    if (event.target.closest("a, button, input, summary") || getSelection().toString()) return;
    navigate(href);
    scrollTo(0, 0);
  };
}

// row: null while it is read; place: its number in a longer list, from 0.
export function Row({ columns, row, href, place }) {
  const index = place === undefined ? undefined : place + 2; // the head is the first
  if (!row) return html`<tr role="row" class="skeleton-row" aria-rowindex=${index}>
    ${columns.map((column) => html`<td role="cell" key=${column.key} class=${classes(column)}><i></i></td>`)}</tr>`;
  return html`<tr role="row" class=${href && "opens"} onClick=${href && opener(href)} aria-rowindex=${index}>
    ${columns.map((column) => html`<${Cell} key=${column.key} column=${column} row=${row} />`)}</tr>`;
}

// rows: null while loading, a list, or what draws them; rowHref(row): the page that a row opens, if any;
// count: of all rows, where not all are drawn.
export function Table({ label, columns, rows, rowKey = (row) => row.id, rowHref, skeleton = 6, count }) {
  return html`<table role="table" class="table" aria-label=${label} aria-busy=${rows === null}
      aria-rowcount=${count > 0 ? count + 1 : count}>
    <colgroup>${columns.map((column) => html`<col key=${column.key} class=${classes(column)}
      style=${{ width: column.width || "auto" }} />`)}</colgroup>
    <thead role="rowgroup"><tr role="row">${columns.map((column) => html`
      <th role="columnheader" scope="col" key=${column.key} class=${classes(column)}>
        ${column.title || html`<span class="unseen">${t("actions")}</span>`}</th>`)}</tr></thead>
    <tbody role="rowgroup">${rows === null
      ? html`<${SkeletonRows} columns=${columns} count=${skeleton} />`
      : !Array.isArray(rows) ? rows : rows.map((row) => html`<${Row} key=${rowKey(row)} row=${row} columns=${columns} href=${rowHref?.(row)} />`)}</tbody>
  </table>`;
}

// A table over a list from useList, with its empty, failed, stale and "more" forms. foot: what else there is
// to say of how much is shown.
export function ListTable({ list, empty, noun, foot, ...table }) {
  if (list.items === null && list.error) {
    return html`<${Failure} problem=${list.error} retry=${list.reload} />`;
  }
  if (list.items?.length === 0 && list.next === null) {
    return html`<${Stale} state=${list} />${empty || html`<${Empty} title=${t("list.empty")} />`}`;
  }
  return html`<${Stale} state=${list} />
    <${Table} ...${table} rows=${list.items} />
    ${list.items && (noun || foot || list.next !== null) && html`<footer class="table-foot">
      <span class="muted" aria-live="polite">${t(noun || "list.shown", { n: list.items.length })}${foot && ` \u00b7 ${foot}`}</span>
      ${list.next !== null && html`<${Button} busy=${list.busy} onClick=${list.more}>${t("more")}</${Button}>`}
    </footer>`}`;
}
