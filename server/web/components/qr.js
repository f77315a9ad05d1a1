// qr.js - a QR code drawn from the rows of its modules, as the server gives them

import { html } from "../dom.js";

const BORDER = 4; // light modules that a reader wants around the code

// rows: texts of 0 and 1, from above; label: what it is, for who cannot see it.
export function QrCode({ rows, label, class: extra = "qr", size }) {
  const side = rows.length + 2 * BORDER;
  const dark = rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map(({ 0: run, index }) =>
    `M${index + BORDER} ${y + BORDER}h${run.length}v1h-${run.length}z`)).join("");
  return html`<svg class=${extra} viewBox=${`0 0 ${side} ${side}`} width=${size} height=${size} role="img" aria-label=${label}
      shape-rendering="crispEdges"><rect width=${side} height=${side} fill="#fff" /><path d=${dark} fill="#000" /></svg>`;
}
