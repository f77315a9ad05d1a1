// changes.js - a value of the API as flat names, and what differs between two of them

import { html } from "../dom.js";
import { t } from "../text.js";

// {a: {b: 1}} as {"a.b": "1"}; lists stay whole.
export function flat(value, path = "", out = {}) {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    for (const [name, part] of Object.entries(value)) flat(part, path ? `${path}.${name}` : name, out);
  } else if (value !== undefined) out[path || t("value")] = JSON.stringify(value);
  return out;
}

// What differs between the two, one line each.
export function Change({ before, after, open = false }) {
  const [old, now] = [flat(before ?? undefined), flat(after ?? undefined)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((name) => old[name] !== now[name]);
  if (names.length === 0) return html`<span class="muted">\u2013</span>`;
  return html`<details open=${open}><summary>${t("audit.changes", { n: names.length })}</summary>
    <ul class="changes">${names.map((name) => html`<li key=${name}><code>${name}</code>
      ${old[name] !== undefined && html`<del><span class="unseen">${t("audit.before")} </span>${old[name]}</del>`}
      ${now[name] !== undefined && html`<ins><span class="unseen">${t("audit.after")} </span>${now[name]}</ins>`}</li>`)}</ul></details>`;
}
