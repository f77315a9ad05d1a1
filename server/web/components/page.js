// page.js - a page's head: its name, how fresh it is, what can be done here

import { html, useEffect, useRef } from "../dom.js";
import { timeExact, timeOfDay } from "../format.js";
import { useLive } from "../live.js";
import { t } from "../text.js";
import { Icon } from "./icons.js";

function LiveChip() {
  const { state, since } = useLive();
  return html`<span class="live ${state}" role="status">
    <i class="dot" aria-hidden="true"></i>
    ${t(`live.${state}`, { time: timeOfDay(since) })}</span>`;
}

// crumbs: [[text, href]...]; at: when the shown facts were true. Moves the focus to the title when
// the page opens, so that keyboard and screen reader start there.
export function PageHead({ title, crumbs = [], at, lead, children }) {
  const heading = useRef(null);
  useEffect(() => {
    document.title = `${title} \u00b7 ${t("product")}`;
  }, [title]);
  useEffect(() => heading.current.focus({ preventScroll: true }), []);
  return html`<header class="page-head">
    <div>
      ${crumbs.length > 0 && html`<nav class="crumbs" aria-label=${t("crumbs")}>
        ${crumbs.map(([text, href]) => html`<a key=${href} href=${href}>${text}</a><${Icon} name="next" size=${10} />`)}
      </nav>`}
      <h1 tabindex="-1" ref=${heading}>${title}</h1>
      ${lead && html`<div class="lead-line">${lead}</div>`}
    </div>
    <div class="page-side">
      <div class="fresh"><${LiveChip} />
        ${at && html`<span class="muted" title=${timeExact(at)}>${t("as_of", { time: timeOfDay(at) })}</span>`}
      </div>
      ${children && html`<div class="row">${children}</div>`}
    </div>
  </header>`;
}
