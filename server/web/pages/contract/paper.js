// paper.js - a text to write in: numbered lines, those with mistakes marked, each mistake told below

import { html, useEffect, useRef } from "../../dom.js";
import { t } from "../../text.js";

// The text with its faulty parts in <mark>; faults: [{from, to}...] in any order.
function marked(text, faults) {
  const parts = [];
  let at = 0;
  for (const { from, to } of [...faults].sort((a, b) => a.from - b.from)) {
    if (from < at) continue;
    parts.push(text.slice(at, from), html`<mark>${text.slice(from, to)}</mark>`);
    at = to;
  }
  return [...parts, text.slice(at), "\n"];
}

// faults: [{line, from, to, field, message}...].
export function Paper({ label, value, faults, onInput }) {
  const area = useRef(null);
  const back = useRef(null);
  const numbers = useRef(null);
  const scrolled = () => {
    back.current.scrollTop = numbers.current.scrollTop = area.current.scrollTop;
    back.current.scrollLeft = area.current.scrollLeft;
  };
  useEffect(scrolled, [value]);

  const show = ({ from, to }) => {
    area.current.focus();
    area.current.setSelectionRange(from, to);
    const line = value.slice(0, from).split("\n").length;
    area.current.scrollTop = Math.max(0, (line - 6) * 18);
  };
  const wrong = new Set(faults.map(({ line }) => line));
  const count = value.split("\n").length;

  return html`<div class="paper ${faults.length ? "wrong" : ""}">
      <div class="paper-numbers" ref=${numbers} aria-hidden="true">${Array.from({ length: count }, (_, i) => html`<span key=${i}
        class=${wrong.has(i + 1) ? "wrong" : undefined}>${i + 1}</span>`)}</div>
      <div class="paper-sheet">
        <pre class="paper-back" ref=${back} aria-hidden="true">${marked(value, faults)}</pre>
        <textarea ref=${area} class="paper-text" aria-label=${label} aria-invalid=${faults.length > 0 ? "true" : undefined}
          aria-describedby="paper-faults" rows=${Math.min(34, Math.max(16, count + 1))} value=${value} spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off"
          onInput=${(event) => onInput(event.target.value)} onScroll=${scrolled}></textarea>
      </div>
    </div>
    <ol class="faults" id="paper-faults" aria-live="polite">${faults.map((fault, i) => html`<li key=${i}>
      <button type="button" class="button quiet" onClick=${() => show(fault)}>${t("paper.line", { n: fault.line })}</button>
      <span>${fault.field && html`<code>${fault.field}</code> `}<span class="tone-bad">${fault.message}</span></span></li>`)}</ol>`;
}
