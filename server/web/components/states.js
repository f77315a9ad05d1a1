// states.js - what a part of a page shows when it has nothing, failed, or may not

import { html } from "../dom.js";
import { timeOfDay } from "../format.js";
import { t } from "../text.js";
import { Icon } from "./icons.js";
import { Button } from "./ui.js";

export function Empty({ icon = "search", title, children }) {
  return html`<div class="empty"><${Icon} name=${icon} size=${28} />
    <p class="strong">${title}</p>${children && html`<div>${children}</div>`}</div>`;
}

const FORMS = {
  0: ["warn", "failure.unreachable"],
  403: ["access", "failure.forbidden"],
  404: ["search", "failure.missing"],
};

export function Failure({ problem, retry }) {
  const [icon, key] = FORMS[problem.status] || ["warn", "failure.other"];
  return html`<div class="empty" role="alert"><${Icon} name=${icon} size=${28} />
    <p class="strong">${t(key)}</p>
    <p class="muted">${problem.message}</p>
    ${retry && problem.status !== 403 && html`<${Button} onClick=${retry}>${t("retry")}</${Button}>`}
  </div>`;
}

// Bars of the height of text lines, so that nothing moves when the words come.
export function Skeleton({ lines = 4 }) {
  return html`<div class="skeleton" aria-busy="true" aria-label=${t("loading")} role="status">
    ${Array.from({ length: lines }, (_, i) => html`<i key=${i}></i>`)}</div>`;
}

// What was read stays on the screen when a newer reading fails; this says so.
export function Stale({ state }) {
  if (!state.error || !state.data) return null;
  return html`<div class="strip warn" role="status"><${Icon} name="warn" />
    <span>${t("stale.data", { time: timeOfDay(state.at), reason: state.error.message })}</span>
    <${Button} kind="quiet" onClick=${state.reload}>${t("retry")}</${Button}></div>`;
}

// Of a part that shows nothing until it is read, or a list to choose from: that it could not be read. Who may
// not read it is shown nothing.
export function Missed({ state, what }) {
  if (!state.error || state.data !== null || state.error.status === 403) return null;
  return html`<div class="strip warn" role="alert"><${Icon} name="warn" />
    <span>${t("missed", { what, reason: state.error.message })}</span>
    <${Button} kind="quiet" onClick=${state.reload}>${t("retry")}</${Button}></div>`;
}

// children(data) once there is data; else the loading or failure form. state: from useLoad.
export function Loaded({ state, lines, children }) {
  if (state.data === null) {
    if (state.error) return html`<${Failure} problem=${state.error} retry=${state.reload} />`;
    return html`<${Skeleton} lines=${lines} />`;
  }
  return html`<${Stale} state=${state} />${children(state.data)}`;
}
