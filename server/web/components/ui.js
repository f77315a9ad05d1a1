// ui.js - the small parts that every page is made of

import { html, useEffect, useRef, useState } from "../dom.js";
import { ago, money, moneyExact, NONE, number, timeExact } from "../format.js";
import { language, languages, speak, t, word } from "../text.js";
import { Icon } from "./icons.js";

// kind: "primary", "danger", "quiet" or none.
export function Button({ kind = "", icon, busy = false, children, disabled, ...rest }) {
  return html`<button type="button" class="button ${kind}" aria-busy=${busy}
      disabled=${disabled || busy} ...${rest}>
    ${icon && html`<${Icon} name=${icon} />`}<span>${children}</span>
  </button>`;
}

// A button that shows its icon alone; label is what it does.
export function IconButton({ icon, label, ...rest }) {
  return html`<button type="button" class="button quiet icon-only" aria-label=${label}
    title=${label} ...${rest}><${Icon} name=${icon} /></button>`;
}

// Further deeds behind one button. One that was chosen, Escape and a click elsewhere close it.
export function More({ label, children }) {
  const box = useRef(null);
  useEffect(() => {
    const shut = (event) => {
      if (event.key === "Escape" ? box.current.open : event.type === "click" && !box.current.querySelector("summary").contains(event.target)) {
        if (event.key && box.current.contains(document.activeElement)) box.current.querySelector("summary").focus();
        box.current.open = false;
      }
    };
    for (const kind of ["click", "keydown"]) document.addEventListener(kind, shut);
    return () => {
      for (const kind of ["click", "keydown"]) document.removeEventListener(kind, shut);
    };
  }, []);
  return html`<details class="more" ref=${box}><summary class="button"><span>${label}</span><${Icon} name="down" size=${12} /></summary>
    <div class="more-list">${children}</div></details>`;
}

const TONES = {
  online: "ok", offline: "idle", silent: "bad", behind: "warn", revoked: "bad", quarantined: "bad", retired: "idle",
  applied: "ok", unchanged: "ok", refused: "bad", unknown: "bad", needs_restart: "warn",
  waiting: "idle", sent: "warn", done: "ok", failed: "bad", expired: "idle",
  info: "info", warning: "warn", critical: "bad",
  answered: "ok", cut: "warn", error: "bad", lost: "bad", cancelled: "idle",
  open: "ok", forked: "bad", passed: "ok",
};

// A dot and its word: colour never speaks alone.
export function Status({ kind = "state", value, title }) {
  return html`<span class="status ${TONES[value] || "idle"}" title=${title}>
    <i class="dot" aria-hidden="true"></i>${word(kind, value)}</span>`;
}

// href: where it leads.
export function Chip({ tone = "", title, href, children }) {
  if (href) return html`<a class="chip ${tone}" title=${title} href=${href}>${children}</a>`;
  return html`<span class="chip ${tone}" title=${title}>${children}</span>`;
}

// One clock redraws every relative time on the page.
const watchers = new Set();
setInterval(() => document.hidden || watchers.forEach((fn) => fn()), 5000);

export function useTick() {
  const [, redraw] = useState(0);
  useEffect(() => {
    const fn = () => redraw((n) => n + 1);
    watchers.add(fn);
    return () => watchers.delete(fn);
  }, []);
}

export function Ago({ at, none = NONE }) {
  useTick();
  if (!at) return html`<span class="muted">${none}</span>`;
  return html`<time datetime=${new Date(at).toISOString()} title=${timeExact(at)}>${ago(at)}</time>`;
}

export function Money({ value, currency, digits }) {
  if (value === null || value === undefined || !currency) return NONE;
  return html`<span title=${moneyExact(value, currency)}>${money(value, currency, digits)}</span>`;
}

// A value that lights up for a moment when it changes under the reader's eyes.
export function Changing({ value, children }) {
  const seen = useRef({ value, changes: 0 });
  if (seen.current.value !== value) seen.current = { value, changes: seen.current.changes + 1 };
  const { changes } = seen.current;
  return html`<span key=${changes} class=${changes > 0 ? "changed" : undefined}>${children ?? number(value)}</span>`;
}

// Facts: [[label, value]...] as a definition list; flow: side by side instead of in rows.
export function Facts({ items, flow = false }) {
  return html`<dl class="facts ${flow ? "flow" : ""}">${items.filter(Boolean).map(([label, value]) => html`
    <div key=${label}><dt>${label}</dt><dd>${value === "" || value == null ? NONE : value}</dd></div>`)}
  </dl>`;
}

export function Card({ title, actions, children, class: extra = "", flush = false, id }) {
  return html`<section class="card ${extra} ${flush ? "flush" : ""}" aria-label=${title} id=${id}>
    ${title && html`<header><h2>${title}</h2>${actions && html`<div class="row">${actions}</div>`}</header>`}
    ${children}
  </section>`;
}

// One of several, all visible. options: [[value, text]...]
export function Segmented({ label, value, options, onChange }) {
  return html`<div class="segmented" role="group" aria-label=${label}>
    ${options.map(([option, text]) => html`<button type="button" key=${option}
      aria-pressed=${option === value} onClick=${() => onChange(option)}>${text}</button>`)}
  </div>`;
}

export function Copy({ text, label = t("copy") }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return html`<${Button} kind="quiet" icon=${done ? "check" : "copy"} onClick=${copy}>
    ${done ? t("copied") : label}</${Button}>`;
}

// The languages by their own names; the page comes anew in the one that is chosen.
export function LanguageSwitch() {
  return html`<div class="segmented languages" role="group" aria-label=${t("language")}>
    ${languages.map(([tag, name]) => html`<button type="button" key=${tag} lang=${tag} aria-pressed=${tag === language}
      onClick=${() => tag !== language && speak(tag)}>${name}</button>`)}
  </div>`;
}
